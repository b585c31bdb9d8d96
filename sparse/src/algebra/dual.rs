//! The dual numbers: `(a + b ε)(c + d ε) = a c + (b c + a d) ε`.

use super::AlgebraRow;

/// The row of the dual numbers.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "dual",
    about: "dual numbers a + b ε, ε² = 0",
    columns: 1,
    block: &[
        &[1, 0], //
        &[2, 1],
    ],
};
