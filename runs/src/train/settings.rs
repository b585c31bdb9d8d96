//! The section `train`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
