//! What is chosen about NEC, and what it will take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_envs::{EnvSpec, Space};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::estimate::Bytes;
use sparring_sparse::{Activation, Init, LayerSpec, OptimizerConfig};

use super::memory::OfMemory;
use crate::cadence::Cadence;
use crate::error::AgentError;
use crate::explore::Epsilon;
use crate::input::Input;
use crate::networks::NetworkConfig;
use crate::networks::style::MlpStyle;
use crate::optimizer_keys::OptimizerKeys;
use crate::replay::{ReplayConfig, Sample};
use crate::summary::{Estimate, NetworkSummary, TrainingFlops};

const STYLE: MlpStyle = MlpStyle {
    activation: Activation::Relu,
    hidden: Init::TruncatedNormal { scale: 2.0 },
    head: Init::GlorotUniform,
    head_bias: 0.0,
    head_decays: true,
};

/// What is chosen about a NEC agent. Steps are environment steps unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NecConfig {
    /// What reads the observations; its outputs are the key.
    #[schemars(with = "Option<NetworkConfig>")]
    pub network: NetworkConfig,
    /// Widths of a perceptron's hidden layers: short for `network: {kind: mlp, hidden: ..}`.
    #[schemars(inner(range(min = 1)), example = vec![64, 64], extend("x-not-beside" = ["network"]))]
    pub hidden: Option<Vec<usize>>,
    /// Sparsity of the network.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub sparsity: SparsityConfig,
    /// Rule, step size, clipping, and what weight decay does.
    #[serde(flatten, with = "crate::optimizer_keys")]
    #[schemars(with = "OptimizerKeys")]
    pub optimizer: OptimizerConfig,
    /// `λ` of the decay of the weights.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// Numbers of a key.
    #[schemars(range(min = 1, max = 4096))]
    pub key_size: usize,
    /// Pairs in the memory of each action.
    #[schemars(range(min = 1))]
    pub memory_capacity: usize,
    /// `p`: neighbours.
    #[schemars(range(min = 1, max = 4096))]
    pub neighbours: usize,
    /// `δ`, added to squared distances.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub kernel_delta: f64,
    /// `α`, of what is written where the key is there already.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub write_rate: f64,
    /// Step size of the values of neighbours in a gradient step.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub value_rate: f64,
    /// Transitions in one gradient step.
    #[schemars(range(min = 1))]
    pub batch_size: usize,
    /// Transitions that the replay memory holds.
    #[schemars(range(min = 1))]
    pub replay_capacity: usize,
    /// Environment steps taken at random before training starts; what comes of them is remembered.
    pub warmup_env_steps: u64,
    /// Environment steps from one training to the next.
    #[schemars(range(min = 1))]
    pub train_every_env_steps: u64,
    /// Gradient steps in one training.
    #[schemars(range(min = 1))]
    pub gradient_steps: u64,
    /// `γ`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub discount: f64,
    /// `N`: rewards in a return before it bootstraps.
    #[schemars(range(min = 1))]
    pub n_step: usize,
    /// Exploration.
    pub epsilon: Epsilon,
}

impl Default for NecConfig {
    /// The paper's `N`, `p`, `α` and batch, for observations of few numbers.
    fn default() -> Self {
        Self {
            network: NetworkConfig::mlp(&[64, 64]),
            hidden: None,
            sparsity: SparsityConfig::dense(),
            optimizer: OptimizerConfig::adam(1e-3),
            weight_decay: 0.0,
            key_size: 16,
            memory_capacity: 5_000,
            neighbours: 50,
            kernel_delta: 1e-3,
            write_rate: 0.1,
            value_rate: 0.1,
            batch_size: 32,
            replay_capacity: 100_000,
            warmup_env_steps: 500,
            train_every_env_steps: 4,
            gradient_steps: 1,
            discount: 0.99,
            n_step: 100,
            epsilon: Epsilon { start: 1.0, end: 0.01, decay_env_steps: 5_000, eval: 0.0 },
        }
    }
}

impl NecConfig {
    /// When it trains.
    pub fn cadence(&self) -> Cadence {
        let Self { warmup_env_steps, train_every_env_steps, gradient_steps, .. } = *self;
        Cadence { warmup_env_steps, train_every_env_steps, gradient_steps }
    }

    /// ε after `env_steps`.
    pub fn epsilon_at(&self, env_steps: u64) -> f64 {
        match env_steps.checked_sub(self.warmup_env_steps) {
            Some(steps) => self.epsilon.at(steps),
            None => 1.0,
        }
    }

    /// What is chosen about its memories.
    pub fn of_memory(&self) -> OfMemory {
        OfMemory {
            key_size: self.key_size,
            capacity: self.memory_capacity,
            neighbours: self.neighbours,
            delta: self.kernel_delta,
            write_rate: self.write_rate,
        }
    }

    /// Its replay memory.
    pub fn replay(&self, spec: &EnvSpec, num_envs: usize) -> ReplayConfig {
        let config = ReplayConfig::new(spec, num_envs, self.replay_capacity, self.discount);
        ReplayConfig { n_step: self.n_step, ..config }
    }

    /// The layers of its network, from observations to a key.
    ///
    /// # Errors
    /// Actions that are none of a few, and observations that the network cannot read.
    pub fn layers(&self, spec: &EnvSpec) -> Result<Vec<LayerSpec>, AgentError> {
        actions(spec)?;
        let Self { sparsity, key_size, weight_decay, .. } = self;
        self.network.layers_under(sparsity, None, &spec.obs, *key_size, STYLE, *weight_decay)
    }

    /// See [`crate::AgentConfig::estimate`].
    ///
    /// # Errors
    /// Those of [`Self::layers`], and a sparsity that they cannot have.
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        gradient_steps: u64,
    ) -> Result<Estimate, AgentError> {
        let (layers, batch) = (self.layers(spec)?, self.batch_size);
        let batches = [num_envs, num_envs, num_envs, batch, batch];
        let (sparsity, optimizer) = (&self.sparsity, &self.optimizer);
        let (network, bytes) =
            NetworkSummary::planned("embedding", &layers, sparsity, optimizer, false, &batches)?;
        let replay = self.replay(spec, num_envs);
        // A key with its square, a value, a time.
        let pair = (self.key_size + 1) * size_of::<f32>() + size_of::<f32>() + size_of::<u64>();
        let pairs = (actions(spec)? as u64).saturating_mul(self.memory_capacity as u64);
        Ok(Estimate {
            training: TrainingFlops::of(sparsity, &network.costs(), gradient_steps, batch)?,
            networks: vec![network],
            gradient_steps,
            network_bytes: Bytes::together(&[bytes]),
            memory_bytes: replay
                .bytes()
                .saturating_add(pairs.saturating_mul(pair as u64))
                .saturating_add(Sample::bytes(&replay, batch))
                .saturating_add(Input::of(spec).bytes(2 * batch)),
        })
    }
}

/// How many actions `spec` has.
pub fn actions(spec: &EnvSpec) -> Result<usize, AgentError> {
    match spec.action {
        Space::Discrete { n } => Ok(n as usize),
        Space::Box { .. } => Err(AgentError::Space {
            agent: "nec",
            env: spec.id,
            found: format!("actions {}", spec.action),
            allowed: "discrete actions",
        }),
    }
}
