//! One layer as methods see it.

use std::sync::Arc;

use super::Blocks;
use crate::distribution::Share;
use crate::topology::Topology;

/// One layer as a method sees it.
#[derive(Clone, Copy, Debug)]
pub struct LayerView<'a> {
    /// Which weights exist.
    pub topology: &'a Arc<Topology>,
    /// What comes and goes as one.
    pub blocks: &'a Blocks,
    /// What the layer has at the end.
    pub share: Share,
    /// The active weights, `(nnz)`.
    pub values: &'a [f32],
    /// The optimiser's first and second moments of the active weights, `(nnz)` or nothing.
    pub moments: [&'a [f32]; 2],
}
