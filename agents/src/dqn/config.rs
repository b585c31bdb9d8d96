//! What is chosen about DQN, and what it will take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_envs::{EnvSpec, Space};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::estimate::Bytes;
use sparring_sparse::{Activation, Init, LayerSpec, OptimizerConfig};

use crate::cadence::Cadence;
use crate::error::AgentError;
use crate::explore::Epsilon;
use crate::input::Input;
use crate::losses::td::Loss;
use crate::networks::style::MlpStyle;
use crate::networks::{AlgebraKeys, NetworkConfig};
use crate::optimizer_keys::{OptimizerKeys, RateDecay};
use crate::replay::{Experience, ReplayConfig, Sample};
use crate::summary::{Estimate, NetworkSummary, TrainingFlops};

/// A perceptron's hidden layers: He's truncated normal. Head: `U(−0.03, 0.03)` with biases −0.2
/// (Graesser et al. 2022, table 6).
const STYLE: MlpStyle = MlpStyle {
    activation: Activation::Relu,
    hidden: Init::TruncatedNormal { scale: 2.0 },
    head: Init::Uniform { limit: 0.03 },
    head_bias: -0.2,
    head_decays: false,
};

/// What is chosen about a DQN agent. Steps are environment steps unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DqnConfig {
    /// What reads the observations.
    #[schemars(with = "Option<NetworkConfig>")]
    pub network: NetworkConfig,
    /// Widths of a perceptron's hidden layers: short for `network: {kind: mlp, hidden: ..}`.
    #[schemars(inner(range(min = 1)), example = vec![512, 512], extend("x-not-beside" = ["network"]))]
    pub hidden: Option<Vec<usize>>,
    /// An algebra that hidden layers are over; none are real.
    pub algebra: Option<AlgebraKeys>,
    /// Sparsity of the Q-network.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub sparsity: SparsityConfig,
    /// Rule, step size, clipping, and what weight decay does.
    #[serde(flatten, with = "crate::optimizer_keys")]
    #[schemars(with = "OptimizerKeys")]
    pub optimizer: OptimizerConfig,
    /// `T`: the learning rate falls linearly to 0 over that many gradient steps; none keeps it.
    #[serde(rename = "learning_rate_decay", with = "crate::optimizer_keys::decay")]
    #[schemars(with = "RateDecay")]
    pub decay_gradient_steps: Option<u64>,
    /// `λ` of the decay of the weights; biases have none, nor has the head of a perceptron.
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// Transitions in one gradient step.
    #[schemars(range(min = 1))]
    pub batch_size: usize,
    /// Transitions that the replay memory holds.
    #[schemars(range(min = 1))]
    pub replay_capacity: usize,
    /// Share of the episodes that are kept apart and never trained on: `diagnostics.td_error` measures the error on
    /// them beside that of training. They take this share of `replay_capacity` in addition.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub held_out_episodes: f64,
    /// Environment steps taken at random before training starts.
    pub warmup_env_steps: u64,
    /// Environment steps from one training to the next.
    #[schemars(range(min = 1))]
    pub train_every_env_steps: u64,
    /// Gradient steps in one training.
    #[schemars(range(min = 1))]
    pub gradient_steps: u64,
    /// Gradient steps from one target update to the next.
    #[schemars(range(min = 1))]
    pub target_every_gradient_steps: u64,
    /// `τ`: target ← (1 − τ) target + τ online; 1 copies.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub target_tau: f64,
    /// `γ`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub discount: f64,
    /// Rewards in a return before it bootstraps.
    #[schemars(range(min = 1))]
    pub n_step: usize,
    /// The loss of the temporal-difference error.
    pub loss: Loss,
    /// Whether the online network chooses the action that the target network values (double DQN).
    pub double_q: bool,
    /// Whether the head gives a value and advantages, from which `Q = V + A − mean A` (duelling).
    pub dueling: bool,
    /// Which transitions are drawn more often than others; none draws uniformly.
    pub prioritized: Option<Prioritized>,
    /// Exploration.
    pub epsilon: Epsilon,
}

/// Prioritised replay: a transition of error `δ` is drawn in proportion to `(|δ| + 10⁻⁶)^exponent`, a new
/// one as the largest so far; its loss counts `(N P)^(−importance)`, over the largest such weight of the
/// batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prioritized {
    /// 0 draws uniformly.
    #[schemars(range(min = 0.0, max = 1.0), example = 0.6)]
    pub exponent: f64,
    /// 1 takes back all that the draws prefer.
    #[schemars(range(min = 0.0, max = 1.0), example = 0.4)]
    pub importance: f64,
}

impl Default for DqnConfig {
    fn default() -> Self {
        Self::paper()
    }
}

impl DqnConfig {
    /// The paper's values for classic control, dense.
    pub fn paper() -> Self {
        Self {
            network: NetworkConfig::mlp(&[512, 512]),
            hidden: None,
            algebra: None,
            sparsity: SparsityConfig::dense(),
            optimizer: OptimizerConfig::adam(1e-3),
            decay_gradient_steps: None,
            weight_decay: 1e-6,
            batch_size: 128,
            replay_capacity: 100_000,
            held_out_episodes: 0.0,
            warmup_env_steps: 1000,
            train_every_env_steps: 1,
            gradient_steps: 1,
            target_every_gradient_steps: 100,
            target_tau: 1.0,
            discount: 0.99,
            n_step: 1,
            loss: Loss::Squared,
            double_q: false,
            dueling: false,
            prioritized: None,
            epsilon: Epsilon::default(),
        }
    }

    /// Gradient steps in a run of `total_env_steps`, which `num_envs` at once round up.
    pub fn gradient_steps(&self, total_env_steps: u64, num_envs: usize) -> u64 {
        self.cadence().total(total_env_steps, num_envs)
    }

    /// When it trains.
    pub fn cadence(&self) -> Cadence {
        let Self { warmup_env_steps, train_every_env_steps, gradient_steps, .. } = *self;
        Cadence { warmup_env_steps, train_every_env_steps, gradient_steps }
    }

    /// Its replay memory.
    pub fn replay(&self, spec: &EnvSpec, num_envs: usize) -> ReplayConfig {
        ReplayConfig {
            n_step: self.n_step,
            prioritized: self.prioritized.is_some(),
            ..ReplayConfig::new(spec, num_envs, self.replay_capacity, self.discount)
        }
    }

    /// The layers of the network from observations of the space `obs` to `actions`.
    ///
    /// # Errors
    /// Observations that the network cannot read.
    pub fn layers(&self, obs: &Space, actions: usize) -> Result<Vec<LayerSpec>, AgentError> {
        let outputs = actions + usize::from(self.dueling);
        let Self { sparsity, algebra, weight_decay, .. } = self;
        self.network.layers_under(sparsity, *algebra, obs, outputs, STYLE, *weight_decay)
    }

    /// See [`crate::AgentConfig::estimate`].
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        total_env_steps: u64,
    ) -> Result<Estimate, AgentError> {
        let actions = actions(spec)?;
        let layers = self.layers(&spec.obs, actions)?;
        // Acting; online values and their gradients; target values; an evaluation of as many
        // episodes at once.
        let batches =
            [num_envs, self.batch_size, self.batch_size, self.batch_size, self.batch_size];
        let (network, bytes) =
            NetworkSummary::planned("q", &layers, &self.sparsity, &self.optimizer, true, &batches)?;
        let gradient_steps = self.gradient_steps(total_env_steps, num_envs);
        let costs = network.costs();
        let replay = self.replay(spec, num_envs);
        Ok(Estimate {
            training: TrainingFlops::of(&self.sparsity, &costs, gradient_steps, self.batch_size)?,
            networks: vec![network],
            gradient_steps,
            network_bytes: Bytes::together(&[bytes]),
            memory_bytes: Experience::bytes(replay, self.held_out_episodes)
                .saturating_add(Sample::bytes(&replay, self.batch_size))
                .saturating_add(Input::of(spec).bytes(2 * self.batch_size)),
        })
    }
}

/// How many actions `spec` has.
pub fn actions(spec: &EnvSpec) -> Result<usize, AgentError> {
    match spec.action {
        Space::Discrete { n } => Ok(n as usize),
        Space::Box { .. } => Err(AgentError::Space {
            agent: "dqn",
            env: spec.id,
            found: format!("actions {}", spec.action),
            allowed: "discrete actions",
        }),
    }
}
