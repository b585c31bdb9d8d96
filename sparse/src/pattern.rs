//! Which weights of a layer come and go together.

use serde::Serialize;

/// Which sets of active weights a layer may have. Layers that the distribution leaves dense have no
/// pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pattern {
    /// Any.
    Unstructured,
    /// Exactly `n` of each `m` consecutive inputs of every output.
    Nm {
        /// Active weights of a group; the sparsity of a layer is `1 − n/m`.
        n: usize,
        /// Inputs in a group; divides the inputs of a layer.
        m: usize,
    },
    /// Whole blocks of `height` outputs and `width` inputs, which tile the layer.
    Block {
        /// Divides the outputs of a layer.
        height: usize,
        /// Divides the inputs of a layer.
        width: usize,
    },
}
