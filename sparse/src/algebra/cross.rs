//! ℝ³ with the cross product `w × x`, which is not associative.

use super::AlgebraRow;

/// The row of the cross product.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "cross",
    about: "vectors of R³ with the cross product, which is not associative",
    columns: 1,
    block: &[
        &[0, -3, 2], //
        &[3, 0, -1],
        &[-2, 1, 0],
    ],
};
