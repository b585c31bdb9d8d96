//! What products take, by name.

use super::{Lanes, Par};
use crate::layers::Activation;

/// How a product runs over a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The layout of the batch.
    pub lanes: Lanes,
    /// How many threads it may use.
    pub par: Par,
}

impl Pass {
    /// See [`Lanes::with_columns`].
    pub fn with_columns(self, columns: usize) -> Self {
        Self { lanes: self.lanes.with_columns(columns), ..self }
    }
}

/// The parameters of a layer, and what follows.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// `(nnz)`.
    pub values: &'a [f32],
    /// `(out)`.
    pub bias: &'a [f32],
    /// The function after it.
    pub activation: Activation,
}

/// What stands below a layer: a gradient that goes there goes through the activation.
#[derive(Clone, Copy, Debug)]
pub struct Below<'a> {
    /// The function that gave `y`.
    pub activation: Activation,
    /// What the layer read, in slots.
    pub y: &'a [f32],
}

/// Both sides of a weight gradient, in slots.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The gradient before the activation.
    pub dy: &'a [f32],
    /// What the layer read.
    pub x: &'a [f32],
}

/// The values of a matrix, and memory in which they may stand in another order.
#[derive(Debug)]
pub struct Reordered<'a> {
    /// `(nnz)`.
    pub values: &'a [f32],
    /// Its contents mean nothing between products.
    pub scratch: &'a mut Vec<f32>,
}
