//! Keys that agents share: those of the optimiser, and of how its learning rate falls.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sparring_sparse::{ClipNorm, OptimizerConfig, Rule, WeightDecay};

/// The keys of [`OptimizerConfig`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OptimizerKeys {
    /// Step size.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    learning_rate: f64,
    /// The rule.
    optimizer: Optimizer,
    /// `β1`, the decay of the first moment.
    #[schemars(
        range(min = 0.0),
        extend("exclusiveMaximum" = 1.0, "x-when" = {"optimizer": ["adam", "adamw"]})
    )]
    adam_beta1: f64,
    /// `β2`, the decay of the second moment.
    #[schemars(
        range(min = 0.0),
        extend("exclusiveMaximum" = 1.0, "x-when" = {"optimizer": ["adam", "adamw"]})
    )]
    adam_beta2: f64,
    /// `ε`, added to the root of the second moment.
    #[schemars(extend("exclusiveMinimum" = 0.0, "x-when" = {"optimizer": ["adam", "adamw"]}))]
    adam_eps: f64,
    /// `μ` of the velocity.
    #[schemars(
        range(min = 0.0),
        extend("exclusiveMaximum" = 1.0, "x-when" = {"optimizer": ["sgd"]})
    )]
    momentum: f64,
    /// Which penalty `weight_decay` multiplies.
    #[schemars(extend("x-when" = {"optimizer": ["adam", "sgd"]}))]
    weight_decay_form: Penalty,
    /// A gradient of a larger norm is scaled down to it; `null` clips nothing.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    max_grad_norm: Option<f64>,
    /// Whose norm that is: of the active weights' gradient, or of the dense one.
    clip_norm: ClipNorm,
}

/// A rule by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Optimizer {
    /// Adam (Kingma & Ba 2015).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    #[serde(rename = "adamw")]
    AdamW,
    /// Gradient descent with momentum.
    Sgd,
}

/// What weight decay penalises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Penalty {
    /// `λ Σ w²`.
    Squares,
    /// `½ λ Σ w²`.
    HalfSquares,
}

impl Default for OptimizerKeys {
    fn default() -> Self {
        Self::from(&OptimizerConfig::adam(1e-3))
    }
}

impl From<&OptimizerConfig> for OptimizerKeys {
    fn from(config: &OptimizerConfig) -> Self {
        let (optimizer, [adam_beta1, adam_beta2, adam_eps], momentum) = match config.rule {
            Rule::Adam { beta1, beta2, eps } => (Optimizer::Adam, [beta1, beta2, eps], 0.9),
            Rule::Sgd { momentum } => (Optimizer::Sgd, [0.9, 0.999, 1e-7], momentum),
        };
        let (optimizer, weight_decay_form) = match config.weight_decay {
            WeightDecay::Squares => (optimizer, Penalty::Squares),
            WeightDecay::HalfSquares => (optimizer, Penalty::HalfSquares),
            WeightDecay::Decoupled => (Optimizer::AdamW, Penalty::Squares),
        };
        Self {
            learning_rate: config.learning_rate,
            optimizer,
            adam_beta1,
            adam_beta2,
            adam_eps,
            momentum,
            weight_decay_form,
            max_grad_norm: config.max_grad_norm,
            clip_norm: config.clip_norm,
        }
    }
}

impl From<OptimizerKeys> for OptimizerConfig {
    fn from(keys: OptimizerKeys) -> Self {
        let adam =
            Rule::Adam { beta1: keys.adam_beta1, beta2: keys.adam_beta2, eps: keys.adam_eps };
        let rule = match keys.optimizer {
            Optimizer::Adam | Optimizer::AdamW => adam,
            Optimizer::Sgd => Rule::Sgd { momentum: keys.momentum },
        };
        let weight_decay = match (keys.optimizer, keys.weight_decay_form) {
            (Optimizer::AdamW, _) => WeightDecay::Decoupled,
            (Optimizer::Adam | Optimizer::Sgd, Penalty::Squares) => WeightDecay::Squares,
            (Optimizer::Adam | Optimizer::Sgd, Penalty::HalfSquares) => WeightDecay::HalfSquares,
        };
        Self {
            rule,
            learning_rate: keys.learning_rate,
            weight_decay,
            max_grad_norm: keys.max_grad_norm,
            clip_norm: keys.clip_norm,
        }
    }
}

/// For `#[serde(flatten, with)]` of an [`OptimizerConfig`].
pub fn serialize<S: Serializer>(config: &OptimizerConfig, to: S) -> Result<S::Ok, S::Error> {
    OptimizerKeys::from(config).serialize(to)
}

/// For `#[serde(flatten, with)]` of an [`OptimizerConfig`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<OptimizerConfig, D::Error> {
    OptimizerKeys::deserialize(from).map(OptimizerConfig::from)
}

/// Whether the learning rate falls over the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateDecay {
    /// It stays.
    Constant,
    /// To 0 at the end of the run.
    Linear,
}

/// The functions that may stand after a hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HiddenActivation {
    /// `tanh(x)`.
    Tanh,
    /// `max(x, 0)`.
    Relu,
}

/// For `#[serde(with)]` of the steps over which a learning rate falls; how many they are is known when the
/// run's length is.
pub mod decay {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::RateDecay;

    /// `linear` where there are steps.
    pub fn serialize<S: Serializer>(steps: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
        let decay = if steps.is_some() { RateDecay::Linear } else { RateDecay::Constant };
        decay.serialize(to)
    }

    /// No steps yet for `linear`.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
        Ok(match RateDecay::deserialize(from)? {
            RateDecay::Linear => Some(0),
            RateDecay::Constant => None,
        })
    }
}
