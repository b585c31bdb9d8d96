//! SAC's losses (Haarnoja et al. 2018, 1812.05905, equations 5 and 7).

use candle_core::{Result, Tensor};

/// Of both critics, `½ Σᵢ mean (Qᵢ − y)²`, from `Qᵢ (batch, 1)` and `y (batch, 1)`.
pub fn critics(q: [&Tensor; 2], y: &Tensor) -> Result<Tensor> {
    let error = |q: &Tensor| (q - y)?.sqr()?.mean_all();
    (error(q[0])? + error(q[1])?)? * 0.5
}

/// Of one sample of one critic, `½ (Q − y)²`, from `Q (1, 1)` and `y (1, 1)`.
pub fn critic_of_sample(q: &Tensor, y: &Tensor) -> Result<Tensor> {
    (q - y)?.sqr()?.sum_all()? * 0.5
}

/// Of the actor, sample by sample: `α log π(ã|s) − min_i Qᵢ(s, ã)`, `(batch, 1)` each.
pub fn actor(alpha: f64, log_prob: &Tensor, q: [&Tensor; 2]) -> Result<Tensor> {
    (log_prob * alpha)? - q[0].minimum(q[1])?
}
