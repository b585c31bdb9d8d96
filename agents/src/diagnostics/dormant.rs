//! Units that hardly respond (Sokar et al. 2023, "The Dormant Neuron Phenomenon in Deep Reinforcement
//! Learning", 2302.12902).
//!
//! The score of unit `i` of a layer with `H` units is `sᵢ = E|hᵢ| / (1/H Σ_k E|h_k|)`, over the batch, and in
//! a convolution over all places of its feature map; the unit is τ-dormant where `sᵢ ≤ τ`. The mean in
//! the denominator has `10⁻⁹` added, as in the paper's code (`dopamine/labs/redo`), so that a layer in
//! which nothing responds is dormant as a whole. A unit's response is what the next layer reads of it, behind
//! pooling and residual sums. The head has no such units.

use sparring_sparse::stats::mean;

/// A common choice of `τ`; 0 counts units that never respond at all.
pub const TAU: f64 = 0.1;

/// The scores of `units` from what they wrote, `features (batch, units · places)`.
pub fn scores(features: &[f32], units: usize, places: usize) -> Vec<f64> {
    let mut means = vec![0.0; units];
    for sample in features.chunks_exact(units * places) {
        for (mean, place) in means.iter_mut().zip(sample.chunks_exact(places)) {
            *mean += place.iter().map(|h| f64::from(h.abs())).sum::<f64>();
        }
    }
    let responses = (features.len() / units).max(1) as f64;
    means.iter_mut().for_each(|mean| *mean /= responses);
    let layer = mean(means.iter().copied()) + 1e-9;
    means.iter_mut().for_each(|mean| *mean /= layer);
    means
}

/// How many of `scores` are dormant.
pub fn count(scores: &[f64], tau: f64) -> usize {
    scores.iter().filter(|score| **score <= tau).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_by_hand() {
        // Means of |h| are 2, 0, 0.1 and 1.9: their mean is 1.
        let found = scores(&[1.0, 0.0, 0.2, -1.9, -3.0, 0.0, 0.0, 1.9], 4, 1);
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-7;
        assert!(found.iter().zip(&[2.0, 0.0, 0.1, 1.9]).all(near), "{found:?}");
        assert_eq!([0.0, 0.099, 0.11, 1.95, 2.01].map(|tau| count(&found, tau)), [1, 1, 2, 3, 4]);
    }

    #[test]
    fn a_feature_map_is_one_unit() {
        // Two maps of three places; the second responds in one place of one sample only.
        let found = scores(&[1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 3.0, 2.0, 1.0, 0.0, 0.6, 0.0], 2, 3);
        // 2 and 0.1, over 1.05.
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-7;
        assert!(found.iter().zip(&[2.0 / 1.05, 0.1 / 1.05]).all(near), "{found:?}");
        assert_eq!(count(&found, TAU), 1);
    }

    #[test]
    fn a_layer_without_any_response_is_dormant_as_a_whole() {
        assert_eq!(count(&scores(&[0.0; 12], 4, 1), 0.0), 4);
        assert_eq!(count(&scores(&[2.0; 12], 4, 1), TAU), 0);
    }
}
