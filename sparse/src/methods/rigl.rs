//! RigL, the rigged lottery (Evci et al. 2020, 1911.11134; PAPERS 1.6).
//!
//! Drops the active weights of smallest magnitude and grows as many where the magnitude of the dense
//! gradient is largest, among all positions that did not stay, those just dropped included. The
//! gradient is taken at the weights before the change.

use super::moves::{Drop, Moves};
use crate::error::SparseError;
use crate::methods::largest;
use crate::topology::Topology;

/// Replaces `⌊fraction · nnz⌋` of the entries, whose values are `values (nnz)`, by the `dense_grad
/// (out · in)`.
pub fn rewire(
    topology: &Topology,
    values: &[f32],
    dense_grad: &[f32],
    fraction: f64,
) -> Result<Moves, SparseError> {
    let drop = Drop::smallest(topology, values, fraction);
    let mut scores: Vec<f32> = dense_grad.iter().map(|g| g.abs()).collect();
    for &position in &drop.kept {
        // Below every magnitude: what stayed cannot be grown.
        scores[position as usize] = -1.0;
    }
    let grown = largest(scores.into_iter(), drop.count);
    drop.grow(&grown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::methods::Counts;

    /// 2×4, entries at 0 1 4 6 with values 0.9 −0.2 0.3 −0.8, worked by hand.
    #[test]
    fn hand_worked_table() {
        let topology = Topology::new(2, 4, &[0, 1, 4, 6]).unwrap();
        let values = [0.9, -0.2, 0.3, -0.8];
        let grad = [9.0, 1.0, -2.0, 0.5, 0.1, -3.0, 9.0, 2.0];
        // fraction → positions, (grown, regrown)
        let table: [(f64, &[u32], usize, usize); 5] = [
            (0.0, &[0, 1, 4, 6], 0, 0),
            (0.25, &[0, 4, 5, 6], 1, 0), // 1 goes, 5 comes
            (0.5, &[0, 2, 5, 6], 2, 0),  // 4 goes; 2 and 7 tie at 2.0, the lower index wins
            (0.75, &[0, 5, 6, 2], 2, 1), // 6 goes and comes again
            (1.0, &[0, 6, 5, 2], 2, 2),  // all go, the four largest gradients come
        ];
        for (fraction, positions, grown, regrown) in table {
            let moves = rewire(&topology, &values, &grad, fraction).unwrap();
            let mut expected = positions.to_vec();
            expected.sort_unstable();
            assert_eq!(moves.topology().positions().collect::<Vec<_>>(), expected, "{fraction}");
            let dropped = grown + regrown;
            assert_eq!(moves.counts(), Counts { dropped, grown, regrown }, "{fraction}");
        }
        let moves = rewire(&topology, &values, &grad, 0.75).unwrap();
        assert_eq!(moves.remap(&values).collect::<Vec<_>>(), [0.9, 0.0, 0.0, -0.8]);
    }

    #[test]
    fn an_active_zero_stays_before_an_inactive_position() {
        let topology = Topology::new(1, 4, &[2, 3]).unwrap();
        let moves = rewire(&topology, &[0.0, 0.0], &[0.0; 4], 0.5).unwrap();
        assert_eq!(moves.topology().nnz(), 2);
        assert!(moves.topology().positions().any(|p| p == 2), "of the two zeros the lower stays");
    }
}
