//! What can go wrong in a sparse network.

use crate::keys::KeyError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SparseError {
    /// A choice of the user that no topology can satisfy, or that the run does not allow.
    #[error(transparent)]
    Key(#[from] KeyError),
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
    /// A gradient that is no number, before it could reach the weights.
    #[error(
        "network `{network}`: the gradient of gradient step {step} is {found}; the weights were left as they were"
    )]
    NotFinite {
        /// The network's name.
        network: String,
        /// Gradient steps done.
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
    /// An error of candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}
