//! Bounds of a number.

use std::fmt;

use crate::yaml::{Number, Value};

/// The numbers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Whether the least itself is not one.
    pub low_open: bool,
    /// Whether the largest itself is not one.
    pub high_open: bool,
}

impl Bounds {
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
            (false, _) if self.low.is_infinite() => write!(f, "a finite number"),
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
