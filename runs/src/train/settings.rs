//! The section `train`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_agents::Clock;
use sparring_sparse::KeyError;
use sparring_sparse::gpu::{DeviceName, Precision};
use sparring_sparse::keys::to_value;

use super::budget::Budget;
use super::every::Every;
use crate::keys::MISSING;

/// The section `train`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// What ends the run: `env_steps` after `total_env_steps`; `samples` once gradient steps have consumed
    /// `total_samples`; `gradient_steps` after `total_gradient_steps`, as agents need it that learn from a data set;
    /// `plateau` once evaluations get no better, and at `total_env_steps` at the latest.
    pub budget: Budget,
    /// The run ends with the first step of all environments that reaches it. Times that are fractions of the run go
    /// by it, also where `plateau` ends it earlier. With `budget: samples` it follows: leave it out, or null.
    #[schemars(
        with = "Option<u64>",
        range(min = 1),
        extend("x-when" = {"budget": ["env_steps", "samples", "plateau"]})
    )]
    pub total_env_steps: u64,
    /// Gradient steps after which the run ends, those of the training that reaches it finished.
    #[schemars(range(min = 1), example = 10_000, extend("x-when" = {"budget": ["gradient_steps"]}))]
    pub total_gradient_steps: Option<u64>,
    /// Gradient steps times the samples of each, after which the run ends: at half the batch size it takes twice
    /// the gradient steps. The training that reaches it is finished.
    #[schemars(range(min = 1), example = 1_000_000, extend("x-when" = {"budget": ["samples"]}))]
    pub total_samples: Option<u64>,
    /// Evaluations in a row without a mean return above the best before them, after which the run ends.
    #[schemars(range(min = 1), extend("x-when" = {"budget": ["plateau"]}))]
    pub patience_evaluations: u64,
    /// Environment steps from one row of each metric to the next.
    #[schemars(range(min = 1), extend("x-not-beside" = ["log_every_gradient_steps"]))]
    pub log_every_env_steps: u64,
    /// In place of `log_every_env_steps`: gradient steps. Of an agent that learns from a data set null is a hundredth of
    /// the run.
    #[schemars(range(min = 1), example = 100)]
    pub log_every_gradient_steps: Option<u64>,
    /// What gradient steps are computed on: `cpu`, `cuda` or `cuda:N`, the GPU of NVIDIA of that number. A step in
    /// which a method looks at the network is the processor's, and results are the processor's up to rounding.
    #[schemars(extend("examples" = ["cpu", "cuda", "cuda:1"]))]
    pub device: String,
    /// How a device stores activations and their gradients: `f32`, or `bf16`, which halves their bytes and rounds each to
    /// 8 bits of precision. Weights, their gradients, moments, sums and losses are f32 with both, and checkpoints the
    /// same. With `device: cpu` f32 only.
    pub precision: Precision,
}

impl TrainSettings {
    /// Whether a run that has come to `now` is at its end.
    pub fn is_over(&self, now: Clock) -> bool {
        now.own() >= self.length()
    }

    /// Steps of the run, by its own clock.
    pub fn length(&self) -> u64 {
        match self.total_env_steps {
            0 => self.total_gradient_steps.unwrap_or(0),
            total => total,
        }
    }

    /// What its steps are, in words.
    pub fn clock(&self) -> &'static str {
        match self.total_env_steps {
            0 => "gradient steps",
            _ => "env steps",
        }
    }

    /// When metrics are written.
    pub fn log_every(&self) -> Every {
        Every::of(self.log_every_env_steps, self.log_every_gradient_steps)
    }

    /// The device.
    pub fn device(&self) -> DeviceName {
        self.device.parse().unwrap_or_default()
    }

    /// Whether the budget is told, and there is such a device, this build has it, and it stores activations so.
    ///
    /// # Errors
    /// Samples that are not told, another name of a device, the feature that is missing, and `bf16` of the processor.
    pub fn check(&self) -> Result<(), KeyError> {
        let told = match self.budget {
            Budget::Samples => ("total_samples", self.total_samples, "total_samples: 1_000_000"),
            Budget::GradientSteps => {
                let hint = "total_gradient_steps: 10_000";
                ("total_gradient_steps", self.total_gradient_steps, hint)
            }
            Budget::EnvSteps | Budget::Plateau => ("", Some(0), ""),
        };
        if let (key, None, hint) = told {
            let budget = to_value(&self.budget);
            let budget = budget.as_str().unwrap_or_default();
            let allowed = format!("a whole number of at least 1 with budget: {budget}");
            return Err(KeyError::new(key, MISSING, allowed, hint));
        }
        let refused =
            |allowed: &str, hint: String| Err(KeyError::new("device", &self.device, allowed, hint));
        match self.device.parse().map(DeviceName::missing) {
            Ok(None) => self.check_precision(),
            Ok(Some(feature)) => refused(
                "cpu, in this build",
                format!("build sparring with `--features {feature}`, or device: cpu"),
            ),
            Err(()) => refused("cpu, cuda, or cuda:N", "device: cuda".to_owned()),
        }
    }

    fn check_precision(&self) -> Result<(), KeyError> {
        match (self.device(), self.precision) {
            (DeviceName::Cpu, Precision::Bf16) => Err(KeyError::new(
                "precision",
                self.precision,
                "f32, with device: cpu",
                "device: cuda, or precision: f32",
            )),
            (DeviceName::Cpu, Precision::F32)
            | (DeviceName::Cuda(_) | DeviceName::Emulator, Precision::F32 | Precision::Bf16) => {
                Ok(())
            }
        }
    }
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            budget: Budget::EnvSteps,
            total_env_steps: 101_000,
            total_gradient_steps: None,
            total_samples: None,
            patience_evaluations: 10,
            log_every_env_steps: 1_000,
            log_every_gradient_steps: None,
            device: DeviceName::Cpu.to_string(),
            precision: Precision::default(),
        }
    }
}
