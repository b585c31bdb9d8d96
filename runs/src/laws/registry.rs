//! The laws that there are.

use super::row::LawRow;
use super::{
    batch, chinchilla, envelope, intrinsic, isoflop, power, routing, slopes, sum, threshold, utd,
    which_n,
};

/// All laws.
pub static LAWS: [&LawRow; 12] = [
    &threshold::ROW,
    &power::ROW,
    &chinchilla::ROW,
    &isoflop::ROW,
    &envelope::ROW,
    &sum::ROW,
    &utd::ROW,
    &slopes::ROW,
    &batch::ROW,
    &routing::ROW,
    &intrinsic::ROW,
    &which_n::ROW,
];
