//! Mixtures of tokens: SoftMoE (Puigcerver et al. 2024, 2308.00951; in deep RL Obando-Ceron et al. 2024, 2402.08609,
//! `softmoe.py` of their code).
//!
//! Of the `m` tokens `X (m, d)` of a sample, with `p = ⌈m · capacity / E⌉` slots an expert:
//!
//! ```text
//! S = X Φ (m, E p)      D = softmax of S over tokens      C = softmax of S over slots
//! U = Dᵀ X (E p, d)     Y = C · experts(U) (m, d)
//! ```
//!
//! It drops nothing and needs no balance, but every expert computes for every sample: operations grow with the slots. Of a
//! single token `D` is 1, and all slots of an expert are one and the same.

use super::row::{RouterRow, Way};
use super::softmax;

/// The row of SoftMoE.
pub static ROW: RouterRow = RouterRow {
    name: "soft",
    about: "experts read mixtures of all tokens of a sample, tokens mixtures of what they give (SoftMoE)",
    way: Way::Mixes,
};

/// How the tokens of all samples are mixed, each `(samples, m, E p)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mixture {
    /// `D`.
    pub dispatch: Vec<f32>,
    /// `C`.
    pub combine: Vec<f32>,
}

impl Mixture {
    /// From `S (samples, tokens, slots)`, beside the sum of the entropies of the rows of `C` in nats.
    pub fn of(logits: &[f32], tokens: usize, slots: usize) -> (Self, f64) {
        let [mut dispatch, mut combine] = [logits.to_vec(), logits.to_vec()];
        for sample in dispatch.chunks_exact_mut(tokens * slots) {
            softmax::columns(sample, slots);
        }
        let entropy = softmax::rows(&mut combine, slots);
        (Self { dispatch, combine }, entropy)
    }

    /// `dS` from the gradients of both.
    pub fn back(&self, by: &Self, tokens: usize, slots: usize) -> Vec<f32> {
        let mut dz = vec![0.0; self.combine.len()];
        softmax::rows_back(&self.combine, &by.combine, slots, &mut dz);
        let size = tokens * slots;
        let of = self.dispatch.chunks_exact(size).zip(by.dispatch.chunks_exact(size));
        for ((p, dp), dz) in of.zip(dz.chunks_exact_mut(size)) {
            softmax::columns_back(p, dp, slots, dz);
        }
        dz
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_dispatch_and_rows_of_combine_sum_to_one() {
        let (samples, tokens, slots) = (2, 5, 6);
        let logits: Vec<f32> = (0..60).map(|i| (i * 7 % 11) as f32 * 0.3).collect();
        let (Mixture { dispatch, combine }, _) = Mixture::of(&logits, tokens, slots);
        for sample in dispatch.chunks_exact(tokens * slots) {
            for slot in 0..slots {
                let sum: f32 = sample.iter().skip(slot).step_by(slots).sum();
                assert!((sum - 1.0).abs() < 1e-5);
            }
        }
        assert_eq!(combine.chunks_exact(slots).len(), samples * tokens);
        assert!(
            combine.chunks_exact(slots).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5)
        );
        // A single token: dispatch is 1, so that slots differ in nothing.
        let (of_one, _) = Mixture::of(&logits, 1, slots);
        assert!(of_one.dispatch.iter().all(|d| *d == 1.0));
    }
}
