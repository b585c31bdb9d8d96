//! What is chosen about behaviour cloning, and what it will take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_envs::{EnvSpec, Space};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{Activation, Init, LayerSpec};

use super::head::Head;
use crate::action_box::ActionBox;
use crate::data::Vocabulary;
use crate::error::AgentError;
use crate::networks::style::MlpStyle;
use crate::networks::{AlgebraKeys, NetworkConfig};
use crate::offline::OfflineKeys;
use crate::summary::Estimate;

/// A perceptron's hidden layers: He's truncated normal; the head: Glorot's.
const STYLE: MlpStyle = MlpStyle {
    activation: Activation::Relu,
    hidden: Init::TruncatedNormal { scale: 2.0 },
    head: Init::GlorotUniform,
    head_bias: 0.0,
    head_decays: true,
};

/// What is chosen about an agent that clones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BcConfig {
    /// What reads the observations. Of images it reads nothing else: no return, no earlier numbers of an action.
    #[schemars(with = "Option<NetworkConfig>")]
    pub network: NetworkConfig,
    /// Widths of a perceptron's hidden layers: short for `network: {kind: mlp, hidden: ..}`.
    #[schemars(inner(range(min = 1)), example = vec![256, 256], extend("x-not-beside" = ["network"]))]
    pub hidden: Option<Vec<usize>>,
    /// An algebra that hidden layers are over; none are real.
    pub algebra: Option<AlgebraKeys>,
    /// Sparsity of the policy.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub sparsity: SparsityConfig,
    /// How actions are told.
    pub head: Head,
    /// Bins of each number of an action within bounds.
    #[schemars(
        range(min = 2, max = 65_536),
        extend("x-when" = {"head": ["factorised", "autoregressive"]})
    )]
    pub bins: usize,
    /// Those of every offline agent.
    #[serde(flatten)]
    pub training: OfflineKeys,
}

impl Default for BcConfig {
    fn default() -> Self {
        Self {
            network: NetworkConfig::mlp(&[256, 256]),
            hidden: None,
            algebra: None,
            sparsity: SparsityConfig::dense(),
            head: Head::default(),
            bins: 32,
            training: OfflineKeys { batch_size: 256, ..OfflineKeys::default() },
        }
    }
}

impl BcConfig {
    /// Tokens of the actions of `spec`.
    ///
    /// # Errors
    /// A box without bounds, and a Gaussian of discrete actions.
    pub fn words(&self, spec: &EnvSpec) -> Result<Vocabulary, AgentError> {
        if self.head == Head::Gaussian {
            ActionBox::of(spec, "bc with head: gaussian")?;
        }
        Vocabulary::of(spec, self.bins)
    }

    /// What the network reads of `spec`: the observation, then the return, then what is known of an action.
    pub fn input(&self, spec: &EnvSpec, words: &Vocabulary) -> Space {
        let known = match self.head {
            Head::Autoregressive if words.tokens() > 1 => words.tokens() * (1 + words.size),
            Head::Autoregressive | Head::Gaussian | Head::Factorised => 0,
        };
        match usize::from(self.training.is_conditioned()) + known {
            0 => spec.obs.clone(),
            more => Space::uniform(&[spec.obs.dim() + more], f32::NEG_INFINITY, f32::INFINITY),
        }
    }

    /// Numbers that the network gives.
    pub fn outputs(&self, words: &Vocabulary) -> usize {
        match self.head {
            Head::Gaussian => 2 * words.tokens(),
            Head::Factorised => words.tokens() * words.size,
            Head::Autoregressive => words.size,
        }
    }

    /// Rows that the network reads for one action.
    pub fn passes(&self, words: &Vocabulary) -> usize {
        match self.head {
            Head::Autoregressive => words.tokens(),
            Head::Gaussian | Head::Factorised => 1,
        }
    }

    /// The layers of the policy.
    ///
    /// # Errors
    /// Actions that the head cannot tell, and observations that the network cannot read.
    pub fn layers(&self, spec: &EnvSpec) -> Result<Vec<LayerSpec>, AgentError> {
        let words = self.words(spec)?;
        let (input, outputs) = (self.input(spec, &words), self.outputs(&words));
        let Self { sparsity, algebra, training, .. } = self;
        let decay = training.weight_decay;
        self.network.layers_under(sparsity, *algebra, &input, outputs, STYLE, decay)
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
        let (layers, each) = (self.layers(spec)?, self.passes(&self.words(spec)?));
        let of = (&layers[..], &self.sparsity);
        self.training.estimate("bc", of, [num_envs, each], gradient_steps)
    }
}
