//! Gradual magnitude pruning (Zhu & Gupta 2017, 1710.01878; PAPERS 1.9).
//!
//! From dense, each layer keeps its largest weights, fewer at every pruning step.
//!
//! Differs from the reference implementation in: 1. a pruned weight is gone. There it takes one
//! dense optimiser step before the next pruning ranks it, and could in principle come back; here
//! only active weights are stored.

use super::{LayerView, Moves, Units};
use crate::error::SparseError;

/// `max(1, round(n (1 − s)))`: what is active of `size` at `sparsity`.
pub fn keep_count(size: usize, sparsity: f64) -> usize {
    // The reference rounds half to even, as numpy and TensorFlow do.
    ((size as f64 * (1.0 - sparsity)).round_ties_even() as usize).max(1)
}

/// The active units of a layer at `sparsity`, rounded in each group.
pub fn keep_units(units: &Units, sparsity: f64) -> usize {
    units.groups() * keep_count(units.group(), sparsity)
}

/// Keeps the `count` active units of `layer` of largest `Σ |w|`.
pub fn prune(layer: LayerView<'_>, count: usize) -> Result<Moves, SparseError> {
    Moves::keep(layer, layer.values.iter().map(|w| w.abs()), count)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::topology::Topology;

    #[test]
    fn keeps_the_largest_and_rounds() {
        let topology = &Arc::new(Topology::dense(2, 3).unwrap());
        let units = &Units::new(Pattern::Unstructured, 2, 3);
        let values = &[0.1, -3.0, 0.5, 0.5, 2.0, -0.5];
        let moves = prune(LayerView { topology, units, values }, 3).unwrap();
        assert_eq!(moves.topology().positions().collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(moves.remap(values).collect::<Vec<_>>(), [-3.0, 0.5, 2.0]);
        let (topology, values) = (moves.topology(), &[-3.0, 0.5, 2.0]);
        let again = prune(LayerView { topology, units, values }, 1).unwrap();
        assert_eq!(again.topology().positions().collect::<Vec<_>>(), [1]);
        assert_eq!(again.counts().dropped, 2);
        assert_eq!(keep_count(10, 0.999), 1);
        assert_eq!(keep_count(10, 0.86), 1);
        assert_eq!(keep_count(10, 0.84), 2);
        assert_eq!(keep_count(7, 0.0), 7);
    }
}
