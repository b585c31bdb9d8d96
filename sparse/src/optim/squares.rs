//! The norm of a gradient.

use pulp::{Arch, Simd, WithSimd};

/// `Σ (g + l2 · w)²` over parts that decay differently, in lanes, so that it is one SIMD pass with one order of addition
/// everywhere.
#[derive(Debug, Default)]
pub(crate) struct Squares([f32; LANES]);

const LANES: usize = 32;

impl Squares {
    /// Adds those of a part.
    pub fn add(&mut self, w: &[f32], g: &[f32], l2: f32) {
        Arch::new().dispatch(AddSquares { sums: &mut self.0, w, g, l2 });
    }

    /// The sum of all parts.
    pub fn sum(&self) -> f64 {
        self.0.iter().map(|sum| f64::from(*sum)).sum()
    }
}

struct AddSquares<'a> {
    sums: &'a mut [f32; LANES],
    w: &'a [f32],
    g: &'a [f32],
    l2: f32,
}

impl WithSimd for AddSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { sums: to, w, g, l2 } = self;
        // A copy stays in registers.
        let mut sums = *to;
        let ((w, w_rest), (g, g_rest)) = (w.as_chunks::<LANES>(), g.as_chunks::<LANES>());
        for (w, g) in w.iter().zip(g) {
            for (sum, (w, g)) in sums.iter_mut().zip(w.iter().zip(g)) {
                let g = g + l2 * w;
                *sum += g * g;
            }
        }
        for (sum, (w, g)) in sums.iter_mut().zip(w_rest.iter().zip(g_rest)) {
            let g = g + l2 * w;
            *sum += g * g;
        }
        *to = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_summed_with_the_penalty() {
        for size in [0, 1, 31, 32, 33, 100] {
            let w: Vec<f32> = (0..size).map(|k| k as f32 / 7.0).collect();
            let g: Vec<f32> = (0..size).map(|k| 1.0 - k as f32 / 5.0).collect();
            let exact: f64 =
                w.iter().zip(&g).map(|(w, g)| (f64::from(*g) + 0.5 * f64::from(*w)).powi(2)).sum();
            for first in [0, size / 3] {
                let mut found = Squares::default();
                found.add(&w[..first], &g[..first], 0.5);
                found.add(&w[first..], &g[first..], 0.5);
                assert!((found.sum() - exact).abs() <= 1e-6 * exact, "{size}");
            }
        }
    }
}
