//! What ends a run.
//!
//! The three compute budgets under which Smith, Elsen & De 2020 ("On the Generalization Benefit of Noise in
//! Stochastic Gradient Descent", 2006.15081) compare batch sizes `B`, in the terms of reinforcement learning:
//!
//! | budget | theirs | what is equal at every `B` |
//! |---|---|---|
//! | `env_steps` | constant steps | environment steps, and with them gradient steps |
//! | `gradient_steps` | constant steps | gradient steps, whatever the environment steps to a gradient step |
//! | `samples` | constant epochs | gradient steps × `B`: gradient steps go as `1/B` |
//! | `plateau` | unlimited | nothing: each run goes on until it gets no better |
//!
//! Times that are fractions of a run are fractions of `total_env_steps`: with `samples` and `gradient_steps` that is the
//! length which follows from the config, with `plateau` the cap. An agent that learns from a data set takes gradient steps
//! alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What ends a run, and what has ended it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Environment steps.
    #[default]
    EnvSteps,
    /// Gradient steps.
    GradientSteps,
    /// Samples that gradient steps consume.
    Samples,
    /// Evaluations that get no better.
    Plateau,
}

impl Budget {
    /// What has ended a run that came to its length.
    pub fn told_in_advance(self) -> Self {
        match self {
            Self::EnvSteps | Self::Plateau => Self::EnvSteps,
            Self::GradientSteps => Self::GradientSteps,
            Self::Samples => Self::Samples,
        }
    }
}

/// Whether the last `patience` mean returns of `curve`, one an evaluation, are none above the best before them.
pub fn is_plateau(curve: &[f64], patience: u64) -> bool {
    let mut best = f64::NEG_INFINITY;
    let mut since = 0;
    for value in curve {
        if *value > best {
            (best, since) = (*value, 0);
        } else {
            since += 1;
        }
    }
    since >= patience
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plateau_is_as_long_as_the_patience() {
        let curve = [1.0, 3.0, 2.0, 3.0, 2.5];
        let at = |n: usize, patience| is_plateau(&curve[..n], patience);
        // To reach the best again is no improvement.
        assert_eq!([2, 3, 4, 5].map(|n| at(n, 2)), [false, false, true, true]);
        assert!(!at(5, 4) && at(5, 3));
        assert!(!is_plateau(&[], 1) && !is_plateau(&[5.0], 1) && is_plateau(&[5.0, 5.0], 1));
        // What improves late begins anew.
        assert!(!is_plateau(&[1.0, 0.0, 0.0, 1.1], 2));
        // A return that is no number is no improvement.
        assert!(is_plateau(&[1.0, f64::NAN, f64::NAN], 2));
    }
}
