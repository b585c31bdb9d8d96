//! What cells are measured by, seed by seed.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sparring_sparse::stats::mean;

use super::cell::Cell;
use super::even::Seeds;
use super::task::Task;
use crate::claim::{Kept, Measure};
use crate::keys::same;
use crate::metrics::track;
use crate::normalise::Scale;
use crate::results::{JobResult, Progress};
use crate::robustness::Held;

/// What a cell was measured at.
pub enum Measured {
    /// By seed.
    Seeds(Seeds),
    /// Where no seed decides.
    Exact(f64),
}

/// How returns of the compared environments are brought together: as they are where there is but one whose scale is
/// that of what is compared, so that it does not depend on what else is.
pub struct Scales<'a> {
    of: Vec<(&'a str, &'a Scale)>,
}

impl<'a> Scales<'a> {
    /// Of the environments of `couples`, pairs of places among `cells`.
    pub fn of(couples: &[[usize; 2]], cells: &[Cell], tasks: &'a [Task]) -> Self {
        let compared = |env: &str| couples.iter().flatten().any(|at| cells[*at].at.env == env);
        let tasks = tasks.iter().filter(|task| compared(&task.env));
        Self { of: tasks.map(|task| (task.env.as_str(), &task.scale)).collect() }
    }

    /// Whether there are several of which one moves with what is compared.
    pub fn are_relative(&self) -> bool {
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

/// What `cell` was measured at by `of`; none where it was not.
pub fn measured(of: &Measure, cell: &Cell, scales: &Scales<'_>) -> Option<Measured> {
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
