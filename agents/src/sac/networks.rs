//! The networks of a SAC agent.

use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{LayerSpec, Seed, Target, Trainer};

use super::config::SacConfig;
use crate::error::AgentError;

/// An actor, two critics, and what follows each of these.
pub(super) struct Networks {
    pub actor: Trainer,
    pub critics: [Trainer; 2],
    pub targets: [Target; 2],
}

impl Networks {
    /// Fresh ones, each by a stream below `seed`.
    pub fn new(config: &SacConfig, spec: &EnvSpec, seed: &Seed) -> Result<Self, AgentError> {
        let [actor, critic] = config.layers(spec)?;
        let trainer = |name: &str, layers: &[LayerSpec], sparsity: &SparsityConfig| {
            Trainer::new(name, layers, sparsity, config.optimizer, &seed.child(name))
        };
        let actor = trainer("actor", &actor, &config.actor_sparsity)?;
        let critics = [
            trainer("critic.1", &critic, &config.critic_sparsity)?,
            trainer("critic.2", &critic, &config.critic_sparsity)?,
        ];
        let targets = [Target::new(critics[0].network())?, Target::new(critics[1].network())?];
        Ok(Self { actor, critics, targets })
    }

    /// The trained ones, the actor first.
    pub fn trainers(&self) -> [&Trainer; 3] {
        let [first, second] = &self.critics;
        [&self.actor, first, second]
    }
}
