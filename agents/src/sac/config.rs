//! What is chosen about SAC, and what it will take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_envs::{EnvSpec, Space};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::estimate::Bytes;
use sparring_sparse::layers::Features;
use sparring_sparse::{Activation, Init, LayerSpec, OptimizerConfig};

use crate::action_box::ActionBox;
use crate::cadence::Cadence;
use crate::error::AgentError;
use crate::input::Input;
use crate::networks::image::image;
use crate::networks::mlp::Mlp;
use crate::networks::style::MlpStyle;
use crate::networks::{AlgebraKeys, Chosen, NetworkConfig, NetworkRow};
use crate::optimizer_keys::OptimizerKeys;
use crate::replay::{Experience, ReplayConfig, Sample};
use crate::sac::keys::{LogStdKeys, Temperature, TemperatureKeys, log_std};
use crate::summary::{Estimate, NetworkSummary, TrainingFlops};

/// Glorot's uniform weights in every layer; heads decay as hidden layers do (Graesser et al. 2022, released code).
const STYLE: MlpStyle = MlpStyle {
    activation: Activation::Relu,
    hidden: Init::GlorotUniform,
    head: Init::GlorotUniform,
    head_bias: 0.0,
    head_decays: true,
};

/// What is chosen about a SAC agent. Steps are environment steps unless the name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SacConfig {
    /// What reads the observations in all networks that have none of their own, each with weights of its own;
    /// none is a perceptron, of the sizes below. A critic of convolutions sees each number of an action as a
    /// plane of the image that holds it everywhere.
    pub network: Option<NetworkConfig>,
    /// What reads the observations in the actor.
    pub actor_network: Option<NetworkConfig>,
    /// What reads observations and actions in each critic.
    pub critic_network: Option<NetworkConfig>,
    /// An algebra that hidden layers of all networks are over; none are real.
    pub algebra: Option<AlgebraKeys>,
    /// Widths of the hidden layers of all networks that have none of their own.
    #[schemars(inner(range(min = 1)), example = vec![256, 256], extend("x-not-beside" = ["network"]))]
    pub hidden: Option<Vec<usize>>,
    /// Widths of the actor's hidden ReLU layers.
    #[schemars(inner(range(min = 1)), extend("x-not-beside" = ["network", "actor_network"]))]
    pub actor_hidden: Vec<usize>,
    /// Widths of each critic's hidden ReLU layers.
    #[schemars(inner(range(min = 1)), extend("x-not-beside" = ["network", "critic_network"]))]
    pub critic_hidden: Vec<usize>,
    /// Multiplies the widths of all networks that have no multiplier of their own.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0, "x-not-beside" = ["network"]))]
    pub width: Option<f64>,
    /// Multiplies the actor's widths, to `max(1, ⌊n · width⌋)`.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0, "x-not-beside" = ["network", "actor_network"]))]
    pub actor_width: f64,
    /// Multiplies each critic's.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0, "x-not-beside" = ["network", "critic_network"]))]
    pub critic_width: f64,
    /// Sparsity of the actor.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub actor_sparsity: SparsityConfig,
    /// Sparsity of each critic.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub critic_sparsity: SparsityConfig,
    /// Rule, step size, clipping, and what weight decay does, in each network.
    #[serde(flatten, with = "crate::optimizer_keys")]
    #[schemars(with = "OptimizerKeys")]
    pub optimizer: OptimizerConfig,
    /// `λ` of the decay of all weights (biases have none).
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// `α`.
    #[schemars(with = "TemperatureKeys")]
    pub temperature: Temperature,
    /// Bounds of the actor's `log σ`; none where infinite.
    #[serde(flatten, with = "log_std")]
    #[schemars(with = "LogStdKeys")]
    pub log_std: [f32; 2],
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
    /// Steps of an environment for which each random action of the warm-up is held: 1 is white noise,
    /// more reaches what only a lasting push reaches.
    #[schemars(range(min = 1))]
    pub warmup_hold_steps: u64,
    /// Environment steps from one training to the next.
    #[schemars(range(min = 1))]
    pub train_every_env_steps: u64,
    /// Gradient steps in one training.
    #[schemars(range(min = 1))]
    pub gradient_steps: u64,
    /// Gradient steps from one target update to the next.
    #[schemars(range(min = 1))]
    pub target_every_gradient_steps: u64,
    /// `τ`: target ← (1 − τ) target + τ online.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub target_tau: f64,
    /// `γ`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub discount: f64,
    /// Rewards in a return before it bootstraps.
    #[schemars(range(min = 1))]
    pub n_step: usize,
    /// `c`, which multiplies every reward that a critic sees.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub reward_scale: f64,
}

impl Default for SacConfig {
    fn default() -> Self {
        Self::paper()
    }
}

impl SacConfig {
    /// The paper's values for MuJoCo, dense; `reward_scale` is the released code's.
    pub fn paper() -> Self {
        Self {
            network: None,
            actor_network: None,
            critic_network: None,
            algebra: None,
            hidden: None,
            actor_hidden: vec![256, 256],
            critic_hidden: vec![256, 256],
            width: None,
            actor_width: 1.0,
            critic_width: 1.0,
            actor_sparsity: SparsityConfig::dense(),
            critic_sparsity: SparsityConfig::dense(),
            optimizer: OptimizerConfig::adam(3e-4),
            weight_decay: 1e-4,
            temperature: Temperature::Learned {
                initial: 1.0,
                learning_rate: 3e-4,
                target_entropy_per_dim: -0.5,
            },
            log_std: [f32::NEG_INFINITY, f32::INFINITY],
            batch_size: 256,
            replay_capacity: 1_000_000,
            held_out_episodes: 0.0,
            warmup_env_steps: 10_000,
            warmup_hold_steps: 1,
            train_every_env_steps: 1,
            gradient_steps: 1,
            target_every_gradient_steps: 1,
            target_tau: 0.005,
            discount: 0.99,
            n_step: 1,
            reward_scale: 0.1,
        }
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
            ..ReplayConfig::new(spec, num_envs, self.replay_capacity, self.discount)
        }
    }

    /// The layers of the actor and of each critic.
    ///
    /// # Errors
    /// Observations that the network cannot read.
    pub fn layers(&self, spec: &EnvSpec) -> Result<[Vec<LayerSpec>; 2], AgentError> {
        let (act, decay) = (spec.action.dim(), self.weight_decay);
        let shared = self.network.as_ref();
        let mlp = |hidden: &[usize], width| Mlp { hidden: hidden.to_vec(), width };
        let own = ("actor_network", self.actor_network.as_ref());
        let actor = Chosen::of(own, shared, || mlp(&self.actor_hidden, self.actor_width));
        let own = ("critic_network", self.critic_network.as_ref());
        let critic = Chosen::of(own, shared, || mlp(&self.critic_hidden, self.critic_width));
        let both = match self.planes(spec)? {
            Some(plane) => {
                let channels = plane.channels + act;
                Space::uniform(&[channels, plane.height, plane.width], 0.0, 1.0)
            }
            None => Space::uniform(&[spec.obs.dim() + act], 0.0, 1.0),
        };
        Ok([
            actor.layers(&self.actor_sparsity, self.algebra, &spec.obs, 2 * act, STYLE, decay)?,
            critic.layers(&self.critic_sparsity, self.algebra, &both, 1, STYLE, decay)?,
        ])
    }

    /// The image that a critic of convolutions reads, without the action's planes.
    fn planes(&self, spec: &EnvSpec) -> Result<Option<Features>, AgentError> {
        let (key, network) = match (&self.critic_network, &self.network) {
            (Some(network), _) => ("critic_network", network),
            (None, Some(network)) => ("network", network),
            (None, None) => return Ok(None),
        };
        let NetworkRow { name, reads_images, .. } = network.row();
        let image = reads_images.then(|| image(&spec.obs, name));
        image.transpose().map_err(|error| error.named_by(key))
    }

    /// How often a critic sees each number of an action: once, or at each pixel.
    ///
    /// # Errors
    /// Observations that the network cannot read.
    pub fn action_copies(&self, spec: &EnvSpec) -> Result<usize, AgentError> {
        Ok(self.planes(spec)?.map_or(1, |plane| plane.height * plane.width))
    }

    /// See [`crate::AgentConfig::estimate`].
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        total_env_steps: u64,
    ) -> Result<Estimate, AgentError> {
        ActionBox::of(spec, "sac")?;
        let [actor, critic] = self.layers(spec)?;
        // Acting, the next states, the states and their gradients, an evaluation; for critics what
        // was done, what the actor would do, the gradients of both, and the targets.
        let batches = [num_envs.max(self.batch_size); 5];
        let networks = [
            ("actor", &actor, &self.actor_sparsity, false),
            ("critic.1", &critic, &self.critic_sparsity, true),
            ("critic.2", &critic, &self.critic_sparsity, true),
        ];
        let gradient_steps = self.cadence().total(total_env_steps, num_envs);
        let replay = self.replay(spec, num_envs);
        let mut taken = Vec::new();
        let mut sum = Estimate {
            networks: Vec::new(),
            gradient_steps,
            training: TrainingFlops::default(),
            network_bytes: 0,
            memory_bytes: Experience::bytes(replay, self.held_out_episodes)
                .saturating_add(Sample::bytes(&replay, self.batch_size))
                .saturating_add(Input::of(spec).bytes(2 * self.batch_size)),
        };
        for (name, layers, sparsity, target) in networks {
            let (network, bytes) =
                NetworkSummary::planned(name, layers, sparsity, &self.optimizer, target, &batches)
                    .map_err(|error| AgentError::from(error).within(name))?;
            let costs = network.costs();
            let flops = TrainingFlops::of(sparsity, &costs, gradient_steps, self.batch_size)?;
            sum.training = [sum.training, flops].into_iter().sum();
            taken.push(bytes);
            sum.networks.push(network);
        }
        sum.network_bytes = Bytes::together(&taken);
        Ok(sum)
    }
}
