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
    #[schemars(extend("examples" = ["cpu", "cuda", "cuda:1"]))]
    pub device: String,
}

impl TrainSettings {
    /// The device.
    pub fn device(&self) -> DeviceName {
        self.device.parse().unwrap_or_default()
    }

    /// Whether there is such a device, and this build has it.
    ///
    /// # Errors
    /// Another name, and the feature that is missing.
    pub fn check(&self) -> Result<(), KeyError> {
        let refused =
            |allowed: &str, hint: String| Err(KeyError::new("device", &self.device, allowed, hint));
        match self.device.parse().map(DeviceName::missing) {
            Ok(None) => Ok(()),
            Ok(Some(feature)) => refused(
                "cpu, in this build",
                format!("build sparring with `--features {feature}`, or device: cpu"),
            ),
            Err(()) => refused("cpu, cuda, or cuda:N", "device: cuda".to_owned()),
        }
    }
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            total_env_steps: 101_000,
            log_every_env_steps: 1_000,
            device: DeviceName::Cpu.to_string(),
        }
    }
}
