//! What can go wrong in a sparse network.

use std::fmt;

use crate::keys::KeyError;
use crate::misfit::Misfit;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SparseError {
    /// A key of a method whose value the run does not allow.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A sparsity that the layers of a network cannot have.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// Positions of a topology that are not strictly ascending within its shape.
    #[error(
        "position {index} of a {rows}x{cols} topology is {found}; positions ascend strictly and stay below {rows}·{cols}"
    )]
    Position {
        /// Index in the list of positions.
        index: usize,
        /// The position found there.
        found: u32,
        /// Outputs.
        rows: usize,
        /// Inputs.
        cols: usize,
    },
    /// A layer with more weights than a 32-bit position can name.
    #[error(
        "a {rows}x{cols} layer has more than 2^32 − 1 weights, the most that a topology can index"
    )]
    TooLarge {
        /// Outputs.
        rows: usize,
        /// Inputs.
        cols: usize,
    },
    /// A slice or tensor of the wrong size.
    #[error("{what}: expected {expected} values, found {found}")]
    Length {
        /// Which argument.
        what: &'static str,
        /// The size it must have.
        expected: usize,
        /// The size it has.
        found: usize,
    },
    /// Steps after a layer that do not fit together.
    #[error("the steps after layer {layer}: {problem}")]
    Join {
        /// The layer's number.
        layer: usize,
        /// What does not fit.
        problem: &'static str,
    },
    /// A gradient that the loss does not reach.
    #[error("network `{network}` has no gradient: the loss does not depend on it")]
    NoGradient {
        /// The network's name.
        network: String,
    },
    /// A gradient or a weight that is no number.
    #[error("{} is {found} at gradient step {step}", of_network(*quantity, layer.as_deref(), network))]
    NotFinite {
        /// Which of the two.
        quantity: Quantity,
        /// The network's name.
        network: String,
        /// The layer's name: of those whose gradient is none the nearest to the loss, of those whose weights are
        /// none the first. None where no layer is to blame alone.
        layer: Option<String>,
        /// Gradient steps done before.
        step: u64,
        /// `NaN` or infinite.
        found: f32,
    },
    /// A tensor that a saved network does not have.
    #[error(
        "the saved network has no tensor `{tensor}` that fits: it was saved from another agent or other widths"
    )]
    NotSaved {
        /// Its name.
        tensor: String,
    },
    /// A network that was loaded without what trains it.
    #[error("network `{network}` was loaded to act with; it has no state to be trained by")]
    ActsOnly {
        /// The network's name.
        network: String,
    },
    /// A saved state whose bytes are not those that were written.
    #[error("a saved state is damaged: {problem}")]
    StateDamaged {
        /// What is wrong with it.
        problem: String,
    },
    /// Something that a saved state does not have.
    #[error("the saved state has no `{name}`")]
    StateMissing {
        /// Its name.
        name: String,
    },
    /// Something in a saved state that does not fit what it is loaded into.
    #[error("`{name}` of the saved state does not fit: expected {expected}, found {found}")]
    StateMisfit {
        /// Its name.
        name: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// What a device cannot do, or has failed at.
    #[error("{problem}")]
    Device {
        /// Which device or piece of work, and why.
        problem: String,
    },
    /// An error of candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// What of a network there is no number for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The gradient of a loss, before it could reach the weights.
    Gradient,
    /// Weights or biases, after a step along a gradient that was finite.
    Weights,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gradient => "the gradient",
            Self::Weights => "the weights",
        })
    }
}

/// `the gradient of layer `head` of `q``.
pub fn of_network(quantity: Quantity, layer: Option<&str>, network: &str) -> String {
    let layer = layer.map(|layer| format!(" of layer `{layer}`")).unwrap_or_default();
    format!("{quantity}{layer} of `{network}`")
}
