//! SNIP, single-shot network pruning (Lee et al. 2019, 1810.02340).
//!
//! From a dense network, on the minibatch of the first step, each layer keeps the weights of largest
//! connection sensitivity `|w · ∂L/∂w|`; the topology is fixed from then on. Costs one dense step.
//!
//! Differs from the paper in: 1. how many weights a layer keeps is the distribution's choice, as for
//! every other method. There one ranking goes over all layers.

use super::{LayerView, Moves};
use crate::error::SparseError;

/// Keeps the `count` active units of `layer` of largest `Σ |w · g|`; g `(nnz)`.
pub fn prune(layer: LayerView<'_>, grad: &[f32], count: usize) -> Result<Moves, SparseError> {
    let sensitivity = layer.values.iter().zip(grad).map(|(w, g)| (w * g).abs());
    Moves::keep(layer, sensitivity, count)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::Units;
    use crate::topology::Topology;

    #[test]
    fn hand_worked_table() {
        let topology = &Arc::new(Topology::dense(2, 3).unwrap());
        let (values, grad) = (&[3.0, -1.0, 0.5, 2.0, 0.0, -1.0], [0.1, 0.5, -1.0, 0.25, 9.0, 2.0]);
        // |w g| = 0.3 0.5 0.5 0.5 0 2.0
        for (count, positions) in
            [(1, &[5][..]), (2, &[1, 5]), (3, &[1, 2, 5]), (5, &[0, 1, 2, 3, 5])]
        {
            let units = &Units::new(Pattern::Unstructured, 2, 3);
            let moves = prune(LayerView { topology, units, values }, &grad, count).unwrap();
            assert_eq!(moves.topology().positions().collect::<Vec<_>>(), positions);
        }
        // Columns as blocks: 0.8 0.5 2.5.
        let units = &Units::new(Pattern::Block { height: 2, width: 1 }, 2, 3);
        let moves = prune(LayerView { topology, units, values }, &grad, 2).unwrap();
        assert_eq!(moves.topology().positions().collect::<Vec<_>>(), [0, 2, 3, 5]);
    }
}
