//! The shapes of networks that agents use.

pub mod estimate;
pub mod mlp;
