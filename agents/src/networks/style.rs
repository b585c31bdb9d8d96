//! What an agent fixes about its perceptrons.

use sparring_sparse::{Activation, Init};

/// What an agent fixes about its networks: their activation, and what they start from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MlpStyle {
    /// The function after each hidden layer.
    pub activation: Activation,
    /// Weights of the hidden layers; their biases are 0.
    pub hidden: Init,
    /// Weights of the head.
    pub head: Init,
    /// Biases of the head.
    pub head_bias: f32,
    /// Whether the weights of the head decay as those of the hidden layers do.
    pub head_decays: bool,
}
