//! Real 4 × 4 matrices: a block is the weight itself.

use super::AlgebraRow;

/// The row of the real 4 × 4 matrices.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "m4r",
    about: "real 4 x 4 matrices",
    columns: 4,
    block: &[
        &[1, 2, 3, 4], //
        &[5, 6, 7, 8],
        &[9, 10, 11, 12],
        &[13, 14, 15, 16],
    ],
};
