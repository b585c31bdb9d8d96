//! What is chosen about PPO, and what it will take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::estimate::Bytes;
use sparring_sparse::{Activation, LayerSpec, OptimizerConfig, Rule};

use crate::error::AgentError;
use crate::input::Input;
use crate::networks::mlp::Mlp;
use crate::networks::{AlgebraKeys, Chosen, NetworkConfig};
use crate::optimizer_keys::{HiddenActivation, OptimizerKeys, RateDecay};
use crate::policy::Policy;
use crate::ppo::weights::FirstWeights;
use crate::rollout::Rollout;
use crate::summary::{Estimate, NetworkSummary, TrainingFlops};

/// What is chosen about a PPO agent. Steps are environment steps unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PpoConfig {
    /// What reads the observations in all networks that have none of their own, each with weights of its own;
    /// none is a perceptron, of the sizes and activations below. Other networks have their own activations.
    pub network: Option<NetworkConfig>,
    /// What reads the observations in the actor.
    pub actor_network: Option<NetworkConfig>,
    /// What reads the observations in the critic.
    pub critic_network: Option<NetworkConfig>,
    /// An algebra that hidden layers of all networks are over; none are real.
    pub algebra: Option<AlgebraKeys>,
    /// Widths of the hidden layers of all networks that have none of their own.
    #[schemars(inner(range(min = 1)), example = vec![64, 64], extend("x-not-beside" = ["network"]))]
    pub hidden: Option<Vec<usize>>,
    /// Widths of the actor's hidden layers.
    #[schemars(inner(range(min = 1)), extend("x-not-beside" = ["network", "actor_network"]))]
    pub actor_hidden: Vec<usize>,
    /// Widths of the critic's hidden layers.
    #[schemars(inner(range(min = 1)), extend("x-not-beside" = ["network", "critic_network"]))]
    pub critic_hidden: Vec<usize>,
    /// Multiplies the widths of all networks that have no multiplier of their own.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0, "x-not-beside" = ["network"]))]
    pub width: Option<f64>,
    /// Multiplies the actor's widths, to `max(1, ⌊n · width⌋)`.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0, "x-not-beside" = ["network", "actor_network"]))]
    pub actor_width: f64,
    /// Multiplies the critic's.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0, "x-not-beside" = ["network", "critic_network"]))]
    pub critic_width: f64,
    /// The function after each hidden layer of the actor.
    #[schemars(with = "HiddenActivation")]
    pub actor_activation: Activation,
    /// The function after each hidden layer of the critic.
    #[schemars(with = "HiddenActivation")]
    pub critic_activation: Activation,
    /// What perceptrons start from. Other networks have their own.
    pub first_weights: FirstWeights,
    /// Sparsity of the actor.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub actor_sparsity: SparsityConfig,
    /// Sparsity of the critic.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub critic_sparsity: SparsityConfig,
    /// Rule, first step size, clipping, and what weight decay does, in each network.
    #[serde(flatten, with = "crate::optimizer_keys")]
    #[schemars(with = "OptimizerKeys")]
    pub optimizer: OptimizerConfig,
    /// The environment step at which the learning rate, falling linearly from rollout to rollout,
    /// would be 0; none keeps it.
    #[serde(rename = "learning_rate_decay", with = "crate::optimizer_keys::decay")]
    #[schemars(with = "RateDecay")]
    pub decay_env_steps: Option<u64>,
    /// `λ` of the decay of all weights (biases have none).
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// Steps of each environment in a rollout.
    #[schemars(range(min = 1))]
    pub rollout_steps: usize,
    /// Passes over a rollout.
    #[schemars(range(min = 1))]
    pub epochs: usize,
    /// Transitions in one gradient step.
    #[schemars(range(min = 1))]
    pub minibatch_size: usize,
    /// `γ`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub discount: f64,
    /// `λ` of the advantages.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub gae_lambda: f64,
    /// Whether the value of the state that a truncated episode stopped in counts; without, a truncation is taken for a
    /// termination, as in TF-Agents.
    pub bootstrap_truncated: bool,
    /// `ε` of the clipped ratio.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub clip: f64,
    /// `ε_v` of the clipped values; none leaves them free.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub value_clip: Option<f64>,
    /// `c_v`, the weight of the critic's loss.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub value_coef: f64,
    /// `c`, the weight of the entropy.
    #[schemars(range(min = 0.0))]
    pub entropy_coef: f64,
    /// `σ` of continuous actions at the start, where the bounds are ±1.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub initial_std: f64,
    /// Whether observations are scaled by their running moments.
    pub normalize_observations: bool,
    /// Whether rewards are scaled by the running spread of returns.
    pub normalize_rewards: bool,
    /// Whether the advantages of each minibatch get mean 0 and deviation 1.
    pub normalize_advantages: bool,
}

impl Default for PpoConfig {
    /// The paper's, in a run whose length is not yet known.
    fn default() -> Self {
        Self::paper(0)
    }
}

impl PpoConfig {
    /// The paper's values for MuJoCo, dense, in a run of `total_env_steps`.
    pub fn paper(total_env_steps: u64) -> Self {
        Self {
            network: None,
            actor_network: None,
            critic_network: None,
            algebra: None,
            hidden: None,
            actor_hidden: vec![64, 64],
            critic_hidden: vec![64, 64],
            width: None,
            actor_width: 1.0,
            critic_width: 1.0,
            actor_activation: Activation::Tanh,
            critic_activation: Activation::Relu,
            first_weights: FirstWeights::TfAgents,
            actor_sparsity: SparsityConfig::dense(),
            critic_sparsity: SparsityConfig::dense(),
            optimizer: OptimizerConfig {
                rule: Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-5 },
                max_grad_norm: Some(0.5),
                ..OptimizerConfig::adam(3e-4)
            },
            decay_env_steps: Some(total_env_steps),
            weight_decay: 1e-6,
            rollout_steps: 2048,
            epochs: 10,
            minibatch_size: 64,
            discount: 0.99,
            gae_lambda: 0.95,
            bootstrap_truncated: true,
            clip: 0.2,
            value_clip: None,
            value_coef: 0.5,
            entropy_coef: 0.0,
            initial_std: 0.35,
            normalize_observations: true,
            normalize_rewards: true,
            normalize_advantages: true,
        }
    }

    /// Rollouts that a run of `total_env_steps`, which `num_envs` at once round up, fills; one that its end cuts
    /// trains nothing.
    pub fn rollouts(&self, total_env_steps: u64, num_envs: usize) -> u64 {
        total_env_steps.div_ceil(num_envs as u64) / self.rollout_steps as u64
    }

    /// Gradient steps on these [rollouts](Self::rollouts).
    pub fn gradient_steps(&self, total_env_steps: u64, num_envs: usize) -> u64 {
        let rollouts = self.rollouts(total_env_steps, num_envs);
        let minibatches = (self.rollout_steps * num_envs).div_ceil(self.minibatch_size);
        rollouts.saturating_mul((self.epochs * minibatches) as u64)
    }

    /// The layers of the actor and of the critic.
    ///
    /// # Errors
    /// Continuous actions without bounds, and observations that the network cannot read.
    pub fn layers(&self, spec: &EnvSpec) -> Result<[Vec<LayerSpec>; 2], AgentError> {
        let (outputs, decay) = (Policy::of(spec, "ppo")?.width(), self.weight_decay);
        let [actor, critic] =
            self.first_weights.styles([self.actor_activation, self.critic_activation]);
        let shared = self.network.as_ref();
        let mlp = |hidden: &[usize], width| Mlp { hidden: hidden.to_vec(), width };
        let own = ("actor_network", self.actor_network.as_ref());
        let of_actor = Chosen::of(own, shared, || mlp(&self.actor_hidden, self.actor_width));
        let own = ("critic_network", self.critic_network.as_ref());
        let of_critic = Chosen::of(own, shared, || mlp(&self.critic_hidden, self.critic_width));
        Ok([
            of_actor.layers(
                &self.actor_sparsity,
                self.algebra,
                &spec.obs,
                outputs,
                actor,
                decay,
            )?,
            of_critic.layers(&self.critic_sparsity, self.algebra, &spec.obs, 1, critic, decay)?,
        ])
    }

    /// See [`crate::AgentConfig::estimate`].
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        total_env_steps: u64,
    ) -> Result<Estimate, AgentError> {
        let [actor, critic] = self.layers(spec)?;
        let policy = Policy::of(spec, "ppo")?;
        let gradient_steps = self.gradient_steps(total_env_steps, num_envs);
        // The values of a whole rollout and of what it keeps.
        let rows = self.rollout_steps.saturating_mul(num_envs);
        let minibatch = self.minibatch_size;
        let batches = [
            // Acting, what is learnt from and its gradients, an evaluation.
            vec![num_envs, minibatch, minibatch, num_envs],
            vec![rows, rows, minibatch, minibatch],
        ];
        let (obs_dim, act_dim) = (spec.obs.dim(), policy.act_dim());
        let mut taken = Vec::new();
        let mut sum = Estimate {
            networks: Vec::new(),
            gradient_steps,
            training: TrainingFlops::default(),
            network_bytes: 0,
            memory_bytes: Rollout::bytes(self.rollout_steps, num_envs, obs_dim, act_dim)
                .saturating_add(Input::of(spec).bytes(num_envs)),
        };
        for (name, layers, sparsity, batches) in [
            ("actor", &actor, &self.actor_sparsity, &batches[0]),
            ("critic", &critic, &self.critic_sparsity, &batches[1]),
        ] {
            let (network, bytes) =
                NetworkSummary::planned(name, layers, sparsity, &self.optimizer, false, batches)
                    .map_err(|error| AgentError::from(error).within(name))?;
            let costs = network.costs();
            let flops = TrainingFlops::of(sparsity, &costs, gradient_steps, self.minibatch_size)?;
            sum.training = [sum.training, flops].into_iter().sum();
            taken.push(bytes);
            sum.networks.push(network);
        }
        sum.network_bytes = Bytes::together(&taken);
        Ok(sum)
    }
}
