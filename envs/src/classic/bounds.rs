//! The bounds of a start, which Gymnasium takes as the options of its `reset`.

use crate::{EnvError, EnvOption, EnvRng, Limits, OptionValue, Options};

/// Bounds that values of a start are drawn between.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    low: f64,
    high: f64,
}

/// The option of the lower bound.
pub(super) const fn low(default: f64) -> EnvOption {
    number("low", default, "lower bound of a start")
}

/// The option of the upper bound.
pub(super) const fn high(default: f64) -> EnvOption {
    number("high", default, "upper bound of a start, not below `low`")
}

/// The option of a number without limits.
pub(super) const fn number(key: &'static str, default: f64, about: &'static str) -> EnvOption {
    EnvOption { key, default: OptionValue::Real(default), limits: Limits::Any, about }
}

impl Bounds {
    /// Those of the options of an env; a lower one above the upper one is an error.
    pub fn new(id: &'static str, options: &Options) -> Result<Self, EnvError> {
        let (low, high) = (options.f64("low")?, options.f64("high")?);
        if low > high {
            let allowed = format!("a number of at most `high`, which is {high}");
            return Err(EnvError::OptionValue { id, key: "low", found: low.to_string(), allowed });
        }
        Ok(Self { low, high })
    }

    /// A value between them, as numpy's `Generator.uniform(low, high)` draws it.
    #[inline]
    pub fn draw(self, rng: &mut EnvRng) -> f64 {
        rng.uniform(self.low, self.high)
    }
}
