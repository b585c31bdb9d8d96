//! The section `train`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::KeyError;
use sparring_sparse::gpu::DeviceName;

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
    /// What gradient steps are computed on: `cpu`, `cuda` or `cuda:N`, the GPU of NVIDIA of that number. A step in
    /// which a method looks at the network is the processor's, and results are the processor's up to rounding.
    pub device: DeviceName,
}

impl TrainSettings {
    /// Whether this build has the device.
    ///
    /// # Errors
    /// The feature that is missing.
    pub fn check(&self) -> Result<(), KeyError> {
        match self.device.missing() {
            None => Ok(()),
            Some(feature) => Err(KeyError::new(
                "device",
                self.device,
                "cpu, in this build",
                format!("build sparring with `--features {feature}`, or device: cpu"),
            )),
        }
    }
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self { total_env_steps: 101_000, log_every_env_steps: 1_000, device: DeviceName::Cpu }
    }
}
