//! Whether claims hold, of what was run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value as Json;
use sparring_sparse::stats::mean;

use super::cell::Cell;
use super::even::{Seeds, even};
use super::resamples::bootstrap;
use super::task::Task;
use super::verdict::Verdict;
use crate::claim::{Claim, Kept, Measure, Relation, Selector};
use crate::keys::same;
use crate::metrics::track;
use crate::normalise::Scale;
use crate::results::{JobResult, Progress};
use crate::robustness::Held;
use crate::statistics::{Aggregate, Estimate, Interval, Pair, Pairs, Scores};

/// A claim, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// What it says.
    pub claim: Claim,
    /// The statistic over all pairs; none where nothing can be estimated.
    pub estimate: Option<Estimate>,
    /// Pairs of cells, an environment at a time.
    pub pairs: usize,
    /// Seeds of the cell that has fewest.
    pub seeds: usize,
    /// Results of other seeds, which not all of its pairs have.
    pub left_out: usize,
    /// Whether seeds are compared each with its own.
    pub paired: bool,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why that is open.
    pub why: Option<String>,
}

/// What the seeds of a cell were measured at; all the same where no seed decides.
enum Measured {
    Seeds(Seeds),
    Exact(f64),
}

/// Judges the claim `name` by the cells that are at their end.
pub fn judge(name: &str, claim: &Claim, cells: &[Cell], tasks: &[Task]) -> Judged {
    let couples = couples(claim, cells);
    let scales = Scales::of(&couples, cells, tasks);
    // A cell may stand in many couples, and its metrics are long to read.
    let places: BTreeSet<usize> = couples.iter().flatten().copied().collect();
    let measure = |place: usize| (place, measured(&claim.of, &cells[place], &scales));
    let measured: BTreeMap<usize, Option<Measured>> = places.into_iter().map(measure).collect();
    let mut sampled: Vec<[Seeds; 2]> = Vec::new();
    let mut exact: Vec<[f64; 2]> = Vec::new();
    for couple in &couples {
        match couple.map(|place| measured[&place].as_ref()) {
            [Some(Measured::Seeds(x)), Some(Measured::Seeds(y))] => {
                sampled.push([x.clone(), y.clone()]);
            }
            [Some(Measured::Exact(x)), Some(Measured::Exact(y))] => exact.push([*x, *y]),
            [_, _] => {}
        }
    }
    let left_out = even(&mut sampled);
    let counts = sampled.iter().flatten().map(BTreeMap::len);
    let (pairs, seeds) = (sampled.len() + exact.len(), counts.min().unwrap_or(0));
    let paired = !sampled.is_empty() && sampled.iter().all(|[x, y]| x.keys().eq(y.keys()));
    let statistic = claim.statistic();
    let wants_zero = match claim.of {
        Measure::Kept(_) => true,
        Measure::Return | Measure::Under(_) => matches!(statistic, Some((Relation::Ratio, _))),
        Measure::Metric(_) => false,
        Measure::ForwardFlops | Measure::TrainingFlops | Measure::Active => false,
    };
    let is_unscaled = wants_zero && scales.are_relative();
    let estimate =
        statistic.filter(|_| !is_unscaled).and_then(|(relation, _)| match exact.is_empty() {
            true => estimate(name, relation, &sampled, paired),
            false => Some(of_exact(relation, &exact)),
        });
    let verdict = match (statistic, &estimate) {
        (Some((relation, bound)), Some(estimate)) => {
            Verdict::of(estimate, bound, relation.of_equals(), seeds)
        }
        (None, _) | (_, None) => Verdict::Open,
    };
    let why = (verdict == Verdict::Open).then(|| match &claim.of {
        _ if couples.is_empty() => "none of its pairs is compared here".to_owned(),
        Measure::Under(_) if pairs == 0 => {
            "no policy of both has been scored under these options".to_owned()
        }
        Measure::Kept(_) if pairs == 0 => {
            "no policy of both has been scored under these options and has something to keep"
                .to_owned()
        }
        Measure::Metric(tag) if pairs == 0 => {
            format!("no finished seeds of both have {tag} in metrics.csv")
        }
        _ if pairs == 0 => "no pair has finished seeds of both".to_owned(),
        _ if is_unscaled => {
            "a ratio over several environments wants a scale that says what 0 is: normalise"
                .to_owned()
        }
        _ if estimate.is_none() => {
            "the second of its pairs is not above 0, so that there is no ratio".to_owned()
        }
        _ => "there is no interval: of one seed, or of a second that comes near 0".to_owned(),
    });
    let (name, claim) = (name.to_owned(), claim.clone());
    Judged { name, claim, estimate, pairs, seeds, left_out, paired, verdict, why }
}

/// How returns of the compared environments are brought together: as they are where there is but one whose scale is
/// that of what is compared, so that it does not depend on what else is.
struct Scales<'a> {
    of: Vec<(&'a str, &'a Scale)>,
}

impl<'a> Scales<'a> {
    fn of(couples: &[[usize; 2]], cells: &[Cell], tasks: &'a [Task]) -> Self {
        let compared = |env: &str| couples.iter().flatten().any(|at| cells[*at].at.env == env);
        let tasks = tasks.iter().filter(|task| compared(&task.env));
        Self { of: tasks.map(|task| (task.env.as_str(), &task.scale)).collect() }
    }

    /// Whether there are several of which one moves with what is compared.
    fn are_relative(&self) -> bool {
        self.of.len() > 1 && self.of.iter().any(|(_, scale)| scale.relative)
    }

    fn normalise(&self, env: &str, score: f64) -> f64 {
        match self.of.as_slice() {
            [(_, only)] if only.relative => score,
            several => {
                let found = several.iter().find(|(other, _)| *other == env);
                found.map_or(score, |(_, scale)| scale.normalise(score))
            }
        }
    }
}

/// The places of the cells that the claim compares.
fn couples(claim: &Claim, cells: &[Cell]) -> Vec<[usize; 2]> {
    let of_pair = |[one, other]: &[Selector; 2]| -> Vec<[usize; 2]> {
        let meant = cells.iter().enumerate().filter(|(_, cell)| one.means(&cell.at));
        let beside = |(at, cell): (usize, &Cell)| {
            Some([at, other.beside(&cell.at, cells.iter().map(|cell| &cell.at))?])
        };
        meant.filter_map(beside).collect()
    };
    claim.pairs.iter().flat_map(of_pair).collect()
}

fn measured(of: &Measure, cell: &Cell, scales: &Scales<'_>) -> Option<Measured> {
    let scale = |score: f64| scales.normalise(&cell.at.env, score);
    let finished = || cell.jobs.iter().filter(|job| job.progress == Progress::Finished);
    let seeds = |value: &dyn Fn(&JobResult) -> Option<f64>| {
        let values = finished().filter_map(|job| Some((job.seed, value(job)?)));
        Some(values.collect::<Seeds>()).filter(|values| !values.is_empty()).map(Measured::Seeds)
    };
    match of {
        Measure::Return => seeds(&|job| Some(scale(job.score()?))),
        Measure::Under(options) => seeds(&|job| Some(scale(return_under(job, options)?))),
        Measure::Kept(Kept { under, of }) => seeds(&|job| {
            let of = scale(return_under(job, of)?);
            let under = scale(return_under(job, under)?);
            (of > 0.0).then_some(under / of)
        }),
        Measure::Metric(tag) => seeds(&|job| {
            let track = track(&job.folder, tag)?;
            Some(mean(track.values.iter().map(|value| value.value)))
        }),
        Measure::ForwardFlops => Some(Measured::Exact(cell.sizes?.forward_flops as f64)),
        Measure::TrainingFlops => {
            (finished().next().is_some()).then_some(Measured::Exact(cell.training.model))
        }
        Measure::Active => Some(Measured::Exact(cell.sizes?.active_parameters as f64)),
    }
}

/// The mean return of the last policy of `job` under these options, where it was scored so.
fn return_under(job: &JobResult, options: &BTreeMap<String, Json>) -> Option<f64> {
    Some(job.robustness.iter().find(|held| is_under(held, options))?.mean_return)
}

/// Whether `held` was played under these options.
fn is_under(held: &Held, options: &BTreeMap<String, Json>) -> bool {
    let is = |(key, wanted): (&String, &Json)| {
        held.options.get(key).is_some_and(|value| same(value, wanted))
    };
    options.len() == held.options.len() && options.iter().all(is)
}

fn estimate(
    name: &str,
    relation: Relation,
    sampled: &[[Seeds; 2]],
    paired: bool,
) -> Option<Estimate> {
    let (bootstrap, iqm) = (bootstrap(&format!("claim {name}")), Aggregate::Iqm);
    if paired {
        let pairs = |[x, y]: &[Seeds; 2]| -> Vec<Pair> {
            x.values().zip(y.values()).map(|(x, y)| Pair { x: *x, y: *y }).collect()
        };
        let pairs = Pairs::new(sampled.iter().map(pairs).collect());
        return match relation {
            Relation::Ratio => bootstrap.paired_ratio(iqm, &pairs),
            Relation::Difference => bootstrap.paired_difference(iqm, &pairs),
        };
    }
    let of = |at: usize| {
        Scores::new(sampled.iter().map(|pair| pair[at].values().copied().collect()).collect())
    };
    let (x, y) = (of(0), of(1));
    match relation {
        Relation::Ratio => bootstrap.ratio(iqm, &x, &y),
        Relation::Difference => bootstrap.difference(iqm, &x, &y),
    }
}

/// The mean over the pairs; what no seed decides lies nowhere else.
fn of_exact(relation: Relation, exact: &[[f64; 2]]) -> Estimate {
    let value = mean(exact.iter().map(|[x, y]| match relation {
        Relation::Ratio => x / y,
        Relation::Difference => x - y,
    }));
    Estimate { value, interval: Some(Interval { low: value, high: value }) }
}
