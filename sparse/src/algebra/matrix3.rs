//! Real 3 × 3 matrices: a block is the weight itself.

use super::AlgebraRow;

/// The row of the real 3 × 3 matrices.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "m3r",
    about: "real 3 x 3 matrices",
    columns: 3,
    block: &[
        &[1, 2, 3], //
        &[4, 5, 6],
        &[7, 8, 9],
    ],
};
