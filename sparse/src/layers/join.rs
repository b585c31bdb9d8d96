//! What stands between a layer and the next.

use crate::kernels::MaxPool;

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
