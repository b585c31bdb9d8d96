//! The effective rank of features (Kumar et al. 2021, "Implicit Under-Parameterization Inhibits
//! Data-Efficient Deep Reinforcement Learning", 2010.14498).
//!
//! `srank_δ(Φ) = min {k : Σ_{i≤k} σᵢ(Φ) / Σᵢ σᵢ(Φ) ≥ 1 − δ}` with `δ = 0.01` as in the paper, where `σᵢ` are the
//! singular values of `Φ (batch, features)` in descending order. It is at most the batch, so that only
//! ranks from batches of one size can be compared.

use nalgebra::DMatrix;

/// `δ`.
const DELTA: f64 = 0.01;

/// More sweeps than this mean that there is no convergence; a few a singular value are usual.
const SWEEPS_A_VALUE: usize = 100;

/// `srank_δ` of `features (batch, width)`: 0 where all are 0, NaN where one is not finite or the
/// singular values cannot be found.
pub fn effective_rank(features: &[f32], width: usize) -> f64 {
    if features.iter().any(|h| !h.is_finite()) {
        return f64::NAN;
    }
    let batch = features.len() / width.max(1);
    let values = features.iter().map(|h| f64::from(*h));
    let sweeps = SWEEPS_A_VALUE * batch.min(width).max(1);
    match DMatrix::from_row_iterator(batch, width, values).try_svd(
        false,
        false,
        5.0 * f64::EPSILON,
        sweeps,
    ) {
        Some(svd) => rank_of(svd.singular_values.as_slice()) as f64,
        None => f64::NAN,
    }
}

/// `srank_δ` from singular values in descending order.
fn rank_of(values: &[f64]) -> usize {
    let wanted = (1.0 - DELTA) * values.iter().sum::<f64>();
    if wanted <= 0.0 {
        return 0;
    }
    let mut so_far = 0.0;
    let reached = values.iter().position(|value| {
        so_far += value;
        so_far >= wanted
    });
    reached.map_or(values.len(), |last| last + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `(batch, width)` of the singular values `values`: `U diag(σ) Vᵀ`, where `U` and `V` are Householder
    /// reflections of no special direction.
    fn of_values(batch: usize, width: usize, values: &[f64]) -> Vec<f32> {
        let reflection = |n: usize| {
            let v: Vec<f64> = (0..n).map(|i| (i as f64 * 1.7 + 0.3).sin()).collect();
            let square: f64 = v.iter().map(|x| x * x).sum();
            let at = |i: usize, j: usize| {
                let identity = if i == j { 1.0 } else { 0.0 };
                identity - 2.0 * v[i] * v[j] / square
            };
            (0..n).map(|i| (0..n).map(|j| at(i, j)).collect()).collect::<Vec<Vec<f64>>>()
        };
        let (u, v) = (reflection(batch), reflection(width));
        let entry = |i: usize, j: usize| {
            values.iter().enumerate().map(|(k, s)| u[i][k] * s * v[j][k]).sum::<f64>() as f32
        };
        (0..batch).flat_map(|i| (0..width).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect()
    }

    #[test]
    fn matrices_of_known_singular_values() {
        for (values, rank) in [
            // Of 100, 99 are needed.
            (&[50.0, 49.1, 0.9][..], 2.0),
            (&[50.0, 48.9, 1.1], 3.0),
            (&[99.2, 0.5, 0.3], 1.0),
            (&[1.0, 1.0, 1.0, 1.0, 1.0], 5.0),
            (&[3.0], 1.0),
            (&[], 0.0),
        ] {
            for (batch, width) in [(5, 5), (7, 12), (20, 6)] {
                let features = of_values(batch, width, values);
                assert_eq!(effective_rank(&features, width), rank, "{values:?} {batch} {width}");
            }
        }
    }

    #[test]
    fn what_has_no_rank() {
        assert!(effective_rank(&[1.0, f32::NAN, 0.0, 1.0], 2).is_nan());
        assert!(effective_rank(&[1.0, f32::INFINITY, 0.0, 1.0], 2).is_nan());
        assert_eq!(effective_rank(&[0.0; 6], 3), 0.0);
    }

    proptest! {
        #[test]
        fn scale_and_order_of_samples_do_not_matter(
            features in prop::collection::vec(-1.0f32..1.0, 24), power in -20i32..20
        ) {
            let rank = effective_rank(&features, 4);
            // A power of two, which rounds nothing.
            let scaled: Vec<f32> = features.iter().map(|h| h * 2f32.powi(power)).collect();
            let reversed: Vec<f32> =
                features.chunks_exact(4).rev().flatten().copied().collect();
            prop_assert!((0.0..=4.0).contains(&rank));
            prop_assert_eq!(effective_rank(&scaled, 4), rank);
            prop_assert_eq!(effective_rank(&reversed, 4), rank);
        }
    }
}
