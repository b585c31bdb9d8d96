//! Complex 2 × 2 matrices. The parts of an element stand as its four rows (the real and the imaginary parts of the
//! first row of the matrix, then of the second) of two columns.

use super::AlgebraRow;

/// The row of the complex 2 × 2 matrices.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "m2c",
    about: "complex 2 x 2 matrices",
    columns: 2,
    block: &[
        &[1, -3, 2, -4], //
        &[3, 1, 4, 2],
        &[5, -7, 6, -8],
        &[7, 5, 8, 6],
    ],
};
