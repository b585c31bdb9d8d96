//! How far a run and its jobs are: their files `status.yaml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sparring_agents::{Clock, NetworkSummary, TrainingFlops};
use sparring_sparse::Executed;

use crate::checkpoint::Pauses;
use crate::envs::Faults;
use crate::phases::Phases;
use crate::train::budget::Budget;
use crate::variant::Coordinates;

/// How far a run or a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Begun, and not ended in order.
    Running,
    /// At its end.
    Finished,
    /// Ended by an error.
    Failed,
    /// Ended before its time, in order: it goes on from there.
    Interrupted,
}

/// `status.yaml` of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobStatus {
    /// Where it stands among the others.
    pub job: Coordinates,
    /// Its seed.
    pub seed: u64,
    /// How far it is.
    pub state: State,
    /// Which life of it this is, and from which environment step that one went on.
    pub life: u32,
    /// See `life`.
    pub resumed_from: u64,
    /// Times that it has failed.
    pub failures: u32,
    /// What of its budget ended it, at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Budget>,
    /// The error that ended it.
    pub error: Option<String>,
    /// What its plan has to say.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What environments did that no environment should.
    #[serde(default)]
    pub faults: Faults,
    /// What went wrong without ending it.
    pub warnings: Vec<String>,
    /// Whether some of what it was to write is lost; a warning says what.
    #[serde(default)]
    pub lost: bool,
    /// Environment steps so far.
    pub env_steps: u64,
    /// Gradient steps so far.
    pub gradient_steps: u64,
    /// Evaluations so far.
    pub evaluations: u64,
    /// Seconds so far.
    pub wall_s: f64,
    /// Mean return of the last tenth of the evaluations so far.
    pub score: Option<f64>,
    /// The networks as they are now, from the first evaluation on.
    pub networks: Vec<NetworkSummary>,
    /// Operations of the whole training, by the model.
    pub training: TrainingFlops,
    /// Operations that all networks have executed so far: acting, evaluating and training.
    pub executed: Executed,
    /// What checkpoints have kept the training waiting.
    #[serde(default)]
    pub checkpoint_pauses: Pauses,
    /// Seconds that each diagnostic has taken so far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub diagnostics_s: BTreeMap<String, f64>,
    /// Seconds of each phase so far.
    #[serde(default, skip_serializing_if = "Phases::is_empty")]
    pub phases: Phases,
}

impl JobStatus {
    /// How far it is.
    pub fn clock(&self) -> Clock {
        Clock { env_steps: self.env_steps, gradient_steps: self.gradient_steps }
    }

    /// Whether nothing is left to be done: at its end, or failed so many times.
    pub fn is_over(&self, failures: u32) -> bool {
        match self.state {
            State::Finished => true,
            State::Failed => self.failures >= failures,
            State::Running | State::Interrupted => false,
        }
    }
}

/// `status.yaml` of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// How far it is.
    pub state: State,
    /// Jobs that it has.
    pub jobs: usize,
    /// Jobs at their end.
    pub finished: usize,
    /// Jobs that failed.
    pub failed: usize,
    /// Jobs that lost some of what they were to write.
    #[serde(default)]
    pub lost: usize,
}

impl RunStatus {
    /// A run that begins.
    pub fn begun(jobs: usize) -> Self {
        Self { state: State::Running, jobs, finished: 0, failed: 0, lost: 0 }
    }

    /// One of its jobs has ended.
    pub fn ended(&mut self, job: State) {
        match job {
            State::Finished => self.finished += 1,
            State::Failed => self.failed += 1,
            State::Running | State::Interrupted => {}
        }
    }

    /// No job runs any more: what that makes of the run.
    pub fn close(&mut self) {
        self.state = match () {
            () if self.finished + self.failed < self.jobs => State::Interrupted,
            () if self.failed > 0 => State::Failed,
            () => State::Finished,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_what_its_jobs_came_to() {
        let of = |states: &[State]| {
            let mut run = RunStatus::begun(2);
            states.iter().for_each(|state| run.ended(*state));
            run.close();
            run.state
        };
        assert_eq!(of(&[State::Finished, State::Finished]), State::Finished);
        assert_eq!(of(&[State::Finished, State::Failed]), State::Failed);
        assert_eq!(of(&[State::Failed, State::Interrupted]), State::Interrupted);
        assert_eq!(of(&[State::Finished]), State::Interrupted);
    }
}
