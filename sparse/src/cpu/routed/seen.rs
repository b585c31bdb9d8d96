//! What a network reads in a pass.

use crate::kernels::Lanes;

/// What the network reads in a pass.
#[derive(Clone, Copy)]
pub(in super::super) struct Seen<'a> {
    /// Of the batch.
    pub lanes: Lanes,
    /// `(batch, width)`.
    pub rows: &'a [f32],
    /// Numbers of a sample.
    pub width: usize,
}
