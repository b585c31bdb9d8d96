//! What a layer shall be.

use super::{Activation, MaxPool, Shape};
use crate::init::Init;

/// What a layer shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpec {
    /// Unique in its network.
    pub name: String,
    /// What it computes.
    pub shape: Shape,
    /// The function after it.
    pub activation: Activation,
    /// Its first weights.
    pub init: Init,
    /// Its first biases.
    pub bias: f32,
    /// `λ` of the L2 penalty `λ Σ w²` on its weights; biases have none.
    pub weight_decay: f64,
    /// What stands between its activation and the next layer.
    pub then: Vec<Join>,
}

/// A step without parameters after a layer. A residual block is `Save`, its layers, `Add`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// The largest pixel of each window.
    MaxPool(MaxPool),
    /// Keeps the features as they are here for an [`Join::Add`] to come.
    Save,
    /// Adds the features that the last [`Join::Save`] without its sum kept.
    Add,
    /// `max(x, 0)`.
    Relu,
}
