//! ε-greedy exploration.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::seed::Rng;

/// ε falls linearly from `start` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Epsilon {
    /// ε at the first step after the warm-up.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub start: f64,
    /// ε from `decay_env_steps` after the warm-up on.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub end: f64,
    /// Environment steps of the fall.
    pub decay_env_steps: u64,
    /// ε in evaluation.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub eval: f64,
}

impl Default for Epsilon {
    /// The paper's values for classic control.
    fn default() -> Self {
        Self { start: 1.0, end: 0.1, decay_env_steps: 25_000, eval: 0.1 }
    }
}

impl Epsilon {
    /// ε at `env_steps` after the warm-up.
    pub fn at(&self, env_steps: u64) -> f64 {
        if env_steps >= self.decay_env_steps {
            return self.end;
        }
        let progress = env_steps as f64 / self.decay_env_steps as f64;
        self.start + progress * (self.end - self.start)
    }
}

/// Any of so many `actions`, by the draws of [`epsilon_greedy`] at ε = 1: no value is looked at.
pub fn at_random(actions: u32, rng: &mut Rng) -> u32 {
    let _: f64 = rng.random();
    rng.random_range(0..actions)
}

/// With probability `epsilon` any of the actions, else the one of the largest `q (actions)`; the
/// lower index wins a tie.
pub fn epsilon_greedy(q: &[f32], epsilon: f64, rng: &mut Rng) -> u32 {
    if rng.random::<f64>() < epsilon {
        return rng.random_range(0..q.len() as u32);
    }
    largest(q) as u32
}

/// Where the first of the largest of `values` stands; where one is no number, it.
pub fn largest(values: &[f32]) -> usize {
    let is_better = |x: f32, best: f32| x > best || (x.is_nan() && !best.is_nan());
    let better = |best: usize, i: usize| if is_better(values[i], values[best]) { i } else { best };
    (0..values.len()).fold(0, better)
}

/// `log Σ exp z`.
pub fn log_sum_exp(z: &[f32]) -> f32 {
    let largest = z.iter().fold(f32::NEG_INFINITY, |largest, z| largest.max(*z));
    largest + z.iter().map(|z| (z - largest).exp()).sum::<f32>().ln()
}

/// A place of `logits`, drawn with the probabilities `exp(z − log_sum)`, where `log_sum` is `log Σ exp(z)`.
pub fn by_softmax(logits: &[f32], log_sum: f32, rng: &mut Rng) -> usize {
    let mut left = rng.random::<f32>();
    let within = |z: &f32| {
        left -= (z - log_sum).exp();
        left < 0.0
    };
    // Rounding may leave a little after the last.
    logits.iter().position(within).unwrap_or(logits.len() - 1)
}

#[cfg(test)]
mod tests {
    use sparring_sparse::Seed;

    use super::*;

    #[test]
    fn falls_linearly_and_stays() {
        let epsilon = Epsilon { start: 1.0, end: 0.1, decay_env_steps: 100, eval: 0.0 };
        assert_eq!((epsilon.at(0), epsilon.at(100), epsilon.at(1000)), (1.0, 0.1, 0.1));
        assert!((epsilon.at(50) - 0.55).abs() < 1e-12);
        assert_eq!(Epsilon { decay_env_steps: 0, ..epsilon }.at(0), 0.1);
    }

    #[test]
    fn at_random_draws_what_an_epsilon_of_one_draws() {
        let [mut one, mut other] = [(); 2].map(|()| Seed::new(1).rng());
        for _ in 0..100 {
            assert_eq!(at_random(4, &mut one), epsilon_greedy(&[0.0; 4], 1.0, &mut other));
        }
    }

    #[test]
    fn is_greedy_but_for_epsilon() {
        let mut rng = Seed::new(1).rng();
        let q = [0.0, 2.0, 2.0, 1.0];
        assert!((0..100).all(|_| epsilon_greedy(&q, 0.0, &mut rng) == 1));
        let other = (0..10_000).filter(|_| epsilon_greedy(&q, 0.4, &mut rng) != 1).count();
        // Binomial(10,000, 0.3): four standard deviations are 183.
        assert!((2817..=3183).contains(&other), "{other}");
    }
}
