//! Keys that all offline agents have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::estimate::Bytes;
use sparring_sparse::{KeyError, LayerSpec, OptimizerConfig};

use crate::checks;
use crate::error::AgentError;
use crate::optimizer_keys::{OptimizerKeys, RateDecay};
use crate::row::RunLength;
use crate::summary::{Estimate, NetworkSummary, TrainingFlops};

/// What a policy is told beside observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Nothing.
    #[default]
    None,
    /// What is still to come: rewards of the episode from here on in training, of the target in acting.
    Return,
}

/// What is chosen about the training of an offline agent, whatever its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OfflineKeys {
    /// Rule, step size, clipping, and what weight decay does.
    #[serde(flatten, with = "crate::optimizer_keys")]
    #[schemars(with = "OptimizerKeys")]
    pub optimizer: OptimizerConfig,
    /// `T`: the learning rate falls linearly to 0 over that many gradient steps; none keeps it.
    #[serde(rename = "learning_rate_decay", with = "crate::optimizer_keys::decay")]
    #[schemars(with = "RateDecay")]
    pub decay_gradient_steps: Option<u64>,
    /// `λ` of the decay of the weights.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// Sequences (of `bc`: steps) in one gradient step.
    #[schemars(range(min = 1))]
    pub batch_size: usize,
    /// What the policy is told beside observations.
    pub condition: Condition,
    /// The return that an episode is asked for: the one that this share of the episodes of the data do not exceed.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-when" = {"condition": ["return"]}))]
    pub target: f64,
    /// Further shares, whose returns it is asked for at the end of the run: `eval/return_for/<share>`.
    #[schemars(
        inner(range(min = 0.0, max = 1.0)),
        extend("x-when" = {"condition": ["return"]})
    )]
    pub targets: Vec<f64>,
}

impl Default for OfflineKeys {
    fn default() -> Self {
        Self {
            optimizer: OptimizerConfig::adam(1e-3),
            decay_gradient_steps: None,
            weight_decay: 0.0,
            batch_size: 64,
            condition: Condition::None,
            target: 0.9,
            targets: Vec::new(),
        }
    }
}

impl OfflineKeys {
    /// Whether they fit each other.
    ///
    /// # Errors
    /// The first key that does not.
    pub fn check(&self) -> Result<(), KeyError> {
        checks::clipping(&self.optimizer)
    }

    /// The same for this run.
    pub fn resolve(&self, run: &RunLength) -> Self {
        let decay_gradient_steps = self.decay_gradient_steps.map(|_| run.total_gradient_steps);
        Self { decay_gradient_steps, ..self.clone() }
    }

    /// Samples that the gradient steps of `run` consume.
    pub fn samples(&self, run: &RunLength) -> u64 {
        run.total_gradient_steps.saturating_mul(self.batch_size as u64)
    }

    /// What an agent of one network `name` will take that reads `each` rows of a sample, and `acting` rows at once to act.
    ///
    /// # Errors
    /// A sparsity that the layers cannot have.
    pub fn estimate(
        &self,
        name: &str,
        (layers, sparsity): (&[LayerSpec], &SparsityConfig),
        [acting, each]: [usize; 2],
        gradient_steps: u64,
    ) -> Result<Estimate, AgentError> {
        let rows = self.batch_size * each;
        let batches = [acting, rows];
        let (network, bytes) =
            NetworkSummary::planned(name, layers, sparsity, &self.optimizer, false, &batches)?;
        Ok(Estimate {
            training: TrainingFlops::of(sparsity, &network.costs(), gradient_steps, rows)?,
            networks: vec![network],
            gradient_steps,
            network_bytes: Bytes::together(&[bytes]),
            memory_bytes: 0,
        })
    }

    /// Whether the policy is told a return.
    pub fn is_conditioned(&self) -> bool {
        self.condition == Condition::Return
    }
}
