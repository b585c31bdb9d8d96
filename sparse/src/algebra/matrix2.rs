//! Real 2 × 2 matrices: a block is the weight itself.

use super::AlgebraRow;

/// The row of the real 2 × 2 matrices.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "m2r",
    about: "real 2 x 2 matrices",
    columns: 2,
    block: &[
        &[1, 2], //
        &[3, 4],
    ],
};
