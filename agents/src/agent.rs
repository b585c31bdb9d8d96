//! What the training loop drives: act, observe (store and train), report.

use serde::Serialize;
use sparring_envs::{Actions, Batch, EnvSpec};
use sparring_sparse::{Network, Seed};

use crate::dqn::{Dqn, DqnConfig};
use crate::error::AgentError;

/// An agent in training. It sees environments only as batches.
pub trait Agent: Send {
    /// Actions for `obs (n, obs_dim)`, exploring as training does.
    fn act(&mut self, obs: &[f32]) -> Result<Actions<'_>, AgentError>;

    /// Actions for `obs (n, obs_dim)` by the evaluation policy; training is not disturbed.
    fn act_eval(&mut self, obs: &[f32]) -> Result<Actions<'_>, AgentError>;

    /// Stores one vector step, the answer to the last [`Self::act`], and trains as often as is due.
    fn observe(&mut self, batch: &Batch<'_>) -> Result<(), AgentError>;

    /// Gradient steps so far.
    fn gradient_steps(&self) -> u64;

    /// Moves what has gathered since the last call into `out`: means of losses, counts of rewiring,
    /// present densities.
    fn drain_metrics(&mut self, out: &mut Vec<Metric>);

    /// The networks as they are now.
    fn networks(&self) -> Vec<NetworkSummary>;
}

/// The agents and what is chosen about them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AgentConfig {
    /// Deep Q-learning.
    Dqn(DqnConfig),
}

impl AgentConfig {
    /// What the agent will take in a run of `total_env_steps` on `num_envs` of `spec`.
    ///
    /// # Errors
    /// An env that the agent cannot play, and a sparsity that the network cannot have.
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        total_env_steps: u64,
    ) -> Result<Estimate, AgentError> {
        match self {
            Self::Dqn(config) => config.estimate(spec, num_envs, total_env_steps),
        }
    }

    /// A fresh agent for `num_envs` of `spec`; all its randomness comes from streams below `seed`.
    pub fn build(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Box<dyn Agent>, AgentError> {
        match self {
            Self::Dqn(config) => Ok(Box::new(Dqn::new(config.clone(), spec, num_envs, seed)?)),
        }
    }
}

/// One scalar of an agent's log, such as `losses/td` or `sparsity/q/hidden.0/density`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Slash-separated: the first part groups in TensorBoard.
    pub tag: String,
    /// The value.
    pub value: f64,
}

impl Metric {
    /// `tag` with `value`.
    pub fn new(tag: impl Into<String>, value: f64) -> Self {
        Self { tag: tag.into(), value }
    }
}

/// What an agent will take, known before it is made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The trained networks (targets are copies and not listed) at their final sparsity.
    pub networks: Vec<NetworkSummary>,
    /// Gradient steps in the whole run.
    pub gradient_steps: u64,
    /// Bytes of weights, structure and moments of all networks, at their largest.
    pub network_bytes: u64,
    /// Bytes of the replay memory or rollout.
    pub memory_bytes: u64,
}

/// The size of one network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkSummary {
    /// `q`, `actor`, `critic.1`, …
    pub name: String,
    /// From input to output.
    pub layers: Vec<LayerSummary>,
}

impl NetworkSummary {
    /// `network` as it is now.
    pub fn of(name: &str, network: &Network) -> Self {
        let layer = |layer: &sparring_sparse::SparseLinear| LayerSummary {
            name: layer.name().into(),
            weights: layer.topology().size() as u64,
            active_weights: layer.topology().nnz() as u64,
            biases: layer.topology().rows() as u64,
        };
        Self { name: name.into(), layers: network.layers().iter().map(layer).collect() }
    }
}

/// The size of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSummary {
    /// `hidden.0`, `hidden.1`, …, `head`.
    pub name: String,
    /// Weights of the dense layer.
    pub weights: u64,
    /// Weights that are (or, in a plan, will at the end be) active.
    pub active_weights: u64,
    /// Biases, always dense.
    pub biases: u64,
}

impl LayerSummary {
    /// Multiplications and additions of one sample's forward pass: `2 · active weights + biases`.
    pub fn flops(&self) -> u64 {
        2 * self.active_weights + self.biases
    }
}
