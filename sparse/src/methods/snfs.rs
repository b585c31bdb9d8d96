//! SNFS, sparse networks from scratch or sparse momentum (Dettmers & Zettlemoyer 2019, 1907.04840).
//!
//! Drops the active weights of smallest magnitude and grows as many where the magnitude of an
//! exponential average of the dense gradient, `a ← α a + (1 − α) g`, is largest, among all positions
//! that did not stay.
//!
//! What it costs: the average is of every position at every step, so the dense gradient is formed at
//! every step until the last rewiring, and the average takes the memory of one dense network. Only
//! the forward pass and the input gradient are sparse until then; afterwards the average is gone.
//!
//! Differs from the paper in:
//! 1. every layer keeps its number of weights. There layers gain and lose weights by their share of
//!    the mean momentum;
//! 2. the average is kept beside the optimiser's moments, whatever the rule, where the paper takes
//!    the momentum of SGD; a new weight starts with zero moments;
//! 3. rewiring is by gradient step with a falling drop fraction, as SET's and RigL's, where the paper
//!    rewires once an epoch.

use super::LayerView;
use super::moves::{Drop, Moves};
use crate::error::SparseError;

/// `a ← α a + (1 − α) g`; an empty `a` is zeros.
pub fn average(averages: &mut Vec<f32>, dense_grad: &[f32], smoothing: f64) {
    averages.resize(dense_grad.len(), 0.0);
    let alpha = smoothing as f32;
    for (a, g) in averages.iter_mut().zip(dense_grad) {
        *a = alpha * *a + (1.0 - alpha) * g;
    }
}

/// Replaces `⌊fraction · active⌋` of the units of `layer` by the `averages (out · in)`.
pub fn rewire(layer: LayerView<'_>, averages: &[f32], fraction: f64) -> Result<Moves, SparseError> {
    let scores = layer.units.dense_sums(averages.iter().map(|a| a.abs()));
    Drop::smallest(layer, fraction).grow_largest(&scores)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::Units;
    use crate::topology::Topology;

    /// The last gradient alone would grow position 3; the average of two grows position 1.
    #[test]
    fn hand_worked_table() {
        let mut averages = Vec::new();
        average(&mut averages, &[0.0, 8.0, 0.0, 0.0], 0.75);
        assert_eq!(averages, [0.0, 2.0, 0.0, 0.0]);
        average(&mut averages, &[0.0, 0.0, 1.0, -4.0], 0.75);
        assert_eq!(averages, [0.0, 1.5, 0.25, -1.0]);
        let topology = &Arc::new(Topology::new(1, 4, &[0, 2]).unwrap());
        let units = &Units::new(Pattern::Unstructured, 1, 4);
        let layer = LayerView { topology, units, values: &[1.0, -0.5] };
        let moves = rewire(layer, &averages, 0.5).unwrap();
        assert_eq!(moves.topology().positions().collect::<Vec<_>>(), [0, 1]);
    }
}
