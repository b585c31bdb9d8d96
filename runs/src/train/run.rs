//! A run in progress, as its observers see it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sparring_agents::Clock;
use sparring_sparse::{Section, Seed};

use super::records::{Records, Stamp};
use super::state::{Reached, RunState};
use crate::checkpoint::{Checkpoint, Rows};
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
    /// The state as it was before an evaluation that is not at its end.
    pub before_evaluation: Option<Section>,
    /// When the steps since the last log would have begun, had nothing but steps taken time.
    pub steps_since: Instant,
}

impl<'a> Run<'a> {
    /// `job` before its first step, or where the checkpoint `from` was taken.
    pub fn new(
        job: Job<'a>,
        from: Option<&Checkpoint>,
        records: &'a mut dyn Records,
        reached: &'a mut Reached,
        stop: &'a AtomicBool,
    ) -> Result<Self, TrainError> {
        let seed = Seed::new(job.seed);
        let mut state = RunState::new(job, &seed, reached)?;
        if let Some(from) = from {
            load(&mut state, from).map_err(|error| TrainError::Unloaded(Box::new(error)))?;
        }
        let earlier_s = state.reached.wall_s;
        let now = Instant::now();
        Ok(Self {
            job,
            seed,
            state,
            records,
            stop,
            started: now,
            earlier_s,
            before_evaluation: None,
            steps_since: now,
        })
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

    /// The state as it is now.
    pub fn state_now(&mut self) -> Result<Section, TrainError> {
        self.state.reached.wall_s = self.wall_s();
        self.state.agent.settle()?;
        self.state.save()
    }

    /// Keeps the state as it is now, or the one from before an evaluation, for another process to go on with.
    pub fn checkpoint(&mut self, earlier: Option<Section>) -> Result<(), TrainError> {
        let begun = Instant::now();
        let state = match earlier {
            Some(state) => state,
            None => self.state_now()?,
        };
        let at = self.stamp();
        self.records.checkpoint(at, state, self.state.agent.replay())?;
        self.state.reached.checkpoint_pauses.add(begun.elapsed());
        Ok(())
    }

    /// Keeps what is known at the end, however that came.
    pub fn close(&mut self) {
        let wall_s = self.wall_s();
        let reached = &mut *self.state.reached;
        reached.wall_s = wall_s;
        reached.executed = self.state.agent.executed();
        let restarts = self.state.experience.restarts();
        for (env, times) in restarts.iter().enumerate().filter(|(_, times)| **times > 0) {
            let warning = format!("environment {env} failed and was restarted {times} times");
            reached.warnings.push(warning);
        }
    }
}

/// Lets `state` go on from a checkpoint.
fn load(state: &mut RunState<'_>, from: &Checkpoint) -> Result<(), TrainError> {
    state.load(&from.state)?;
    match (&from.manifest.replay, state.agent.replay_mut()) {
        (Rows::Held { from: first, to, .. }, Some(replay)) => {
            Ok(replay.restore(*first..*to, &mut from.pieces())?)
        }
        (Rows::None | Rows::LeftOut, _) | (Rows::Held { .. }, None) => Ok(()),
    }
}
