//! The sections `env`, `train` and `eval`, and what all sections of one variant say together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use sparring_agents::{AgentConfig, Diagnostics};
use sparring_envs::{OnFault, Options, VectorConfig};
use sparring_sparse::KeyError;

/// Everything that is chosen about one variant, defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// What is played.
    pub env: EnvSettings,
    /// How long.
    pub train: TrainSettings,
    /// How often the score is taken.
    pub eval: EvalSettings,
    /// Who plays.
    pub agent: AgentConfig,
    /// The keys of the section `sparsity`, every value filled in.
    pub sparsity: Json,
    /// What is measured beside the training; none measures nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
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
            on_fault: FaultPolicy::Stop,
            max_restarts: 10,
        }
    }
}

/// Options are read with the row of the env, which knows them.
fn apart<'de, D: Deserializer<'de>>(from: D) -> Result<Options, D::Error> {
    IgnoredAny::deserialize(from).map(|_| Options::default())
}

impl EnvSettings {
    /// Environment steps that the agent sees at once.
    pub fn rows(&self) -> usize {
        self.batch.unwrap_or(self.num_envs)
    }

    /// The vector engine's part.
    pub fn vector(&self) -> VectorConfig {
        let on_fault = match self.on_fault {
            FaultPolicy::Stop => OnFault::Stop,
            FaultPolicy::Restart => OnFault::Restart { max: self.max_restarts },
        };
        VectorConfig { num_envs: self.num_envs, workers: self.workers, on_fault }
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
                super::problem::MISSING,
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

/// The section `train`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// The run ends with the first step of all environments that reaches it.
    #[schemars(range(min = 1))]
    pub total_env_steps: u64,
    /// Environment steps from one row of each metric to the next.
    #[schemars(range(min = 1))]
    pub log_every_env_steps: u64,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self { total_env_steps: 101_000, log_every_env_steps: 1_000 }
    }
}

/// The section `eval`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EvalSettings {
    /// Environment steps from one evaluation to the next; step 0 and the end have one, too.
    #[schemars(range(min = 1))]
    pub every_env_steps: u64,
    /// Episodes in one evaluation.
    #[schemars(range(min = 1))]
    pub episodes: usize,
    /// Environments that play them, `episodes` or 32 where that is left out; each plays its share to the
    /// end, so that short episodes are not favoured.
    #[schemars(range(min = 1))]
    pub num_envs: usize,
    /// An episode is cut after so many steps, where the environment's own limit does not come first: a game
    /// without one, such as MinAtar's Breakout, may never end for a policy that does not explore.
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub max_episode_steps: u32,
}

impl Default for EvalSettings {
    /// Episodes end where Atari's do: after 30 minutes of play (Machado et al. 2018, 108,000 frames).
    fn default() -> Self {
        Self { every_env_steps: 2_000, episodes: 20, num_envs: 20, max_episode_steps: 27_000 }
    }
}

impl EvalSettings {
    /// More parallel episodes than this make the batch no cheaper per episode.
    pub const MOST_ENVS: u64 = 32;

    /// Whether the keys fit each other.
    pub fn check(&self) -> Result<(), KeyError> {
        if self.num_envs > self.episodes {
            let allowed = format!("at most episodes = {}", self.episodes);
            return Err(KeyError::new(
                "num_envs",
                self.num_envs,
                allowed,
                self.episodes.to_string(),
            ));
        }
        Ok(())
    }
}

/// The keys of the section `sparsity.budget`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetKeys {
    /// Active weights and biases of all networks, over those of the dense ones. (`sparsity` does not count
    /// biases.)
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0), example = 0.2)]
    pub total: f64,
    /// The actor's part of them.
    #[schemars(range(min = 0.0, max = 1.0), example = 0.34)]
    pub actor_share: f64,
}
