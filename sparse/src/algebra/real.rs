//! The real numbers.

use super::AlgebraRow;

/// The row of the real numbers.
pub static ROW: AlgebraRow =
    AlgebraRow { name: "real", about: "real numbers", columns: 1, block: &[&[1]] };
