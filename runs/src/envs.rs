//! The environments of a training, in step or not.

use sparring_agents::EnvRows;
use sparring_envs::{Actions, AsyncVectorEnv, Batch, EnvError, EnvSpec, Obs, VectorEnv};

use crate::config::settings::EnvSettings;

/// What a job says of itself with `mode: async`.
pub const NOT_DETERMINISTIC: &str = "env.mode is async: which environments make a batch depends on time, \
     so the same config and seed do not give the same numbers again";

/// Environments by `env.mode`.
pub enum Envs {
    /// Every step is one of all environments.
    Sync(VectorEnv),
    /// A step is one of the first that are ready.
    Async(AsyncVectorEnv),
}

impl Envs {
    /// The environments of `settings`, one for each seed.
    pub fn new(spec: &EnvSpec, seeds: &[u64], settings: &EnvSettings) -> Result<Self, EnvError> {
        let vector = settings.vector();
        Ok(match settings.batch {
            Some(batch) => Self::Async(AsyncVectorEnv::new(spec, seeds, &vector, batch)?),
            None => Self::Sync(VectorEnv::new(spec, seeds, &vector)?),
        })
    }

    /// Whose observations it shows before the first step.
    pub fn rows(&self, num_envs: usize) -> EnvRows {
        match self {
            Self::Sync(_) => EnvRows::new(num_envs),
            Self::Async(envs) => EnvRows::of(envs.envs()),
        }
    }

    /// What the agent acts on now.
    pub fn obs(&mut self) -> Obs<'_> {
        match self {
            Self::Sync(envs) => envs.obs(),
            Self::Async(envs) => envs.obs(),
        }
    }

    /// One step of as many environments as there were observations.
    pub fn step(&mut self, actions: Actions<'_>) -> Result<Batch<'_>, EnvError> {
        match self {
            Self::Sync(envs) => envs.step(actions),
            Self::Async(envs) => envs.step(actions),
        }
    }

    /// How often each environment has been restarted.
    pub fn restarts(&self) -> Vec<u32> {
        match self {
            Self::Sync(envs) => envs.restarts(),
            Self::Async(envs) => envs.restarts().to_vec(),
        }
    }
}
