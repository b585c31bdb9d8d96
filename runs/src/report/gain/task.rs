//! What one variant gains, task by task.

use crate::comparison::{Cell, Comparison, bootstrap, pairs};
use crate::normalise::Scale;
use crate::registry::rows;
use crate::report::swept::{Along, finished, value, word};
use crate::statistics::{Aggregate, Estimate, Pair, Pairs, Scores, holm, sign_flip_p};

/// The gains of a variant.
#[derive(Clone, Debug)]
pub struct Gains {
    /// The variant, in words.
    pub label: String,
    /// Its method.
    pub method: String,
    /// Task by task, in the order of the configs.
    pub tasks: Vec<Gain>,
    /// What keeps a task from having one.
    pub missing: Vec<String>,
}

/// What one task gains.
#[derive(Clone, Debug)]
pub struct Gain {
    /// The task.
    pub env: String,
    /// Its family.
    pub family: &'static str,
    /// The variant, in words.
    pub label: String,
    /// The smallest and the largest value, in words.
    pub ends: [String; 2],
    /// Value by value, the smallest first.
    pub steps: Vec<Step>,
    /// The mean normalised score of the smallest.
    pub small: f64,
    /// That of the largest.
    pub large: f64,
    /// By how much that is higher.
    pub gain: Estimate,
    /// What a decade of the value gains.
    pub slope: Option<Estimate>,
    /// How likely a seed of the largest is better than one of the smallest.
    pub improvement: Option<Estimate>,
    /// How likely so large a difference of pairs would be by chance.
    pub p: Option<f64>,
    /// That, corrected over the variant's tasks.
    pub corrected: Option<f64>,
    /// Normalised scores of seeds that both have, large and small; empty where their seeds differ.
    pub pairs: Vec<Pair>,
}

/// One value of the key on a task.
#[derive(Clone, Debug)]
pub struct Step {
    /// In words.
    pub word: String,
    /// The number that a slope is taken along, of which it takes log₁₀.
    pub at: f64,
    /// Normalised scores of its seeds.
    pub scores: Vec<f64>,
}

impl Gain {
    /// Δ / (1 − s(small)): the part of what was left to gain; none where nothing was.
    pub fn relative(&self) -> Option<f64> {
        (self.small < 1.0).then(|| self.gain.value / (1.0 - self.small))
    }

    /// The scores of the largest and of the smallest.
    pub fn extremes(&self) -> [Vec<f64>; 2] {
        let of = |step: Option<&Step>| step.map_or_else(Vec::new, |step| step.scores.clone());
        [of(self.steps.last()), of(self.steps.first())]
    }
}

/// What `group` gains along `key`.
pub fn gains(of: &Comparison, group: &Along<'_>, key: &str) -> Gains {
    // Values that are no numbers go by the size of the networks, which differs from task to task.
    let numbers: Option<Vec<f64>> =
        group.cells.iter().map(|cell| value(cell, key)?.as_f64().filter(|x| *x > 0.0)).collect();
    let ends = numbers.as_ref().map(|numbers| {
        let fold = |start, by: fn(f64, f64) -> f64| numbers.iter().copied().fold(start, by);
        [fold(f64::MAX, f64::min), fold(f64::MIN, f64::max)]
    });
    let mut all = Gains {
        label: group.label.clone(),
        method: group.method.to_owned(),
        tasks: Vec::new(),
        missing: Vec::new(),
    };
    for task in &of.tasks {
        let cells: Vec<&Cell> =
            group.cells.iter().filter(|cell| cell.at.env == task.env).copied().collect();
        if cells.is_empty() {
            continue;
        }
        match gain(&group.label, &cells, key, ends, &task.scale) {
            Some(gain) => all.tasks.push(gain),
            None => all.missing.push(format!(
                "{} of {}: no finished seeds at the smallest or at the largest {key}, left out",
                task.env, group.label
            )),
        }
    }
    let p: Vec<f64> = all.tasks.iter().filter_map(|gain| gain.p).collect();
    let mut corrected = holm(&p).into_iter();
    for gain in all.tasks.iter_mut().filter(|gain| gain.p.is_some()) {
        gain.corrected = corrected.next();
    }
    all
}

/// What one task gains; none where an end has no finished seeds.
fn gain(
    label: &str,
    cells: &[&Cell],
    key: &str,
    ends: Option<[f64; 2]>,
    scale: &Scale,
) -> Option<Gain> {
    let mut along: Vec<(f64, &Cell)> = Vec::new();
    for cell in cells.iter().filter(|cell| !finished(cell).is_empty()) {
        let at = match ends {
            Some(_) => value(cell, key)?.as_f64()?,
            None => cell.sizes.as_ref()?.active_parameters as f64,
        };
        along.push((at, cell));
    }
    along.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let [(least, first), .., (most, last)] = along.as_slice() else { return None };
    if ends.is_some_and(|ends| ends != [*least, *most]) || least == most {
        return None;
    }
    let step = |(at, cell): &(f64, &Cell)| Step {
        word: value(cell, key).map_or_else(String::new, word),
        at: *at,
        scores: finished(cell).iter().map(|scored| scale.normalise(scored.score)).collect(),
    };
    let steps: Vec<Step> = along.iter().map(step).collect();
    let env = &first.at.env;
    let bootstrap = bootstrap(&format!("gain of {label} on {env} along {key}"));
    let one = |scores: &[f64]| Scores::new(vec![scores.to_vec()]);
    let [small, large] = [steps.first()?, steps.last()?].map(|step| one(&step.scores));
    let normal = |Pair { x, y }: Pair| Pair { x: scale.normalise(x), y: scale.normalise(y) };
    let mut pairs: Vec<Pair> = pairs(last, first).into_iter().map(normal).collect();
    // A seed that one of the two lacks would be left out of pairs.
    if pairs.len() < 2 || pairs.len() != small.runs() || pairs.len() != large.runs() {
        pairs.clear();
    }
    let paired = Pairs::new(vec![pairs.clone()]);
    let difference = match pairs.as_slice() {
        [] => bootstrap.difference(Aggregate::Mean, &large, &small)?,
        [..] => bootstrap.paired_difference(Aggregate::Mean, &paired)?,
    };
    let tested =
        (!pairs.is_empty()).then(|| sign_flip_p(&paired, bootstrap.resamples, &bootstrap.seed));
    let logs: Vec<f64> = steps.iter().map(|step| step.at.log10()).collect();
    let scores = Scores::new(steps.iter().map(|step| step.scores.clone()).collect());
    Some(Gain {
        env: env.clone(),
        family: rows().find_env(env).map_or("unknown", |row| row.family),
        label: label.to_owned(),
        ends: [steps.first()?.word.clone(), steps.last()?.word.clone()],
        small: Aggregate::Mean.of(&small)?,
        large: Aggregate::Mean.of(&large)?,
        gain: difference,
        slope: bootstrap.slope(&logs, &scores),
        improvement: bootstrap.improvement(&large, &small),
        p: tested.flatten(),
        corrected: None,
        steps,
        pairs,
    })
}
