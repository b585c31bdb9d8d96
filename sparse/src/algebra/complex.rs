//! The complex numbers: `(a + b i)(c + d i) = (a c − b d) + (b c + a d) i`.

use super::AlgebraRow;

/// The row of the complex numbers.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "c",
    about: "complex numbers",
    columns: 1,
    block: &[
        &[1, -2], //
        &[2, 1],
    ],
};
