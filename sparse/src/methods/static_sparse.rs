//! Static sparsity: a random topology that never changes; SET and RigL start from one too.

use crate::error::SparseError;
use crate::sample::distinct;
use crate::seed::Rng;
use crate::topology::Topology;

/// Exactly `nnz` active weights, every choice equally likely (PAPERS 1.4).
pub fn random(
    rows: usize,
    cols: usize,
    nnz: usize,
    rng: &mut Rng,
) -> Result<Topology, SparseError> {
    Topology::new(rows, cols, &distinct(rows * cols, nnz, rng))
}
