//! What stays in a step that drops and grows, and how much at a sparsity.

use std::sync::Arc;

use super::blocks::top;
use super::{Blocks, LayerView, TopologyUpdate};
use crate::error::SparseError;
use crate::seed::Rng;
use crate::topology::Topology;

/// The first half of a step that drops and grows: which blocks stay.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    layer: LayerView<'a>,
    /// The blocks that stay, ascending.
    pub kept: Vec<u32>,
    active: usize,
}

impl<'a> Kept<'a> {
    /// Drops the `⌊fraction · active⌋` active blocks of smallest `Σ |value|`, in whatever groups
    /// they are.
    pub fn largest(layer: LayerView<'a>, fraction: f64) -> Self {
        let LayerView { topology, blocks, values, .. } = layer;
        let units_active = blocks.active(topology);
        let scores = blocks.sums(topology, &units_active, values.iter().map(|w| w.abs()));
        let active = units_active.len();
        let candidates: Vec<_> = units_active.into_iter().zip(scores).collect();
        let kept = top(&candidates, active - drop_count(fraction, active));
        Self { layer, kept, active }
    }

    /// Grows where the blocks score highest (one score a unit of the layer), as many in each group
    /// as it lost.
    ///
    /// # Errors
    /// None that a layer which exists can have.
    pub fn grow_largest(self, scores: &[f32]) -> Result<TopologyUpdate, SparseError> {
        let grown = self.layer.blocks.grow_largest(&self.kept, self.active, scores);
        self.grow(&grown)
    }

    /// Grows as many blocks in each group as it lost, at random.
    ///
    /// # Errors
    /// None that a layer which exists can have.
    pub fn grow_random(self, rng: &mut Rng) -> Result<TopologyUpdate, SparseError> {
        let grown = self.layer.blocks.grow_random(&self.kept, self.active, rng);
        self.grow(&grown)
    }

    /// The second half: grows the blocks `grown`, none of which stayed.
    fn grow(self, grown: &[u32]) -> Result<TopologyUpdate, SparseError> {
        let LayerView { topology, blocks, .. } = self.layer;
        let dropped = (self.active - self.kept.len()) * blocks.size();
        let mut all = self.kept;
        all.extend(grown);
        // Two ascending runs: a stable sort merges them.
        all.sort();
        let positions = blocks.positions(all);
        let new = Topology::new(topology.rows(), topology.cols(), &positions)?;
        Ok(TopologyUpdate::between(topology, Arc::new(new)).of_dropped(dropped))
    }
}

/// `⌊f · nnz⌋` in single precision, as the reference implementation counts.
pub(crate) fn drop_count(fraction: f64, nnz: usize) -> usize {
    (fraction as f32 * nnz as f32) as usize
}

/// `max(1, round(n (1 − s)))`: what is active of `size` at `sparsity`.
pub fn keep_count(size: usize, sparsity: f64) -> usize {
    // The reference rounds half to even, as numpy and TensorFlow do.
    ((size as f64 * (1.0 - sparsity)).round_ties_even() as usize).max(1)
}

/// The active blocks of a layer at `sparsity`, rounded in each group.
pub fn keep_blocks(blocks: &Blocks, sparsity: f64) -> usize {
    blocks.groups() * keep_count(blocks.group(), sparsity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pattern;
    use crate::methods::UpdateCounts;
    use crate::methods::tests::view;

    #[test]
    fn what_is_kept_is_rounded_and_never_nothing() {
        assert_eq!(keep_count(10, 0.999), 1);
        assert_eq!(keep_count(10, 0.86), 1);
        assert_eq!(keep_count(10, 0.84), 2);
        assert_eq!(keep_count(7, 0.0), 7);
    }

    #[test]
    fn regrown_weights_go_on() {
        let topology = &Arc::new(Topology::new(1, 6, &[0, 2, 4, 5]).unwrap());
        let blocks = &Blocks::new(Pattern::Unstructured, 1, 6);
        let values = &[0.5, -0.1, 2.0, 0.1];
        let kept = Kept::largest(view(topology, blocks, values), 0.5);
        assert_eq!(kept.kept, [0, 4]);
        let update = kept.grow(&[1, 5]).unwrap();
        assert_eq!(update.counts(), UpdateCounts { dropped: 2, grown: 1, regrown: 1 });
        let values: Vec<f32> = update.remap(values).collect();
        assert_eq!(values, [0.5, 0.0, 2.0, 0.1]);
    }
}
