//! SET, sparse evolutionary training (Mocanu et al. 2018, 1707.04780; PAPERS 1.6).
//!
//! Drops the active weights of smallest magnitude and grows as many at random among all positions
//! that did not stay, those just dropped included. Costs `O(nnz)`.

use super::LayerView;
use super::moves::{Drop, Moves};
use crate::error::SparseError;
use crate::seed::Rng;

/// Replaces `⌊fraction · active⌋` of the units of `layer`.
pub fn rewire(layer: LayerView<'_>, fraction: f64, rng: &mut Rng) -> Result<Moves, SparseError> {
    Drop::smallest(layer, fraction).grow_random(rng)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::{Counts, Units};
    use crate::seed::Seed;
    use crate::topology::Topology;

    /// 2×4, entries at 0 1 4 6 with values 0.9 −0.2 0.3 −0.8. Worked by hand: which stay is fixed,
    /// which grow is random among the others.
    #[test]
    fn hand_worked_table() {
        let topology = &Arc::new(Topology::new(2, 4, &[0, 1, 4, 6]).unwrap());
        let units = &Units::new(Pattern::Unstructured, 2, 4);
        let values = &[0.9, -0.2, 0.3, -0.8];
        let stay: [(f64, &[u32]); 5] =
            [(0.0, &[0, 1, 4, 6]), (0.25, &[0, 4, 6]), (0.5, &[0, 6]), (0.75, &[0]), (1.0, &[])];
        let mut seen = HashSet::new();
        for seed in 0..200 {
            for (fraction, kept) in stay {
                let mut rng = Seed::new(seed).rng();
                let moves =
                    rewire(LayerView { topology, units, values }, fraction, &mut rng).unwrap();
                let positions: Vec<u32> = moves.topology().positions().collect();
                assert_eq!(positions.len(), 4);
                assert!(kept.iter().all(|p| positions.contains(p)), "{fraction} {positions:?}");
                let Counts { dropped, grown, regrown } = moves.counts();
                assert_eq!((dropped, grown + regrown), (4 - kept.len(), 4 - kept.len()));
                for (position, value) in positions.iter().zip(moves.remap(values)) {
                    let old = topology.positions().position(|p| p == *position);
                    assert_eq!(value, old.map_or(0.0, |entry| values[entry]));
                }
                if fraction == 0.25 {
                    seen.extend(positions.into_iter().filter(|p| !kept.contains(p)));
                }
            }
        }
        assert_eq!(seen, HashSet::from([1, 2, 3, 5, 7]), "every free position is grown sometimes");
    }
}
