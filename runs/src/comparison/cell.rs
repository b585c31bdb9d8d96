//! A variant on one environment, over its seeds.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use sparring_agents::{NetworkSummary, TrainingFlops};
use sparring_sparse::stats::mean;

use super::against::Against;
use super::resamples::bootstrap;
use crate::phases::Phases;
use crate::results::{JobResult, Progress, clock_of};
use crate::score::rise;
use crate::sizes::Sizes;
use crate::statistics::{Aggregate, Estimate, Scores};
use crate::variant::Coordinates;

/// The score of one seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The run seed.
    pub seed: u64,
    /// The mean return over the last tenth of its evaluations.
    pub score: f64,
}

/// The results of one variant on one environment.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What it is called among the others: the variant's name, with its run's where two have the same.
    pub label: String,
    /// The place of its run among those that are compared.
    pub run: usize,
    /// Where it stands among the others of its run.
    pub at: Coordinates,
    /// Its config, any axis by its key: that of its first seed.
    pub settings: Json,
    /// Its jobs, seed by seed.
    pub jobs: Vec<JobResult>,
    /// Those at their end.
    pub finished: usize,
    /// Scores of the finished seeds, or where there are none of what the others have.
    pub scores: Vec<Scored>,
    /// The interquartile mean of the scores.
    pub score: Option<Estimate>,
    /// How it stands beside the baseline; none for the baseline itself.
    pub against: Option<Against>,
    /// How much the last tenth of the finished seeds' curves is above the tenth before, as a part of their range.
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
    /// Seconds of each phase of the training, over all seeds.
    pub phases: Phases,
    /// Seconds of all seeds.
    pub wall_s: f64,
    /// Steps of all seeds, each by its own clock.
    pub steps: u64,
    /// What its plan has to say.
    pub of_plan: Vec<String>,
}

impl Cell {
    /// The cell of `run` whose jobs are `jobs`, before anything is estimated.
    pub fn new(label: String, run: usize, at: Coordinates, jobs: Vec<JobResult>) -> Self {
        let settings = jobs.iter().map(|job| &job.settings).find(|settings| !settings.is_null());
        Self {
            label,
            run,
            at,
            settings: settings.cloned().unwrap_or_default(),
            jobs,
            finished: 0,
            scores: Vec::new(),
            score: None,
            against: None,
            rise: 0.0,
            networks: Vec::new(),
            sizes: None,
            training: TrainingFlops::default(),
            executed: Vec::new(),
            diagnostics_s: BTreeMap::new(),
            phases: Phases::default(),
            wall_s: 0.0,
            steps: 0,
            of_plan: Vec::new(),
        }
    }

    /// Sums up its jobs.
    pub(super) fn estimate(&mut self) {
        let is_finished = |job: &&JobResult| job.progress == Progress::Finished;
        let finished: Vec<&JobResult> = self.jobs.iter().filter(is_finished).collect();
        self.finished = finished.len();
        self.executed = finished.iter().map(|job| job.costs.executed.total()).collect();
        let scored =
            if finished.is_empty() { self.jobs.iter().collect() } else { finished.clone() };
        let of = |job: &JobResult| Some(Scored { seed: job.seed, score: job.score()? });
        self.scores = scored.into_iter().filter_map(of).collect();
        let scores = Scores::new(vec![self.values()]);
        self.score = bootstrap(&self.label).estimate(Aggregate::Iqm, &scores);
        let rises: Vec<f64> = finished.iter().filter_map(|job| rise(&job.returns())).collect();
        self.rise = mean(rises.into_iter());
        let said = self.jobs.iter().map(|job| &job.of_plan).find(|all| !all.is_empty());
        self.of_plan = said.cloned().unwrap_or_default();
        for costs in self.jobs.iter().map(|job| &job.costs) {
            if costs.training != TrainingFlops::default() {
                self.training = costs.training;
            }
            if self.networks.is_empty() && !costs.networks.is_empty() {
                self.sizes = Some(Sizes::of(&costs.networks));
                self.networks.clone_from(&costs.networks);
            }
            self.wall_s += costs.wall_s;
            self.steps += costs.clock().own();
            self.phases.join(&costs.phases);
            for (name, seconds) in &costs.diagnostics_s {
                *self.diagnostics_s.entry(name.clone()).or_default() += seconds;
            }
        }
    }

    /// The scores alone, in the order of their seeds.
    pub fn values(&self) -> Vec<f64> {
        self.scores.iter().map(|scored| scored.score).collect()
    }

    /// The interquartile mean of the scores of the seeds that are at their end.
    pub fn reached(&self) -> Option<f64> {
        self.score.as_ref().filter(|_| !self.is_partial()).map(|score| score.value)
    }

    /// The mean of what a finished seed executed.
    pub fn executed(&self) -> Option<f64> {
        let sum: f64 = self.executed.iter().map(|&flops| flops as f64).sum();
        (!self.executed.is_empty()).then(|| sum / self.executed.len() as f64)
    }

    /// What its steps are, in words.
    pub fn clock(&self) -> &'static str {
        clock_of(&self.settings)
    }

    /// Steps in a second of a job.
    pub fn steps_per_s(&self) -> Option<f64> {
        (self.wall_s > 0.0).then(|| self.steps as f64 / self.wall_s)
    }

    /// Whether the scores are those of seeds that did not reach their end.
    pub fn is_partial(&self) -> bool {
        self.finished == 0 && !self.scores.is_empty()
    }

    /// Whether all weights are active at the end.
    pub fn is_dense(&self) -> bool {
        self.sizes.as_ref().is_some_and(|sizes| sizes.density == 1.0)
    }

    /// The value of the key `key` of its config, such as `agent.learning_rate`.
    pub fn setting(&self, key: &str) -> Option<&Json> {
        key.split('.').try_fold(&self.settings, |below, part| below.get(part))
    }

    /// What it shares with the cell of the same group on another environment: its variant and axes, those of the
    /// environment's id aside.
    pub fn without_env(&self) -> Coordinates {
        let mut at = self.at.clone();
        at.axes.retain(|key, _| key != "env.id");
        let id = |part: &&str| *part != format!("id={}", label_of(&self.at.env));
        at.name = self.at.name.split(',').filter(id).collect::<Vec<_>>().join(",");
        at.env = String::new();
        at
    }
}

/// An env's id as part of a name, as sweeps write it.
fn label_of(env: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' };
    env.chars().map(plain).collect()
}
