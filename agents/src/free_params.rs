//! Parameters outside all networks: SAC's temperature, the spread of PPO's actions.

use serde::{Deserialize, Serialize};
use sparring_sparse::optim::Moments;
use sparring_sparse::{OptimizerConfig, Rule};

/// The rule of parameters beside `networks` of this rule: their Adam, with its `β` and `ε`. Beside networks
/// under SGD it is the Adam of [`OptimizerConfig::adam`]: nothing clips the gradient of a spread `σ`, which
/// grows as `1/σ`, and a step in proportion to it would throw the spread away.
pub fn rule(networks: Rule) -> Rule {
    match networks {
        Rule::Adam { .. } => networks,
        Rule::Sgd { .. } => OptimizerConfig::adam(0.0).rule,
    }
}

/// A few parameters and what a [`Rule`] keeps beside them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FreeParams {
    values: Vec<f64>,
    moments: Moments<f64>,
    steps: u64,
    /// `lr`, which may change from step to step.
    pub learning_rate: f64,
}

impl FreeParams {
    /// Parameters that start at `values` and follow `rule`.
    pub fn new(values: Vec<f64>, learning_rate: f64, rule: Rule) -> Self {
        Self { moments: Moments::new(rule, values.len()), values, steps: 0, learning_rate }
    }

    /// The parameters.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Whether `other` has as many parameters, with moments for each.
    pub fn is_like(&self, other: &Self) -> bool {
        self.values.len() == other.values.len() && self.moments.is_like(&other.moments)
    }

    /// The learning rate of the step behind the next `ahead` ones, with the corrections of `rule`.
    pub fn rate(&self, rule: Rule, ahead: u64) -> f64 {
        rule.corrected(self.learning_rate, self.steps + ahead + 1)
    }

    /// Each parameter's value and moments.
    pub fn numbers(&self) -> Vec<f64> {
        let [m, v] = self.moments.both();
        let each = self.values.iter().zip(m).zip(v);
        each.flat_map(|((value, m), v)| [*value, *m, *v]).collect()
    }

    /// Takes over [`Self::numbers`] after a step that a device has taken.
    pub fn take_step(&mut self, numbers: &[f64]) {
        let each = |k: usize| numbers.chunks_exact(3).map(|of| of[k]).collect::<Vec<_>>();
        (self.values, self.moments) = (each(0), Moments::of([each(1), each(2)]));
        self.steps += 1;
    }

    /// One step along `grad`, which stands as the parameters do, by the rule that they were made for.
    pub fn step(&mut self, grad: &[f64], rule: Rule) {
        self.steps += 1;
        let Self { values, moments, steps, learning_rate } = self;
        rule.step(*learning_rate, *steps, values, grad, moments);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: `m₁ = 0.2`, `v₁ = 0.004`; `m₂ = 0.08`, `v₂ = 0.004996`, with the corrections of
    /// Kingma & Ba, `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)`.
    #[test]
    fn two_steps_of_adam() {
        let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 0.0 };
        let mut free = FreeParams::new(vec![1.0], 0.1, rule);
        free.step(&[2.0], rule);
        assert!((free.values()[0] - 0.9).abs() < 1e-12);
        free.step(&[-1.0], rule);
        let step = 0.1 * (0.08 / 0.19) / (0.004_996f64 / 0.001_999).sqrt();
        assert!((free.values()[0] - (0.9 - step)).abs() < 1e-9, "{:?}", free.values());
    }

    #[test]
    fn the_adam_that_was_chosen_is_followed() {
        let chosen = Rule::Adam { beta1: 0.5, beta2: 0.9, eps: 1e-3 };
        assert_eq!(rule(chosen), chosen);
        let sgd = Rule::Sgd { momentum: 0.9 };
        assert_eq!(rule(sgd), Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-7 });
    }
}
