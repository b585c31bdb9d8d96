//! DQN's loss: `L = mean w ℓ(δ)`, `δ = Q(s, a) − y`, with importance weights `w` and `ℓ` the square or Huber's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LossGrad;

/// The loss `ℓ` of a temporal-difference error `δ`, averaged over the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// `δ²`.
    Squared,
    /// `½ δ²` for `|δ| ≤ 1`, else `|δ| − ½`.
    Huber,
}

impl Loss {
    /// `ℓ(δ)`.
    pub fn of(self, delta: f32) -> f32 {
        match self {
            Self::Squared => delta * delta,
            Self::Huber if delta.abs() <= 1.0 => 0.5 * delta * delta,
            Self::Huber => delta.abs() - 0.5,
        }
    }

    /// `ℓ′(δ)`.
    pub fn slope(self, delta: f32) -> f32 {
        match self {
            Self::Squared => 2.0 * delta,
            Self::Huber => delta.clamp(-1.0, 1.0),
        }
    }
}

/// `δ (batch)` and `w (batch)` → `L` and `∂L/∂δ (batch)`.
pub fn td(loss: Loss, delta: &[f32], weights: &[f32]) -> LossGrad {
    let (n, share) = (delta.len() as f64, 1.0 / delta.len() as f32);
    let pairs = || delta.iter().zip(weights);
    let samples: Vec<f32> = pairs().map(|(delta, w)| loss.of(*delta) * w).collect();
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample)).sum();
    let grad = pairs().map(|(delta, w)| loss.slope(*delta) * (share * w));
    LossGrad { value: (sum / n) as f32, grad: grad.collect(), samples }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_losses_by_hand() {
        let LossGrad { value, grad, samples } = td(Loss::Squared, &[1.0, -3.0], &[1.0, 0.5]);
        assert_eq!((value, grad, samples), (2.75, vec![1.0, -1.5], vec![1.0, 4.5]));
        let LossGrad { value, grad, .. } = td(Loss::Huber, &[0.5, -3.0], &[1.0, 0.5]);
        assert_eq!((value, grad), (0.6875, vec![0.25, -0.25]));
        // Quadratic inside one, linear outside.
        assert_eq!([0.5, -1.0, 3.0, -3.0].map(|x| Loss::Huber.of(x)), [0.125, 0.5, 2.5, 2.5]);
    }

    proptest! {
        #[test]
        fn gradients_agree_with_central_differences(
            delta in prop::collection::vec(-3.0f32..3.0, 1..9), squared: bool
        ) {
            let loss = if squared { Loss::Squared } else { Loss::Huber };
            let weights: Vec<f32> = (0..delta.len()).map(|i| 1.0 / (1.0 + i as f32)).collect();
            let found = td(loss, &delta, &weights).grad;
            for i in 0..delta.len() {
                let at = |by: f32| {
                    let mut delta = delta.clone();
                    delta[i] += by;
                    td(loss, &delta, &weights).value
                };
                let difference = (at(1e-2) - at(-1e-2)) / 2e-2;
                prop_assert!((found[i] - difference).abs() < 5e-3, "{} {difference}", found[i]);
            }
        }
    }
}
