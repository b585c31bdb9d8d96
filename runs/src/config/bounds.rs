//! Bounds of a number.

use std::fmt;

use crate::yaml::{Number, Value};

/// The numbers from `low` to `high`.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    low: f64,
    high: f64,
    low_open: bool,
    high_open: bool,
}

impl Bounds {
    /// `[low, high]`.
    pub const fn within(low: f64, high: f64) -> Self {
        Self { low, high, low_open: false, high_open: false }
    }

    /// `[low, high)`.
    pub const fn below(low: f64, high: f64) -> Self {
        Self { low, high, low_open: false, high_open: true }
    }

    /// `(low, high]`.
    pub const fn above_to(low: f64, high: f64) -> Self {
        Self { low, high, low_open: true, high_open: false }
    }

    /// `[low, ∞)`.
    pub const fn at_least(low: f64) -> Self {
        Self { low, high: f64::INFINITY, low_open: false, high_open: true }
    }

    /// `(low, ∞)`.
    pub const fn above(low: f64) -> Self {
        Self { low, high: f64::INFINITY, low_open: true, high_open: true }
    }

    /// The value as a number, if it is one and lies within; NaN never does.
    pub fn take(self, value: &Value) -> Option<f64> {
        let x = match value.number()? {
            Number::Whole(n) => n as f64,
            Number::Real(x) => x,
        };
        let above = if self.low_open { x > self.low } else { x >= self.low };
        let below = if self.high_open { x < self.high } else { x <= self.high };
        (x.is_finite() && above && below).then_some(x)
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.high.is_finite(), self.low_open) {
            (false, true) => write!(f, "a number above {}", self.low),
            (false, false) => write!(f, "a number of at least {}", self.low),
            (true, _) => {
                let open = if self.low_open { '(' } else { '[' };
                let close = if self.high_open { ')' } else { ']' };
                write!(f, "a number in {open}{}, {}{close}", self.low, self.high)
            }
        }
    }
}
