//! Gradual magnitude pruning (Zhu & Gupta 2017, 1710.01878; PAPERS 1.9).
//!
//! From dense, each layer keeps its largest weights, fewer at every pruning step.
//!
//! Differs from the reference implementation in: 1. a pruned weight is gone. There it takes one
//! dense optimiser step before the next pruning ranks it, and could in principle come back; here
//! only active weights are stored.

use std::sync::Arc;

use super::{Moves, largest};
use crate::error::SparseError;
use crate::topology::Topology;

/// `max(1, round(n (1 − s)))`: active weights of a layer of `size` weights at `sparsity`.
pub fn keep_count(size: usize, sparsity: f64) -> usize {
    // The reference rounds half to even, as numpy and TensorFlow do.
    ((size as f64 * (1.0 - sparsity)).round_ties_even() as usize).max(1)
}

/// Keeps the `count` entries of largest magnitude among `values (nnz)`.
pub fn prune(topology: &Topology, values: &[f32], count: usize) -> Result<Moves, SparseError> {
    let keep = largest(values.iter().map(|w| w.abs()), count);
    let mut next = keep.iter().peekable();
    let stays = |(position, entry)| next.next_if(|k| **k == entry).map(|_| position);
    let positions: Vec<u32> = topology.positions().zip(0u32..).filter_map(stays).collect();
    let pruned = Topology::new(topology.rows(), topology.cols(), &positions)?;
    Ok(Moves::between(topology, Arc::new(pruned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_largest_and_rounds() {
        let topology = Topology::dense(2, 3).unwrap();
        let values = [0.1, -3.0, 0.5, 0.5, 2.0, -0.5];
        let moves = prune(&topology, &values, 3).unwrap();
        assert_eq!(moves.topology().positions().collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(moves.remap(&values).collect::<Vec<_>>(), [-3.0, 0.5, 2.0]);
        let again = prune(moves.topology(), &[-3.0, 0.5, 2.0], 1).unwrap();
        assert_eq!(again.topology().positions().collect::<Vec<_>>(), [1]);
        assert_eq!(again.counts().dropped, 2);
        assert_eq!(keep_count(10, 0.999), 1);
        assert_eq!(keep_count(10, 0.86), 1);
        assert_eq!(keep_count(10, 0.84), 2);
        assert_eq!(keep_count(7, 0.0), 7);
    }
}
