//! One step of an optimiser: what a backend is asked for.

use std::ops::Range;

use super::rule::{Moments, Rule};
use crate::methods::backward_set::BackwardSet;

/// A step along a gradient `g` that stands as the parameters do. The backend adds what the layers' weights pull on
/// it, clips it to [`Self::max_grad_norm`] and lets the rule run, in place.
#[derive(Debug)]
pub struct OptimizerStep<'a> {
    /// How weights follow their gradients.
    pub rule: Rule,
    /// `lr`.
    pub learning_rate: f64,
    /// Its number, counted from 1.
    pub number: u64,
    /// Largest norm of `g`; a longer one is scaled down to it.
    pub max_grad_norm: Option<f64>,
    /// Squares of gradients that count in the norm only.
    pub unseen: f64,
    /// Where the parameters of each layer are, and how they decay.
    pub layers: Vec<LayerStep>,
    /// As the parameters stand.
    pub moments: &'a mut Moments,
    /// Weights that train with the network outside of it, in its norm.
    pub outside: Option<&'a mut BackwardSet>,
}

/// The parameters of one layer in a step.
#[derive(Clone, Debug)]
pub struct LayerStep {
    /// Its weights.
    pub weights: Range<usize>,
    /// Its biases and layer norms, right behind them, which do not decay.
    pub always: Range<usize>,
    /// How strongly weights pull on their gradient: `g + l2 · w`.
    pub l2: f32,
    /// What decoupled decay keeps of a weight.
    pub keep: f32,
}

impl LayerStep {
    /// All of its parameters.
    pub fn params(&self) -> Range<usize> {
        self.weights.start..self.always.end
    }
}
