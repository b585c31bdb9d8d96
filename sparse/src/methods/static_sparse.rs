//! Static sparsity: a random topology that never changes; SET, RigL and SNFS start from one too.

use super::Units;
use crate::error::SparseError;
use crate::seed::Rng;
use crate::topology::Topology;

/// Exactly `nnz` active weights in a `rows × cols` layer, as many in every group, every choice of
/// units equally likely (PAPERS 1.4).
pub fn random(
    rows: usize,
    cols: usize,
    units: &Units,
    nnz: usize,
    rng: &mut Rng,
) -> Result<Topology, SparseError> {
    let chosen = units.random(nnz / units.size(), rng);
    Topology::new(rows, cols, &units.positions(chosen))
}
