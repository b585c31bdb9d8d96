//! DQN (Mnih et al. 2015) as Graesser et al. 2022 train it on classic control (PAPERS 2.2).
//!
//! `L = mean ℓ(Q(s, a) − y)`, `y = R + γᵏ · max_a' Q⁻(s', a')`, where `R` sums `k` rewards and `γᵏ`
//! is 0 after a termination; a truncated transition bootstraps. With double Q (van Hasselt et al.
//! 2016) `y = R + γᵏ · Q⁻(s', argmax_a' Q(s', a'))`.
//!
//! One gradient step (PAPERS 1.10): prune if due → loss and gradients → rewire if due → clip →
//! optimiser, on the gradient at the weights before the rewiring → target update if due.
//!
//! Differs from the paper in:
//! 1. a pruned weight cannot come back ([`sparring_sparse::methods::pruning`]);
//! 2. ε follows the paper's table (1 to 0.1 over 25,000 steps, 0.1 in evaluation); the released code
//!    keeps 0.01 and evaluates greedily. Both can be chosen;
//! 3. `max_grad_norm` sees the gradient of active weights only, unless `clip_norm` says `dense`.

use candle_core::{D, Device, Tensor};
use serde::Serialize;
use sparring_envs::{Actions, Batch, EnvSpec, Space};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::seed::Rng;
use sparring_sparse::{
    Activation, Executed, Init, LayerSpec, Network, OptimizerConfig, Seed, Target, Trainer,
};

use crate::agent::{Agent, Estimate, Metric, NetworkSummary, TrainingFlops, sparsity_metrics};
use crate::cadence::Cadence;
use crate::error::AgentError;
use crate::explore::{Epsilon, epsilon_greedy};
use crate::networks::estimate::{Bytes, estimate};
use crate::networks::mlp::{MlpStyle, mlp};
use crate::replay::{Replay, Sample};
use crate::returns::NStep;

/// Hidden layers: He's truncated normal. Head: `U(−0.03, 0.03)` with biases −0.2 (PAPERS 2.2).
const STYLE: MlpStyle = MlpStyle {
    activation: Activation::Relu,
    hidden: Init::TruncatedNormal { scale: 2.0 },
    head: Init::Uniform { limit: 0.03 },
    head_bias: -0.2,
    head_decays: false,
};

/// What is chosen about a DQN agent. Steps are environment steps unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DqnConfig {
    /// Widths of the hidden ReLU layers.
    pub hidden: Vec<usize>,
    /// Sparsity of the Q-network.
    pub sparsity: SparsityConfig,
    /// Rule, step size, clipping, and what weight decay does.
    pub optimizer: OptimizerConfig,
    /// `λ` of the decay of the weights of the hidden layers (biases and head have none).
    pub weight_decay: f64,
    /// Transitions in one gradient step.
    pub batch_size: usize,
    /// Transitions that the replay memory holds.
    pub replay_capacity: usize,
    /// Environment steps taken at random before training starts.
    pub warmup_env_steps: u64,
    /// Environment steps from one training to the next.
    pub train_every_env_steps: u64,
    /// Gradient steps in one training.
    pub gradient_steps: u64,
    /// Gradient steps from one target update to the next.
    pub target_every_gradient_steps: u64,
    /// `τ`: target ← (1 − τ) target + τ online; 1 copies.
    pub target_tau: f64,
    /// `γ`.
    pub discount: f64,
    /// Rewards in a return before it bootstraps.
    pub n_step: usize,
    /// The loss of the temporal-difference error.
    pub loss: Loss,
    /// Whether the online network chooses the action that the target network values (double DQN).
    pub double_q: bool,
    /// Exploration.
    pub epsilon: Epsilon,
}

/// The loss `ℓ` of a temporal-difference error `δ`, averaged over the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `δ²`.
    Squared,
    /// `½ δ²` for `|δ| ≤ 1`, else `|δ| − ½`.
    Huber,
}

impl Loss {
    /// `δ (batch) → mean ℓ(δ)`.
    pub fn mean(self, delta: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Squared => delta.sqr()?.mean_all(),
            // With c = min(|δ|, 1): ½ c² + |δ| − c.
            Self::Huber => {
                let size = delta.abs()?;
                let clipped = size.minimum(1.0)?;
                ((clipped.sqr()? * 0.5)? + (size - clipped)?)?.mean_all()
            }
        }
    }
}

impl DqnConfig {
    /// The paper's values for classic control, dense.
    pub fn paper() -> Self {
        Self {
            hidden: vec![512, 512],
            sparsity: SparsityConfig::dense(),
            optimizer: OptimizerConfig::adam(1e-3),
            weight_decay: 1e-6,
            batch_size: 128,
            replay_capacity: 100_000,
            warmup_env_steps: 1000,
            train_every_env_steps: 1,
            gradient_steps: 1,
            target_every_gradient_steps: 100,
            target_tau: 1.0,
            discount: 0.99,
            n_step: 1,
            loss: Loss::Squared,
            double_q: false,
            epsilon: Epsilon { start: 1.0, end: 0.1, decay_env_steps: 25_000, eval: 0.1 },
        }
    }

    /// Gradient steps in a run of `total_env_steps`, which `num_envs` at once round up.
    pub fn gradient_steps(&self, total_env_steps: u64, num_envs: usize) -> u64 {
        self.cadence().total(total_env_steps, num_envs)
    }

    fn cadence(&self) -> Cadence {
        let Self { warmup_env_steps, train_every_env_steps, gradient_steps, .. } = *self;
        Cadence { warmup_env_steps, train_every_env_steps, gradient_steps }
    }

    fn layers(&self, obs_dim: usize, actions: usize) -> Vec<LayerSpec> {
        mlp(obs_dim, &self.hidden, actions, STYLE, self.weight_decay)
    }

    /// See [`crate::AgentConfig::estimate`].
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        total_env_steps: u64,
    ) -> Result<Estimate, AgentError> {
        let (obs_dim, actions) = spaces(spec)?;
        let layers = self.layers(obs_dim, actions);
        // Acting; online values and their gradients; target values; an evaluation of as many
        // episodes at once.
        let batches =
            [num_envs, self.batch_size, self.batch_size, self.batch_size, self.batch_size];
        let (network, bytes) =
            estimate("q", &layers, &self.sparsity, &self.optimizer, true, &batches)?;
        let gradient_steps = self.gradient_steps(total_env_steps, num_envs);
        let (method, costs) = (&self.sparsity.method, network.costs());
        Ok(Estimate {
            training: TrainingFlops::of(method, &costs, gradient_steps, self.batch_size),
            networks: vec![network],
            gradient_steps,
            network_bytes: Bytes::together(&[bytes]),
            memory_bytes: Replay::bytes(self.replay_capacity, obs_dim, 1)
                .saturating_add(NStep::bytes(self.n_step, num_envs, obs_dim + 1)),
        })
    }
}

/// `(obs_dim, actions)`.
fn spaces(spec: &EnvSpec) -> Result<(usize, usize), AgentError> {
    match spec.action {
        Space::Discrete { n } => Ok((spec.obs.dim(), n as usize)),
        Space::Box { .. } => Err(AgentError::Space {
            agent: "dqn",
            env: spec.id,
            found: format!("actions {}", spec.action),
            allowed: "discrete actions",
        }),
    }
}

/// A DQN agent in training.
pub struct Dqn {
    config: DqnConfig,
    obs_dim: usize,
    num_envs: usize,
    q: Trainer,
    target: Target,
    replay: Replay,
    n_step: NStep,
    explore: Rng,
    sampler: Rng,
    eval: Rng,
    env_steps: u64,
    actions: Vec<u32>,
    eval_actions: Vec<u32>,
    means: Means,
}

/// Sums over the gradient steps since the last report.
#[derive(Debug, Default)]
struct Means {
    steps: u64,
    loss: f64,
    q: f64,
    grad_norm: f64,
}

impl Dqn {
    /// A fresh agent for `num_envs` of `spec`.
    pub fn new(
        config: DqnConfig,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Self, AgentError> {
        let (obs_dim, actions) = spaces(spec)?;
        let layers = config.layers(obs_dim, actions);
        let q = Trainer::new("q", &layers, &config.sparsity, config.optimizer, &seed.child("q"))?;
        Ok(Self {
            target: Target::new(q.network())?,
            q,
            replay: Replay::new(config.replay_capacity, obs_dim, 1),
            n_step: NStep::new(config.n_step, config.discount, num_envs),
            explore: seed.child("explore").rng(),
            sampler: seed.child("replay").rng(),
            eval: seed.child("eval").rng(),
            env_steps: 0,
            actions: Vec::with_capacity(num_envs),
            eval_actions: Vec::new(),
            means: Means::default(),
            obs_dim,
            num_envs,
            config,
        })
    }

    fn epsilon(&self) -> f64 {
        match self.env_steps.checked_sub(self.config.warmup_env_steps) {
            Some(steps) => self.config.epsilon.at(steps),
            None => 1.0,
        }
    }

    /// `obs (n · obs_dim) → Q (n, actions)`.
    fn values(&self, obs: &[f32]) -> Result<Vec<Vec<f32>>, AgentError> {
        let obs = Tensor::from_slice(obs, (obs.len() / self.obs_dim, self.obs_dim), &Device::Cpu)?;
        Ok(self.q.network().forward_detached(&obs)?.to_vec2()?)
    }

    /// One gradient step.
    fn update(&mut self) -> Result<(), AgentError> {
        let batch = self.config.batch_size;
        let Sample { obs, next, action, reward, discount } =
            self.replay.sample(batch, &mut self.sampler);
        let observations = |v| Tensor::from_vec(v, (batch, self.obs_dim), &Device::Cpu);
        let (obs, next) = (observations(obs)?, observations(next)?);
        let action: Vec<u32> = action.into_iter().map(|index| index as u32).collect();
        let action = Tensor::from_vec(action, (batch, 1), &Device::Cpu)?;
        let reward = Tensor::from_vec(reward, batch, &Device::Cpu)?;
        let discount = Tensor::from_vec(discount, batch, &Device::Cpu)?;

        let step = self.q.begin_step()?;
        let next_q = self.target.forward(&next)?; // (batch, actions)
        let next_value = if self.config.double_q {
            let best = self.q.network().forward_detached(&next)?.argmax_keepdim(D::Minus1)?;
            next_q.gather(&best, 1)?.squeeze(1)?
        } else {
            next_q.max(D::Minus1)?
        };
        let y = (reward + (discount * next_value)?)?; // (batch)
        let q = self.q.forward(&obs, &step)?.gather(&action, 1)?.squeeze(1)?; // (batch)
        let loss = self.config.loss.mean(&(&q - y)?)?;
        let value = loss.to_scalar::<f32>()?;
        if !value.is_finite() {
            let step = self.q.optimizer().steps();
            return Err(AgentError::NotFinite { what: "the loss of `q`".into(), value, step });
        }
        let grad_norm = self.q.end_step(step, &loss.backward()?)?;
        if self.q.optimizer().steps().is_multiple_of(self.config.target_every_gradient_steps) {
            self.target.update(self.q.network(), self.config.target_tau)?;
        }

        self.means.steps += 1;
        self.means.loss += f64::from(value);
        self.means.q += f64::from(q.mean_all()?.to_scalar::<f32>()?);
        self.means.grad_norm += f64::from(grad_norm);
        Ok(())
    }
}

impl Agent for Dqn {
    fn act(&mut self, obs: &[f32]) -> Result<Actions<'_>, AgentError> {
        let epsilon = self.epsilon();
        let values = self.values(obs)?;
        self.actions.clear();
        self.actions.extend(values.iter().map(|q| epsilon_greedy(q, epsilon, &mut self.explore)));
        Ok(Actions::Discrete(&self.actions))
    }

    fn act_eval(&mut self, obs: &[f32]) -> Result<Actions<'_>, AgentError> {
        let values = self.values(obs)?;
        let epsilon = self.config.epsilon.eval;
        self.eval_actions.clear();
        self.eval_actions.extend(values.iter().map(|q| epsilon_greedy(q, epsilon, &mut self.eval)));
        Ok(Actions::Discrete(&self.eval_actions))
    }

    fn observe(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        let (expected, found) = (self.num_envs, self.actions.len());
        if expected != found || batch.reward.len() != found {
            return Err(AgentError::Length { what: "actions before a batch", expected, found });
        }
        let before = self.config.cadence().due(self.env_steps);
        let actions = Actions::Discrete(&self.actions);
        self.n_step.push(batch, actions, |transition| self.replay.push(transition));
        self.env_steps += self.num_envs as u64;
        // Void steps and long returns can leave the memory empty after a short warm-up.
        if self.replay.is_empty() {
            return Ok(());
        }
        for _ in before..self.config.cadence().due(self.env_steps) {
            self.update()?;
        }
        Ok(())
    }

    fn gradient_steps(&self) -> u64 {
        self.q.optimizer().steps()
    }

    fn drain_metrics(&mut self, out: &mut Vec<Metric>) {
        let Means { steps, loss, q, grad_norm } = std::mem::take(&mut self.means);
        if steps > 0 {
            let n = steps as f64;
            out.push(Metric::new("losses/td", loss / n));
            out.push(Metric::new("losses/q", q / n));
            out.push(Metric::new("losses/grad_norm", grad_norm / n));
        }
        out.push(Metric::new("charts/epsilon", self.epsilon()));
        out.push(Metric::new("charts/replay_size", self.replay.len() as f64));
        sparsity_metrics(&mut self.q, out);
    }

    fn executed(&self) -> Executed {
        [self.q.network(), self.target.network()].map(Network::executed).into_iter().sum()
    }

    fn networks(&self) -> Vec<NetworkSummary> {
        vec![NetworkSummary::of(&self.q)]
    }
}
