//! The quaternions: `i² = j² = k² = i j k = −1`, a weight multiplying from the left.

use super::AlgebraRow;

/// The row of the quaternions.
pub static ROW: AlgebraRow = AlgebraRow {
    name: "h",
    about: "quaternions a + b i + c j + d k",
    columns: 1,
    block: &[
        &[1, -2, -3, -4], //
        &[2, 1, -4, 3],
        &[3, 4, 1, -2],
        &[4, -3, 2, 1],
    ],
};
