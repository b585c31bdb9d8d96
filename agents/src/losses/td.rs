//! DQN's loss: `L = mean w ℓ(Q(s, a) − y)`, with importance weights `w` and `ℓ` the square or Huber's.

use candle_core::Tensor;

use crate::dqn::config::Loss;

/// `δ (batch)` and `w (batch)` → `L ()`.
pub fn td(loss: Loss, delta: &Tensor, weights: &Tensor) -> candle_core::Result<Tensor> {
    (loss.each(delta)? * weights)?.mean_all()
}
