//! The times of a training: a run's length, a moment in it, and the order of a step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The run that a method is built for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Horizon {
    /// Gradient steps from the first to the last.
    pub gradient_steps: u64,
    /// Target sparsity of the network.
    pub sparsity: f64,
}

impl Horizon {
    /// The gradient step at `fraction` of the run.
    pub fn step(&self, fraction: f64) -> u64 {
        (fraction * self.gradient_steps as f64).round() as u64
    }
}

/// A moment of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Gradient steps done.
    pub step: u64,
    /// Whether a rewiring has taken the place of this step already: the step is due, and the rewiring is
    /// not ([`Order::InsteadOfStep`]).
    pub rewired: bool,
}

/// Where a rewiring stands beside the optimiser's step; the gradient is that of the minibatch at the
/// weights before both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Rewire, then step: what has grown takes its first step at once (TF-Agents: DQN, PPO).
    #[default]
    BeforeStep,
    /// Step, then rewire by the stepped weights (Atari: SET).
    AfterStep,
    /// Rewire and take no step; the minibatch serves nothing else, and the step that was due is the next
    /// one (Atari: RigL).
    InsteadOfStep,
}
