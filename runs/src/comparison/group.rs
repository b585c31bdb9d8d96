//! Cells over all of their environments.

use super::cell::Cell;
use super::even::{Seeds, common, keep};
use super::resamples::bootstrap;
use super::task::Task;
use crate::names::stands_for;
use crate::statistics::{Aggregate, Estimate, Scores};
use crate::variant::Coordinates;

/// What is compared over tasks: a variant at one value of every axis but the environment.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it is called among the others.
    pub label: String,
    /// What its cells share; its environment is empty.
    pub at: Coordinates,
    /// The places of its cells.
    pub cells: Vec<usize>,
    /// Its cells that have scores.
    pub scored: usize,
    /// Whether some of these are of seeds that did not reach their end.
    pub partial: bool,
    /// Normalised scores of the tasks that it was run on, of the seeds that all of them have; none before each has some.
    pub scores: Scores,
    /// Scores of other seeds.
    pub left_out: usize,
    /// Their interquartile mean.
    pub iqm: Option<Estimate>,
    /// Their mean.
    pub mean: Option<Estimate>,
    /// The median of the means of tasks.
    pub median: Option<Estimate>,
    /// How much is missing to 1 on average, where more than 1 counts as 1.
    pub optimality_gap: Option<Estimate>,
    /// How it stands beside the baseline's group; none for that itself, and where it was run on other tasks.
    pub lead: Option<Lead>,
}

/// A group beside the baseline's.
#[derive(Clone, Debug)]
pub struct Lead {
    /// The place of the baseline's group.
    pub baseline: usize,
    /// How likely a run of it is better than one of the baseline, on a task drawn by chance.
    pub improvement: Option<Estimate>,
    /// The ratio of the interquartile means.
    pub ratio: Option<Estimate>,
}

/// The groups of `cells`, which are normalised by the scales of `tasks`.
pub fn groups(cells: &[Cell], tasks: &[Task], baseline: Option<&str>) -> Vec<Group> {
    let mut places: Vec<(Coordinates, Vec<usize>)> = Vec::new();
    for (place, cell) in cells.iter().enumerate() {
        let at = cell.without_env();
        let fits = |other: &usize| cells[*other].at.env != cell.at.env;
        match places.iter_mut().find(|(known, of)| *known == at && of.iter().all(fits)) {
            Some((_, of)) => of.push(place),
            None => places.push((at, vec![place])),
        }
    }
    let twice = |name: &str| places.iter().filter(|(at, _)| at.name == name).count() > 1;
    let labels: Vec<String> =
        places.iter().map(|(at, of)| label(&at.name, of, cells, twice(&at.name))).collect();
    let with_label = |((at, of), label)| group(label, at, of, cells, tasks);
    let mut groups: Vec<Group> = places.into_iter().zip(labels).map(with_label).collect();
    let leads: Vec<Option<Lead>> =
        (0..groups.len()).map(|at| lead(at, &groups, cells, baseline)).collect();
    for (group, lead) in groups.iter_mut().zip(leads) {
        group.lead = lead;
    }
    groups
}

/// Of a name that several runs have the run's stands before it, as with cells.
fn label(name: &str, of: &[usize], cells: &[Cell], twice: bool) -> String {
    match of {
        [one] => cells[*one].label.clone(),
        [first, ..] if twice => {
            let Cell { label, at, .. } = &cells[*first];
            format!("{}{name}", label.strip_suffix(at.name.as_str()).unwrap_or_default())
        }
        [..] => name.to_owned(),
    }
}

fn group(label: String, at: Coordinates, of: Vec<usize>, cells: &[Cell], tasks: &[Task]) -> Group {
    let normalised = |task: &Task| -> Seeds {
        let here = of.iter().map(|place| &cells[*place]).filter(|cell| cell.at.env == task.env);
        let scored = here.flat_map(|cell| &cell.scores);
        scored.map(|it| (it.seed, task.scale.normalise(it.score))).collect()
    };
    let scored = of.iter().filter(|place| !cells[**place].scores.is_empty()).count();
    let partial = of.iter().any(|place| cells[*place].is_partial());
    // Of the tasks that are there by now a mean would be another thing than beside it of all.
    let mut of_tasks: Vec<Seeds> = match scored == of.len() {
        true => tasks.iter().map(normalised).collect(),
        false => Vec::new(),
    };
    let common = common(&of_tasks.iter().map(|seeds| [seeds]).collect::<Vec<_>>());
    let left_out = match common {
        Some(common) => of_tasks.iter_mut().map(|seeds| keep(seeds, &common)).sum(),
        None => 0,
    };
    let values = |seeds: Seeds| seeds.into_values().collect();
    let scores = Scores::new(of_tasks.into_iter().map(values).collect());
    let bootstrap = bootstrap(&format!("{label} over tasks"));
    let estimate = |what| bootstrap.estimate(what, &scores);
    Group {
        iqm: estimate(Aggregate::Iqm),
        mean: estimate(Aggregate::Mean),
        median: estimate(Aggregate::Median),
        optimality_gap: estimate(Aggregate::OptimalityGap),
        label,
        at,
        cells: of,
        scored,
        partial,
        scores,
        left_out,
        lead: None,
    }
}

/// How the group `at` stands beside the baseline's.
fn lead(at: usize, groups: &[Group], cells: &[Cell], baseline: Option<&str>) -> Option<Lead> {
    let (wanted, group) = (baseline?, &groups[at]);
    let envs = |group: &Group| -> Vec<&str> {
        group.cells.iter().map(|place| cells[*place].at.env.as_str()).collect()
    };
    let shared = |other: &Group| {
        let axes = other.at.axes.iter();
        axes.filter(|(key, value)| group.at.axes.get(*key) == Some(value)).count()
    };
    let runs = |group: &Group| -> Vec<usize> {
        group.cells.iter().map(|place| cells[*place].run).collect()
    };
    let is = |other: &Group| {
        let is_meant = stands_for(wanted, &other.at.name) || wanted == other.label;
        is_meant && envs(other) == envs(group)
    };
    let fitting = groups.iter().enumerate().filter(|(_, other)| is(other));
    let (place, base) =
        fitting.rev().max_by_key(|(_, other)| (runs(other) == runs(group), shared(other)))?;
    if place == at {
        return None;
    }
    let bootstrap = bootstrap(&format!("{} over {}", group.label, base.label));
    let improvement = bootstrap.improvement(&group.scores, &base.scores);
    let ratio = bootstrap.ratio(Aggregate::Iqm, &group.scores, &base.scores);
    Some(Lead { baseline: place, improvement, ratio })
}
