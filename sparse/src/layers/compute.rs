//! In which form a layer with inactive weights is computed, and where one form overtakes the other.

use serde::{Deserialize, Serialize};

use super::Shape;
use crate::algebra::Algebra;
use crate::kernels::SimdLevel;

/// In which form a layer with inactive weights is computed; its results differ by rounding only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Compute {
    /// Active weights only.
    Sparse,
    /// All weights, the inactive ones as zeros: the form of other libraries' masks.
    Dense,
    /// Sparse below a density, dense from it on.
    Auto(BreakEven),
}

impl Compute {
    /// Whether a layer of `shape` over `algebra`, of whose weights `density` are active, is computed with all weights,
    /// the inactive ones as zeros.
    ///
    /// Blocks that leave places free count as so much sparser. A convolution over an algebra of several columns has no
    /// dense form of its own: its matrix, with a copy of each block for each column, has zeros in any case.
    pub fn of_layer(&self, shape: &Shape, algebra: Algebra, density: f64) -> bool {
        let filled = algebra.terms() as f64 / (algebra.side() * algebra.side()) as f64;
        match shape {
            Shape::Conv2d(_) if algebra.columns() > 1 => {
                self.is_dense(shape, density * filled / algebra.columns() as f64)
            }
            Shape::Conv2d(_) | Shape::Linear { .. } => {
                density >= 1.0 || self.is_dense(shape, density * filled)
            }
        }
    }

    /// Whether a layer of `shape` at `density` is computed dense. One without inactive weights always
    /// is.
    pub fn is_dense(&self, shape: &Shape, density: f64) -> bool {
        match self {
            Self::Sparse => density >= 1.0,
            Self::Dense => true,
            Self::Auto(break_even) => density >= break_even.of(shape),
        }
    }
}

/// The densities at which both forms take the same time.
///
/// Which form is chosen changes the rounding of results, so what is chosen by default may depend on nothing
/// that is measured while a program runs: [`BreakEven::shipped`] is a table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakEven {
    /// Of linear layers of 256 × 256 and smaller, whose activations stay in the nearest caches.
    pub small: f64,
    /// Of linear layers of 1,024 × 1,024 and larger; between, it changes with the logarithm of the size.
    pub large: f64,
    /// Of convolutions.
    pub conv: f64,
}

/// The width of the small layers, and of the large ones.
const SMALL: usize = 256;
const LARGE: usize = 1024;

impl BreakEven {
    /// The break-even of a SIMD level, a constant of this release.
    ///
    /// AVX-512 is as in `runs/records/2026-11-24-sparse` (Zen 4), AVX2 the middle of what
    /// [`BreakEven::measure`] gave on Zen 3, quiet and loaded (0.50 to 0.57, 0.39 to 0.50, 0.50 to 0.54). The
    /// others were not measured; they have the values of AVX2.
    pub const fn shipped(level: SimdLevel) -> Self {
        match level {
            SimdLevel::Avx512 => Self { small: 0.56, large: 0.46, conv: 0.64 },
            SimdLevel::Avx2 | SimdLevel::Neon | SimdLevel::Plain => {
                Self { small: 0.54, large: 0.46, conv: 0.53 }
            }
        }
    }

    /// The break-even of a layer.
    pub fn of(&self, shape: &Shape) -> f64 {
        match shape {
            Shape::Conv2d(_) => self.conv,
            Shape::Linear { inputs, outputs } => {
                let log = |size: usize| (size.max(1) as f64).log2();
                let (small, large) = (2.0 * log(SMALL), 2.0 * log(LARGE));
                let part =
                    ((log(*inputs) + log(*outputs) - small) / (large - small)).clamp(0.0, 1.0);
                self.small + part * (self.large - self.small)
            }
        }
    }
}

impl Default for BreakEven {
    /// That of this machine's SIMD level.
    fn default() -> Self {
        Self::shipped(SimdLevel::of_this_machine())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: BreakEven = BreakEven { small: 0.6, large: 0.4, conv: 0.3 };

    #[test]
    fn between_small_and_large_it_changes_with_the_logarithm() {
        let of = |inputs, outputs| EVEN.of(&Shape::Linear { inputs, outputs });
        assert_eq!((of(256, 256), of(4, 8), of(1024, 1024), of(9999, 4096)), (0.6, 0.6, 0.4, 0.4));
        assert!((of(512, 512) - 0.5).abs() < 1e-12);
        assert!((of(64, 4096) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn forms_are_chosen_by_density() {
        let shape = Shape::Linear { inputs: 256, outputs: 256 };
        assert!(
            Compute::Auto(EVEN).is_dense(&shape, 0.6)
                && !Compute::Auto(EVEN).is_dense(&shape, 0.59)
        );
        assert!(Compute::Dense.is_dense(&shape, 0.01) && !Compute::Sparse.is_dense(&shape, 0.99));
        assert!(Compute::Sparse.is_dense(&shape, 1.0));
    }
}
