//! DQN's loss: `L = mean w ℓ(Q(s, a) − y)`, with importance weights `w` and `ℓ` the square or Huber's.

use candle_core::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// `δ (batch) → ℓ(δ) (batch)`.
    pub fn each(self, delta: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Squared => delta.sqr(),
            // With c = min(|δ|, 1): ½ c² + |δ| − c.
            Self::Huber => {
                let size = delta.abs()?;
                let clipped = size.minimum(1.0)?;
                (clipped.sqr()? * 0.5)? + (size - clipped)?
            }
        }
    }
}

/// `δ (batch)` and `w (batch)` → `L ()`.
pub fn td(loss: Loss, delta: &Tensor, weights: &Tensor) -> candle_core::Result<Tensor> {
    (loss.each(delta)? * weights)?.mean_all()
}
