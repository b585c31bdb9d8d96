//! How topologies are chosen and changed: one file a method, each a choice of scores.
//!
//! | method | start | drop | grow |
//! |---|---|---|---|
//! | dense | every weight | – | – |
//! | [static](static_sparse) | random | – | – |
//! | [SET](set) | random | smallest magnitude | at random |
//! | [RigL](rigl) | random | smallest magnitude | largest dense gradient |
//! | [SNFS](snfs) | random | smallest magnitude | largest averaged dense gradient |
//! | [pruning] | every weight | smallest magnitude | – |
//! | [SNIP](snip) | every weight | least effect on the loss, once | – |
//! | [Top-KAST](top_kast) | largest magnitude | smallest magnitude | largest magnitude held ready |
//!
//! Counts are exact, in every layer and every group of a pattern: where scores tie, the lower
//! position wins. A weight that is dropped and grown again in the same step keeps its value and
//! moments; any other grown weight starts at zero, with zero moments (PAPERS 1.6), unless its method
//! says otherwise.

pub mod moves;
pub mod pruning;
pub mod rigl;
pub mod set;
pub mod snfs;
pub mod snip;
pub mod static_sparse;
pub mod top_kast;
pub mod units;

use std::sync::Arc;

use crate::topology::Topology;

pub use moves::{Counts, Moves};
pub use units::Units;

/// One layer as a method sees it.
#[derive(Clone, Copy, Debug)]
pub struct LayerView<'a> {
    /// Which weights exist.
    pub topology: &'a Arc<Topology>,
    /// What comes and goes as one.
    pub units: &'a Units,
    /// The active weights, `(nnz)`.
    pub values: &'a [f32],
}

/// The active positions of `topology`, ascending, as a list.
pub(crate) fn positions(topology: &Topology) -> Vec<u32> {
    let mut positions = Vec::with_capacity(topology.nnz());
    // Goes row by row, where `extend` would ask for one position at a time.
    topology.positions().for_each(|position| positions.push(position));
    positions
}

/// `⌊f · nnz⌋` in single precision, as the reference implementation counts.
pub(crate) fn drop_count(fraction: f64, nnz: usize) -> usize {
    (fraction as f32 * nnz as f32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_truncate() {
        assert_eq!(drop_count(0.3, 9), 2);
        assert_eq!(drop_count(0.5, 1), 0);
    }
}
