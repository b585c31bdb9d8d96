//! What the tasks of a family gain together.

use super::task::{Gain, Gains};
use crate::comparison::bootstrap;
use crate::statistics::{Aggregate, Estimate, Pair, Pairs, Scores, holm, sign_test_p};

/// The row of a variant and a family, or all of its tasks.
#[derive(Clone, Debug)]
pub struct Row {
    /// The variant, in words.
    pub label: String,
    /// The family; none of all tasks.
    pub family: Option<&'static str>,
    /// How many tasks.
    pub tasks: usize,
    /// The mean of their gains.
    pub gain: Option<Estimate>,
    /// How likely a seed of the largest is better than one of the smallest, on a task drawn by chance.
    pub improvement: Option<Estimate>,
    /// Tasks that gain.
    pub ups: usize,
    /// Tasks that lose.
    pub downs: usize,
    /// How likely so unequal a number of these would be by chance.
    pub p: Option<f64>,
    /// That, corrected over all rows.
    pub corrected: Option<f64>,
    /// The smallest and the largest value, where all tasks have the same.
    ends: Option<[String; 2]>,
}

impl Row {
    /// Whether it is of all tasks.
    pub fn is_all(&self) -> bool {
        self.family.is_none()
    }

    /// What it says.
    pub fn sentence(&self, key: &str) -> String {
        let Self { label, tasks, ups, downs, .. } = self;
        let ends = match &self.ends {
            Some([small, large]) => format!("From {small} to {large} of {key}"),
            None => format!("From the smallest to the largest {key}"),
        };
        let gain = self.gain.as_ref().map_or_else(
            || "–".to_owned(),
            |Estimate { value, interval }| match interval {
                Some(it) => format!("{value:+.3} [{:+.3}, {:+.3}]", it.low, it.high),
                None => format!("{value:+.3}"),
            },
        );
        let p = |p: Option<f64>| p.map_or_else(|| "–".to_owned(), |p| format!("{p:.3}"));
        let count = if *tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") };
        format!(
            "{ends}, {label} gains {gain} of the normalised score over {count}: {ups} rise, {downs} fall (sign test p {}, by \
             Holm {}).",
            p(self.p),
            p(self.corrected)
        )
    }
}

/// A row for all tasks of each variant, before it one for each family where `families` are asked for.
pub fn rows(all: &[Gains], families: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for gains in all {
        let mut names: Vec<&'static str> = Vec::new();
        for gain in gains.tasks.iter().filter(|_| families) {
            if !names.contains(&gain.family) {
                names.push(gain.family);
            }
        }
        for name in names {
            let own = gains.tasks.iter().filter(|gain| gain.family == name);
            rows.push(row(&gains.label, Some(name), &own.collect::<Vec<_>>()));
        }
        rows.push(row(&gains.label, None, &gains.tasks.iter().collect::<Vec<_>>()));
    }
    let p: Vec<f64> = rows.iter().filter_map(|row| row.p).collect();
    let mut corrected = holm(&p).into_iter();
    for row in rows.iter_mut().filter(|row| row.p.is_some()) {
        row.corrected = corrected.next();
    }
    rows
}

fn row(label: &str, family: Option<&'static str>, tasks: &[&Gain]) -> Row {
    let scores =
        |of: usize| Scores::new(tasks.iter().map(|gain| gain.extremes()[of].clone()).collect());
    let (large, small) = (scores(0), scores(1));
    let bootstrap = bootstrap(&format!("gain of {label} on {}", family.unwrap_or("all")));
    let pairs: Vec<Vec<Pair>> = tasks.iter().map(|gain| gain.pairs.clone()).collect();
    let gain = match pairs.iter().any(Vec::is_empty) {
        true => bootstrap.difference(Aggregate::Mean, &large, &small),
        false => bootstrap.paired_difference(Aggregate::Mean, &Pairs::new(pairs)),
    };
    let count = |is: fn(f64) -> bool| tasks.iter().filter(|gain| is(gain.gain.value)).count();
    let (ups, downs) = (count(|gain| gain > 0.0), count(|gain| gain < 0.0));
    let ends = tasks.first().map(|gain| gain.ends.clone());
    Row {
        label: label.to_owned(),
        family,
        tasks: tasks.len(),
        gain,
        improvement: bootstrap.improvement(&large, &small),
        ups,
        downs,
        p: sign_test_p(ups, downs),
        corrected: None,
        ends: ends.filter(|ends| tasks.iter().all(|gain| gain.ends == *ends)),
    }
}
