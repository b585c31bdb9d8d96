//! One line of a report: a variant over its seeds.

use std::collections::BTreeMap;

use sparring_agents::{NetworkSummary, TrainingFlops};
use sparring_sparse::seed::Seed;
use sparring_sparse::stats::mean;

use crate::machine::cores;
use crate::results::{JobResult, Progress};
use crate::score::rise;
use crate::sizes::Sizes;
use crate::statistics::{Aggregate, Bootstrap, Interval, Scores};

/// Resamples of a bootstrap; the ends of the interval then move by less than its last digit shown.
const RESAMPLES: usize = 10_000;

/// The results of one variant.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub variant: String,
    /// Its jobs.
    pub planned: usize,
    /// Those at their end.
    pub finished: usize,
    /// Scores of the finished seeds, or where there are none of what the others have.
    pub scores: Vec<f64>,
    /// Of the interquartile mean of the scores.
    pub interval: Option<Interval>,
    /// The mean rise of the finished seeds' curves at their ends; see [`rise`].
    pub rise: f64,
    /// The networks of the first seed that has some.
    pub networks: Vec<NetworkSummary>,
    /// Their sizes.
    pub sizes: Option<Sizes>,
    /// Operations of a training, by the model.
    pub training: TrainingFlops,
    /// Operations that each finished seed executed.
    pub executed: Vec<u64>,
    /// Seconds that each diagnostic took, over all seeds.
    pub diagnostics_s: BTreeMap<String, f64>,
    /// Seconds of all seeds.
    pub wall_s: f64,
    /// Environment steps of all seeds.
    pub env_steps: u64,
    /// What its plan has to say.
    pub of_plan: Vec<String>,
}

impl Row {
    /// A variant of which nothing has run.
    pub fn new(variant: &str, planned: usize) -> Self {
        Self {
            variant: variant.to_owned(),
            planned,
            finished: 0,
            scores: Vec::new(),
            interval: None,
            rise: 0.0,
            networks: Vec::new(),
            sizes: None,
            training: TrainingFlops::default(),
            executed: Vec::new(),
            diagnostics_s: BTreeMap::new(),
            wall_s: 0.0,
            env_steps: 0,
            of_plan: Vec::new(),
        }
    }

    /// The variant whose jobs are `jobs`.
    pub fn of(variant: &str, jobs: &[&JobResult]) -> Self {
        let mut row = Self::new(variant, jobs.len());
        let is_finished = |job: &&&JobResult| job.progress == Progress::Finished;
        let finished: Vec<&JobResult> = jobs.iter().filter(is_finished).copied().collect();
        row.finished = finished.len();
        row.executed = finished.iter().map(|job| job.costs.executed.total()).collect();
        let scored = if finished.is_empty() { jobs } else { finished.as_slice() };
        row.scores = scored.iter().filter_map(|job| job.score()).collect();
        let seed = Seed::new(0).child("bootstrap").child(variant);
        let bootstrap = Bootstrap { resamples: RESAMPLES, seed, threads: cores() };
        let scores = Scores::new(vec![row.scores.clone()]);
        row.interval = bootstrap.estimate(Aggregate::Iqm, &scores).and_then(|it| it.interval);
        let rises: Vec<f64> = finished.iter().filter_map(|job| rise(&job.returns())).collect();
        row.rise = mean(rises.into_iter());
        row.of_plan = jobs
            .iter()
            .map(|job| job.of_plan.clone())
            .find(|all| !all.is_empty())
            .unwrap_or_default();
        for costs in jobs.iter().map(|job| &job.costs) {
            if costs.training != TrainingFlops::default() {
                row.training = costs.training;
            }
            if row.networks.is_empty() && !costs.networks.is_empty() {
                row.sizes = Some(Sizes::of(&costs.networks));
                row.networks.clone_from(&costs.networks);
            }
            row.wall_s += costs.wall_s;
            row.env_steps += costs.env_steps;
            for (name, seconds) in &costs.diagnostics_s {
                *row.diagnostics_s.entry(name.clone()).or_default() += seconds;
            }
        }
        row
    }

    /// The interquartile mean of the scores.
    pub fn iqm(&self) -> Option<f64> {
        Aggregate::Iqm.of(&Scores::new(vec![self.scores.clone()]))
    }

    /// The mean of what a finished seed executed.
    pub fn executed(&self) -> Option<f64> {
        let sum: f64 = self.executed.iter().map(|&flops| flops as f64).sum();
        (!self.executed.is_empty()).then(|| sum / self.executed.len() as f64)
    }

    /// Whether the scores are those of seeds that did not reach their end.
    pub fn is_partial(&self) -> bool {
        self.finished == 0 && !self.scores.is_empty()
    }
}
