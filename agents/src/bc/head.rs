//! What a cloned policy gives for an action, and how that is taught and acted on.

use std::f32::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::losses::LossGrad;

/// How the numbers of an action are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// Each a Gaussian of its own, of actions within bounds: `μ` and `log σ`.
    Gaussian,
    /// Each a choice of its own among bins; of discrete actions the one choice.
    #[default]
    Factorised,
    /// Each a choice among bins that knows the earlier ones, one pass of the network after the other.
    Autoregressive,
}

/// The bounds of `log σ`, those of SAC's policies (Haarnoja et al. 2018).
const LOG_STD: (f32, f32) = (-5.0, 2.0);

/// `L = mean of ½ ((a − μ)/σ)² + log σ + ½ log 2π` in nats a number, of `y (n, 2 · dim)`, which is `μ (dim)`, then
/// `log σ (dim)`, held within its bounds, for the actions `a (n, dim)` in `[−1, 1]`.
pub fn gaussian(y: &[f32], a: &[f32], dim: usize) -> LossGrad {
    let n = (a.len().max(1)) as f32;
    let (mut value, mut grad) = (0.0f64, vec![0.0; y.len()]);
    let rows = y.chunks_exact(2 * dim).zip(grad.chunks_exact_mut(2 * dim)).zip(a.chunks_exact(dim));
    let mut samples = Vec::with_capacity(a.len() / dim.max(1));
    for ((y, grad), a) in rows {
        let mut sum = 0.0;
        for j in 0..dim {
            let log_std = y[dim + j].clamp(LOG_STD.0, LOG_STD.1);
            let z = (a[j] - y[j]) * (-log_std).exp();
            sum += 0.5 * z * z + log_std + 0.5 * (2.0 * PI).ln();
            grad[j] = -z * (-log_std).exp() / n;
            let is_held = log_std != y[dim + j];
            grad[dim + j] = if is_held { 0.0 } else { (1.0 - z * z) / n };
        }
        value += f64::from(sum);
        samples.push(sum / dim as f32);
    }
    LossGrad { value: (value / f64::from(n)) as f32, grad, samples }
}

/// `μ` and `σ` of number `j` of one row of `y (2 · dim)`.
pub fn moments(y: &[f32], j: usize) -> (f32, f32) {
    let dim = y.len() / 2;
    (y[j], y[dim + j].clamp(LOG_STD.0, LOG_STD.1).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gaussian_is_that_of_the_formula_and_its_slopes_are_differences() {
        let (y, a) = ([0.1, -0.4, -0.3, 0.5, 0.8, 0.0, -9.0, 1.0], [0.2, 0.9, 0.5, -0.7]);
        let value = |y: &[f32]| -> f64 {
            let of = |row: usize, j: usize| {
                let s = f64::from(y[4 * row + 2 + j]).clamp(-5.0, 2.0);
                let z = (f64::from(a[2 * row + j]) - f64::from(y[4 * row + j])) / s.exp();
                0.5 * z * z + s + 0.5 * (2.0 * std::f64::consts::PI).ln()
            };
            (of(0, 0) + of(0, 1) + of(1, 0) + of(1, 1)) / 4.0
        };
        let found = gaussian(&y, &a, 2);
        assert!((f64::from(found.value) / value(&y) - 1.0).abs() < 1e-6);
        for i in 0..8 {
            let at = |delta: f32| {
                let mut y = y;
                y[i] += delta;
                value(&y)
            };
            let slope = (at(1e-3) - at(-1e-3)) / 2e-3;
            let near = (f64::from(found.grad[i]) - slope).abs() < 2e-3 * slope.abs().max(1.0);
            assert!(near, "{i}: {} {slope}", found.grad[i]);
        }
        assert_eq!(moments(&[0.3, 0.0], 0), (0.3, 1.0));
    }
}
