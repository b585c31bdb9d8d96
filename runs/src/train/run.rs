//! A run in progress, as its observers see it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sparring_agents::Clock;
use sparring_sparse::Seed;

use super::records::{Records, Stamp};
use super::state::{Reached, RunState};
use crate::error::TrainError;
use crate::plan::Job;

/// A job between its first step and its last.
pub struct Run<'a> {
    /// What was chosen.
    pub job: Job<'a>,
    /// The run's seed.
    pub seed: Seed,
    /// What changes with every step.
    pub state: RunState<'a>,
    /// Where observers write.
    pub records: &'a mut dyn Records,
    /// Set from outside where the run is to end early.
    pub stop: &'a AtomicBool,
    /// When this process began the run.
    started: Instant,
    /// Seconds of it that were over before.
    earlier_s: f64,
    /// When the steps since the last log would have begun, had nothing but steps taken time.
    pub steps_since: Instant,
}

impl<'a> Run<'a> {
    /// `job` before its first step.
    pub fn new(
        job: Job<'a>,
        records: &'a mut dyn Records,
        reached: &'a mut Reached,
        stop: &'a AtomicBool,
    ) -> Result<Self, TrainError> {
        let seed = Seed::new(job.seed);
        let earlier_s = reached.wall_s;
        let state = RunState::new(job, &seed, reached)?;
        let now = Instant::now();
        Ok(Self { job, seed, state, records, stop, started: now, earlier_s, steps_since: now })
    }

    /// Now.
    pub fn stamp(&self) -> Stamp {
        let Clock { env_steps, gradient_steps } = self.state.reached.clock();
        Stamp { env_step: env_steps, gradient_step: gradient_steps, wall_s: self.wall_s() }
    }

    /// Seconds so far.
    pub fn wall_s(&self) -> f64 {
        self.earlier_s + self.started.elapsed().as_secs_f64()
    }

    /// Whether the run is to end early.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Keeps what is known at the end, however that came.
    pub fn close(&mut self) {
        let wall_s = self.wall_s();
        let reached = &mut *self.state.reached;
        reached.wall_s = wall_s;
        reached.executed = self.state.agent.executed();
        let restarts = self.state.envs.restarts();
        for (env, times) in restarts.iter().enumerate().filter(|(_, times)| **times > 0) {
            let warning = format!("environment {env} failed and was restarted {times} times");
            reached.warnings.push(warning);
        }
    }
}
