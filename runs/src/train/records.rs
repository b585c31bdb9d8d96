//! Where a run writes what its observers see.

use std::time::Duration;

use sparring_agents::{Agent, Clock, Replay};
use sparring_envs::{Actions, Batch};
use sparring_sparse::{Saved, Section};

use super::state::Reached;
use crate::error::Error;
use crate::evaluate::Played;
use crate::robustness::Trial;

/// When something was seen.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Environment steps so far.
    pub env_step: u64,
    /// Gradient steps so far.
    pub gradient_step: u64,
    /// Seconds so far: the one column that differs between two runs of the same config and seed.
    pub wall_s: f64,
}

impl Stamp {
    /// The same without the time.
    pub fn clock(self) -> Clock {
        Clock { env_steps: self.env_step, gradient_steps: self.gradient_step }
    }

    /// Steps of the run's own clock.
    pub fn own(self) -> u64 {
        self.clock().own()
    }
}

/// Takes what a run's observers see, and keeps nothing of what it has no method for. An error ends the run; what may be
/// lost is the recorder's to decide.
pub trait Records {
    /// One value of a metric.
    fn scalar(&mut self, _at: Stamp, _tag: &str, _value: f64) -> Result<(), Error> {
        Ok(())
    }

    /// A value that only the clock decides, and that no two runs share.
    fn clock_scalar(&mut self, _at: Stamp, _tag: &str, _value: f64) {}

    /// The run has come this far, and all before it is to be kept.
    fn flush(&mut self, _at: Stamp) -> Result<(), Error> {
        Ok(())
    }

    /// The episodes of one evaluation.
    fn evaluation(&mut self, _at: Stamp, _episodes: &[Played]) -> Result<(), Error> {
        Ok(())
    }

    /// How the last policy does under other options of its env.
    fn robustness(&mut self, _trials: &[Trial]) -> Result<(), Error> {
        Ok(())
    }

    /// The agent as it is evaluated.
    fn agent(&mut self, _at: Stamp, _agent: &dyn Agent) {}

    /// The agent that was evaluated, whose mean return is the last of [`Reached::curve`], and what its policy is, as
    /// the metadata of `policy.safetensors` has it.
    fn evaluated(
        &mut self,
        _reached: &Reached,
        _policy: &Saved,
        _about: Option<String>,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// A step of the environments, which answers `actions`, before the agent learns from it.
    fn step(&mut self, _actions: Actions<'_>, _batch: &Batch<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// A step has been taken, after which the agent's replay memory is `replay`; the time it took to take rows of
    /// it, if it took any.
    fn follow(&mut self, _replay: Option<&Replay>) -> Option<Duration> {
        None
    }

    /// All that the rest of the run depends on, but for the rows of `replay`.
    fn checkpoint(
        &mut self,
        _at: Stamp,
        _state: Section,
        _replay: Option<&Replay>,
    ) -> Result<(), Error> {
        Ok(())
    }
}

/// Keeps nothing: for whom [`Reached`] is enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unrecorded;

impl Records for Unrecorded {}
