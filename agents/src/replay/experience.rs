//! What an agent has seen: to learn from again and again, and, if it is chosen so, apart from that.

use sparring_envs::{Actions, Batch};
use sparring_sparse::{Section, Seed};

use super::{HeldOut, Replay, ReplayConfig};
use crate::error::AgentError;

/// The memory that is trained on, and what is kept apart from it.
#[derive(Debug)]
pub struct Experience {
    /// What is trained on.
    pub training: Replay,
    held_out: Option<HeldOut>,
}

impl Experience {
    /// A memory of this `config`, without the `share` of the episodes that is kept apart.
    pub fn new(config: ReplayConfig, share: f64, seed: &Seed) -> Self {
        Self { training: Replay::new(config), held_out: HeldOut::new(share, config, seed) }
    }

    /// Bytes of both.
    pub fn bytes(config: ReplayConfig, share: f64) -> u64 {
        config.bytes().saturating_add(HeldOut::bytes(share, config))
    }

    /// Takes one vector step.
    ///
    /// # Errors
    /// Those of [`Replay::store`].
    pub fn store(&mut self, batch: &Batch<'_>, actions: Actions<'_>) -> Result<(), AgentError> {
        match &mut self.held_out {
            Some(held_out) => held_out.store(batch, actions, &mut self.training),
            None => self.training.store(batch, actions),
        }
    }

    /// What is kept apart, once something is.
    pub fn held_out(&self) -> Option<&Replay> {
        self.held_out.as_ref().map(HeldOut::replay).filter(|held_out| !held_out.is_empty())
    }

    /// Writes down what is kept apart, if anything is. The other memory stands elsewhere ([`Replay::piece`]).
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save_held_out(&self, to: &mut Section) -> Result<(), AgentError> {
        if let Some(held_out) = &self.held_out {
            to.nest("held_out", held_out.save()?);
        }
        Ok(())
    }

    /// Takes back what [`Self::save_held_out`] wrote.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load_held_out(&mut self, from: &Section) -> Result<(), AgentError> {
        match &mut self.held_out {
            Some(held_out) => held_out.load(&from.part("held_out")),
            None => Ok(()),
        }
    }
}
