//! The numbers of optimisers and averages, and which of them are too small to stay.

use std::ops::{Add, Div, Mul, Sub};

/// What a rule is computed in.
///
/// What underflows is 0, not a subnormal number, which would cost many processors a hundred cycles at each step: a moment or
/// an average below [`Self::SMALLEST`], a weight below [`Self::LEAST_WEIGHT`]. Both are of units that are dead, by their inputs
/// or because nothing that is connected follows them: their gradient is exactly zero.
pub trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// The smallest normal number.
    const SMALLEST: Self;

    /// 2⁻⁹⁶: Adam with L2 penalties halves the weights of a dead unit every dozen steps; were they to go on to
    /// [`Self::SMALLEST`], their penalty would underflow before them, and they would stay.
    const LEAST_WEIGHT: Self;

    /// The nearest number to `x`.
    fn of(x: f64) -> Self;

    /// `√x`.
    fn root(self) -> Self;

    /// `|x|`.
    fn size(self) -> Self;

    /// Itself, or 0 where it is smaller than `least` in size.
    #[inline(always)]
    fn zero_below(self, least: Self) -> Self {
        if self.size() < least { Self::of(0.0) } else { self }
    }
}

impl Real for f32 {
    const SMALLEST: Self = Self::MIN_POSITIVE;
    const LEAST_WEIGHT: Self = Self::from_bits((127 - 96) << 23);

    #[inline(always)]
    fn of(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn size(self) -> Self {
        self.abs()
    }
}

impl Real for f64 {
    const SMALLEST: Self = Self::MIN_POSITIVE;
    const LEAST_WEIGHT: Self = Self::from_bits((1023 - 96) << 52);

    #[inline(always)]
    fn of(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn size(self) -> Self {
        self.abs()
    }
}
