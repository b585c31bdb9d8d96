//! The agents by name.

use serde::Serialize;
use sparring_envs::EnvSpec;
use sparring_sparse::Seed;

use crate::agent::{Agent, Capabilities};
use crate::dqn::{Dqn, DqnConfig};
use crate::error::AgentError;
use crate::ppo::{Ppo, PpoConfig};
use crate::sac::{Sac, SacConfig};
use crate::summary::Estimate;

/// The agents and what is chosen about them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AgentConfig {
    /// Deep Q-learning.
    Dqn(DqnConfig),
    /// Soft actor-critic.
    Sac(SacConfig),
    /// Proximal policy optimisation.
    Ppo(PpoConfig),
}

impl AgentConfig {
    /// What the agent can do and what it needs.
    pub fn capabilities(&self) -> Capabilities {
        match self {
            Self::Dqn(_) => Dqn::CAPABILITIES,
            Self::Sac(_) => Sac::CAPABILITIES,
            Self::Ppo(_) => Ppo::CAPABILITIES,
        }
    }

    /// What the agent will take in a run of `total_env_steps` on `num_envs` of `spec`.
    ///
    /// # Errors
    /// An env that the agent cannot play, and a sparsity that the network cannot have.
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        total_env_steps: u64,
    ) -> Result<Estimate, AgentError> {
        match self {
            Self::Dqn(config) => config.estimate(spec, num_envs, total_env_steps),
            Self::Sac(config) => config.estimate(spec, num_envs, total_env_steps),
            Self::Ppo(config) => config.estimate(spec, num_envs, total_env_steps),
        }
    }

    /// A fresh agent for `num_envs` of `spec`; all its randomness comes from streams below `seed`.
    pub fn build(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Box<dyn Agent>, AgentError> {
        match self {
            Self::Dqn(config) => Ok(Box::new(Dqn::new(config.clone(), spec, num_envs, seed)?)),
            Self::Sac(config) => Ok(Box::new(Sac::new(config.clone(), spec, num_envs, seed)?)),
            Self::Ppo(config) => Ok(Box::new(Ppo::new(config.clone(), spec, num_envs, seed)?)),
        }
    }
}
