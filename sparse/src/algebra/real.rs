//! The real numbers.

use super::row::{Algebra, AlgebraRow};

/// The row of the real numbers.
pub static ROW: AlgebraRow =
    AlgebraRow { name: "real", about: "real numbers", columns: 1, block: &[&[1]] };

impl Algebra {
    /// The real numbers: a layer like any other.
    pub const REAL: Self = Self::of(&ROW);
}
