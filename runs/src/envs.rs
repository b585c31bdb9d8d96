//! The environments of a training, in step or not.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use sparring_agents::{EnvRows, RunLength};
use sparring_envs::{
    Actions, AsyncVectorEnv, Batch, EnvError, EnvSpec, Fault, Obs, OnFault, Options, VectorConfig,
    VectorEnv,
};
use sparring_sparse::KeyError;

use crate::error::{Error, Refusal};
use crate::keys::MISSING;
use crate::machine::{available_memory, gibibytes};
use crate::train::settings::TrainSettings;

/// Refuses more environments in step than this machine has memory for.
pub fn check_memory(spec: &EnvSpec, num_envs: usize) -> Result<(), Error> {
    let needed = VectorEnv::bytes(spec, num_envs);
    match available_memory() {
        Some(available) if needed > available => Err(Refusal::argument(
            "num_envs",
            format!("{num_envs}, which take {} GiB", gibibytes(needed)),
            format!("at most {} GiB, which this machine has free", gibibytes(available)),
            "fewer",
        )),
        Some(_) | None => Ok(()),
    }
}

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

    /// The faults of the last step, or of the first resets.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Sync(envs) => envs.faults(),
            Self::Async(envs) => envs.faults(),
        }
    }

    /// The environments as they are now, which [`Self::restore`] takes back.
    pub fn save(&self) -> Result<Vec<u8>, EnvError> {
        match self {
            Self::Sync(envs) => envs.save(),
            Self::Async(_) => Err(unsaved()),
        }
    }

    /// Goes on from a saved state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        match self {
            Self::Sync(envs) => envs.restore(bytes),
            Self::Async(_) => Err(unsaved()),
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

/// Which environments are under way depends on time, so that a state of them cannot be taken.
fn unsaved() -> EnvError {
    let found = "environments that are not in step".to_owned();
    EnvError::State { id: "mode: async".to_owned(), found }
}

/// Faults of environments: panics, errors, numbers that are none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// How many.
    pub count: u64,
    /// The newest: which environment, its seed, episode and step, and why.
    pub newest: Vec<String>,
}

impl Faults {
    /// More than anybody reads.
    const MOST: usize = 100;

    /// Takes those of a step in.
    pub fn add(&mut self, faults: &[Fault]) {
        self.count += faults.len() as u64;
        self.newest.extend(faults.iter().map(Fault::to_string));
        let surplus = self.newest.len().saturating_sub(Self::MOST);
        self.newest.drain(..surplus);
    }
}

/// The section `env`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnvSettings {
    /// What is played: an id of `sparring list envs`.
    #[schemars(example = "CartPole-v1", extend("x-required" = true))]
    pub id: String,
    /// What can be chosen about it: see `sparring list envs`.
    #[serde(deserialize_with = "apart")]
    #[schemars(with = "BTreeMap<String, Json>")]
    pub options: Options,
    /// Environments that are stepped together; a step of all is `num_envs` environment steps.
    #[schemars(range(min = 1))]
    pub num_envs: usize,
    /// Whether each step waits for all environments.
    pub mode: Mode,
    /// With `mode: async`, how many of them make a batch: the first that are ready.
    #[schemars(range(min = 1))]
    pub batch: Option<usize>,
    /// Threads that step them; 0 steps on the job's own.
    pub workers: usize,
    /// Whether each episode of training is a whole game from a seed of its own, so that it can be played again
    /// without those before it: `sparring record` trains so.
    pub seed_episodes: bool,
    /// What an environment that fails does to the run.
    pub on_fault: FaultPolicy,
    /// Restarts of one environment before `on_fault: restart` gives up.
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub max_restarts: u32,
}

/// Whether each step waits for all environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It waits.
    Sync,
    /// It takes the first that are ready; two runs of one seed then differ.
    Async,
}

/// What an environment that fails does to the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultPolicy {
    /// It ends the job.
    Stop,
    /// It starts anew.
    Restart,
}

impl Default for EnvSettings {
    fn default() -> Self {
        Self {
            id: String::new(),
            options: Options::default(),
            num_envs: 1,
            mode: Mode::Sync,
            batch: None,
            workers: 0,
            seed_episodes: false,
            on_fault: FaultPolicy::Stop,
            max_restarts: 10,
        }
    }
}

/// Options are read with the row of the env, which knows them.
pub fn apart<'de, D: Deserializer<'de>, T: Default>(from: D) -> Result<T, D::Error> {
    IgnoredAny::deserialize(from).map(|_| T::default())
}

impl EnvSettings {
    /// Environment steps that the agent sees at once.
    pub fn rows(&self) -> usize {
        self.batch.unwrap_or(self.num_envs)
    }

    /// A run of such a length on them, as an agent sees it.
    pub fn run(&self, train: &TrainSettings) -> RunLength {
        RunLength {
            total_gradient_steps: train.total_gradient_steps.unwrap_or(0),
            ..self.run_of(train.total_env_steps)
        }
    }

    /// A run of `total_env_steps` of them, as an agent sees it.
    pub fn run_of(&self, total_env_steps: u64) -> RunLength {
        RunLength { rows: self.rows(), ..RunLength::of(total_env_steps, self.num_envs) }
    }

    /// The vector engine's part.
    pub fn vector(&self) -> VectorConfig {
        let on_fault = match self.on_fault {
            FaultPolicy::Stop => OnFault::Stop,
            FaultPolicy::Restart => OnFault::Restart { max: self.max_restarts },
        };
        VectorConfig {
            num_envs: self.num_envs,
            workers: self.workers,
            seed_episodes: self.seed_episodes,
            on_fault,
            ..VectorConfig::default()
        }
    }

    /// Whether the keys fit each other.
    pub fn check(&self) -> Result<(), KeyError> {
        let half = self.num_envs.div_ceil(2);
        match (self.mode, self.batch) {
            (Mode::Sync, None) => Ok(()),
            (Mode::Sync, Some(batch)) => Err(KeyError::new(
                "batch",
                batch,
                "no batch with mode: sync",
                "mode: async, or remove batch",
            )),
            (Mode::Async, _) if self.workers == 0 => Err(KeyError::new(
                "workers",
                0,
                "at least 1 with mode: async, in which the job's own thread steps none",
                "workers: 1",
            )),
            (Mode::Async, None) => Err(KeyError::new(
                "batch",
                MISSING,
                format!("a whole number from 1 to num_envs = {}", self.num_envs),
                format!("batch: {half}"),
            )),
            (Mode::Async, Some(batch)) if batch > self.num_envs => Err(KeyError::new(
                "batch",
                batch,
                format!("at most num_envs = {}", self.num_envs),
                half.to_string(),
            )),
            (Mode::Async, Some(_)) => Ok(()),
        }
    }
}
