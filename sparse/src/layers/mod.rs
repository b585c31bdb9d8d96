//! The layers of which networks are made.

pub mod linear;

pub use linear::{LayerSpec, SparseLinear};
