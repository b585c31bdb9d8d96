//! How topologies are chosen and changed: one file a method, with its keys, its row and what it does.
//!
//! | method | start | drop | grow |
//! |---|---|---|---|
//! | [dense] | every weight | – | – |
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
//! moments; any other grown weight starts at zero, with zero moments, unless its method says otherwise.

pub(crate) mod backward_set;
pub mod blocks;
pub mod dense;
mod kept;
mod layers;
pub(crate) mod method;
pub mod narrow;
pub mod pruning;
pub mod rigl;
pub(crate) mod row;
mod schedule;
pub mod set;
pub mod snfs;
pub mod snip;
pub mod static_sparse;
pub(crate) mod time;
pub mod top_kast;
pub mod update;
mod view;

use crate::topology::Topology;

pub use backward_set::{BackwardSet, OutsideLayer};
pub use blocks::Blocks;
pub use kept::{Kept, keep_blocks, keep_count};
pub use layers::Layers;
pub use method::{Ask, LayerGrads, LayerStart, Method};
pub use row::{MethodChoice, MethodKeys, MethodRow};
pub use schedule::{Decay, DropGrow, Schedule};
pub use time::{At, Horizon, Order};
pub use update::{NewWeights, TopologyUpdate, UpdateCounts};
pub use view::LayerView;

/// The methods of this crate.
pub static METHODS: [&MethodRow; 9] = [
    &dense::ROW,
    &static_sparse::ROW,
    &set::ROW,
    &rigl::ROW,
    &snfs::ROW,
    &pruning::ROW,
    &snip::ROW,
    &top_kast::ROW,
    &narrow::ROW,
];

/// The active positions of `topology`, ascending, as a list.
pub(crate) fn positions(topology: &Topology) -> Vec<u32> {
    let mut positions = Vec::with_capacity(topology.nnz());
    // Goes row by row, where `extend` would ask for one position at a time.
    topology.positions().for_each(|position| positions.push(position));
    positions
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::distribution::Share;

    /// A layer before its first step.
    pub fn view<'a>(
        topology: &'a Arc<Topology>,
        blocks: &'a Blocks,
        values: &'a [f32],
    ) -> LayerView<'a> {
        let share = Share { sparsity: 1.0 - topology.density(), nnz: topology.nnz() };
        LayerView { topology, blocks, share, values, moments: [&[]; 2] }
    }

    #[test]
    fn counts_truncate() {
        assert_eq!(kept::drop_count(0.3, 9), 2);
        assert_eq!(kept::drop_count(0.5, 1), 0);
    }
}
