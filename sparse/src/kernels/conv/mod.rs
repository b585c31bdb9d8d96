//! The three products of a convolution, sparse and dense, and where they walk.

pub mod dense;
pub mod sparse;
mod walk;

pub use sparse::ConvIndex;
pub use walk::{ConvWalk, Phase};

use super::Lanes;
use super::vector::add_row_sums;
use crate::layers::Conv2d;

/// `db = Σ dy` over pixels and the batch: db `(out channels)`.
///
/// The border of `dy` is zero, so whole channels are summed.
pub fn bias_grad(conv: &Conv2d, lanes: Lanes, dy: &[f32], db: &mut [f32]) {
    let plane = conv.gradient_plane();
    db.fill(0.0);
    for tile in lanes.tiles() {
        add_row_sums(tile.of(dy, plane.slots()), plane.channel() * tile.width, db);
    }
}

#[cfg(test)]
mod tests;
