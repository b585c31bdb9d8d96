//! Which weights of a layer come and go together.

use std::fmt;

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

/// As a config has it: `unstructured`, `2:4`, `4x4`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstructured => f.write_str("unstructured"),
            Self::Nm { n, m } => write!(f, "{n}:{m}"),
            Self::Block { height, width } => write!(f, "{height}x{width}"),
        }
    }
}
