//! Parameters outside all networks: SAC's temperature, the spread of PPO's actions.
//!
//! Few numbers, under the Adam of [`sparring_sparse::Rule::Adam`] with `β₁ = 0.9` and `β₂ = 0.999`.

use serde::{Deserialize, Serialize};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;

/// A few parameters and their moments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FreeParams {
    values: Vec<f64>,
    m: Vec<f64>,
    v: Vec<f64>,
    steps: u64,
    /// `lr`, which may change from step to step.
    pub learning_rate: f64,
    eps: f64,
}

impl FreeParams {
    /// Parameters that start at `values`.
    pub fn new(values: Vec<f64>, learning_rate: f64, eps: f64) -> Self {
        let zeros = vec![0.0; values.len()];
        Self { m: zeros.clone(), v: zeros, values, steps: 0, learning_rate, eps }
    }

    /// The parameters.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Whether `other` has as many parameters, with moments for each.
    pub fn is_like(&self, other: &Self) -> bool {
        [&other.values, &other.m, &other.v].iter().all(|all| all.len() == self.values.len())
    }

    /// One step along `grad`, which stands as the parameters do.
    pub fn step(&mut self, grad: &[f64]) {
        self.steps += 1;
        let t = self.steps as f64;
        let rate = self.learning_rate * (1.0 - BETA2.powf(t)).sqrt() / (1.0 - BETA1.powf(t));
        for (i, g) in grad.iter().enumerate() {
            self.m[i] = BETA1 * self.m[i] + (1.0 - BETA1) * g;
            self.v[i] = BETA2 * self.v[i] + (1.0 - BETA2) * g * g;
            self.values[i] -= rate * self.m[i] / (self.v[i].sqrt() + self.eps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: `m₁ = 0.2`, `v₁ = 0.004`; `m₂ = 0.08`, `v₂ = 0.004996`, with the corrections of
    /// Kingma & Ba, `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)`.
    #[test]
    fn two_steps_of_adam() {
        let mut free = FreeParams::new(vec![1.0], 0.1, 0.0);
        free.step(&[2.0]);
        assert!((free.values()[0] - 0.9).abs() < 1e-12);
        free.step(&[-1.0]);
        let step = 0.1 * (0.08 / 0.19) / (0.004_996f64 / 0.001_999).sqrt();
        assert!((free.values()[0] - (0.9 - step)).abs() < 1e-9, "{:?}", free.values());
    }
}
