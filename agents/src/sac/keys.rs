//! Keys of SAC that read otherwise than its config stores.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the temperature `α` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "TemperatureKeys", into = "TemperatureKeys")]
pub enum Temperature {
    /// Adam on `log α` holds the policy's entropy near `H̄ = target_entropy_per_dim · act_dim`.
    Learned {
        /// `α` at the start.
        initial: f64,
        /// `lr` of `log α`.
        learning_rate: f64,
        /// −½ in the paper's code (TF-Agents), −1 as Haarnoja et al. have it.
        target_entropy_per_dim: f64,
    },
    /// It stays.
    Fixed {
        /// `α`.
        alpha: f64,
    },
}

/// The keys of a [`Temperature`]. What only a learned one has is without effect on a fixed one, so that a
/// variant may fix what others learn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TemperatureKeys {
    /// `α`, at the start where it is learned.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    alpha: f64,
    /// Whether Adam on `log α` holds the policy's entropy near its target.
    learned: bool,
    /// Step size of `log α`.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    learning_rate: f64,
    /// Target entropy over the number of actions: −½ in TF-Agents, −1 in Haarnoja et al. 2018.
    #[schemars(range(min = -100.0, max = 100.0))]
    target_entropy_per_dim: f64,
}

impl Default for TemperatureKeys {
    fn default() -> Self {
        Self { alpha: 1.0, learned: true, learning_rate: 3e-4, target_entropy_per_dim: -0.5 }
    }
}

impl From<TemperatureKeys> for Temperature {
    fn from(keys: TemperatureKeys) -> Self {
        let TemperatureKeys { alpha, learned, learning_rate, target_entropy_per_dim } = keys;
        match learned {
            true => Self::Learned { initial: alpha, learning_rate, target_entropy_per_dim },
            false => Self::Fixed { alpha },
        }
    }
}

impl From<Temperature> for TemperatureKeys {
    fn from(temperature: Temperature) -> Self {
        match temperature {
            Temperature::Learned { initial, learning_rate, target_entropy_per_dim } => {
                Self { alpha: initial, learned: true, learning_rate, target_entropy_per_dim }
            }
            Temperature::Fixed { alpha } => Self { alpha, learned: false, ..Self::default() },
        }
    }
}

/// The keys of the bounds of `log σ`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LogStdKeys {
    /// Lower bound of the actor's `log σ`; `null` is none.
    #[schemars(range(min = -100.0, max = 100.0))]
    log_std_min: Option<f64>,
    /// Upper bound of it.
    #[schemars(range(min = -100.0, max = 100.0))]
    log_std_max: Option<f64>,
}

/// For `#[serde(flatten, with)]` of the two bounds.
pub mod log_std {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::sac::keys::LogStdKeys;

    /// An infinite bound is none.
    pub fn serialize<S: Serializer>(bounds: &[f32; 2], to: S) -> Result<S::Ok, S::Error> {
        // By way of the shortest text, so that 0.1 is read back as it was typed.
        let finite = |x: f32| x.is_finite().then(|| x.to_string().parse().unwrap_or(f64::from(x)));
        let [log_std_min, log_std_max] = bounds.map(finite);
        LogStdKeys { log_std_min, log_std_max }.serialize(to)
    }

    /// None is infinite.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[f32; 2], D::Error> {
        let LogStdKeys { log_std_min, log_std_max } = LogStdKeys::deserialize(from)?;
        let bounds =
            [log_std_min.unwrap_or(f64::NEG_INFINITY), log_std_max.unwrap_or(f64::INFINITY)];
        Ok(bounds.map(|x| x as f32))
    }
}
