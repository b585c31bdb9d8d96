//! The numbers of an optimiser.

use std::ops::{Add, Div, Mul, Sub};

/// What a rule is computed in.
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// The nearest number to `x`.
    fn of(x: f64) -> Self;

    /// `√x`.
    fn root(self) -> Self;

    /// The smallest normal number.
    const SMALLEST: Self;

    /// Itself, or 0 where it is smaller than `least` in size.
    fn zero_below(self, least: Self) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    const SMALLEST: Self = Self::MIN_POSITIVE;

    #[inline(always)]
    fn zero_below(self, least: Self) -> Self {
        if self.abs() < least { 0.0 } else { self }
    }
}

impl Real for f64 {
    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    const SMALLEST: Self = Self::MIN_POSITIVE;

    #[inline(always)]
    fn zero_below(self, least: Self) -> Self {
        if self.abs() < least { 0.0 } else { self }
    }
}
