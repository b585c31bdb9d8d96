//! The shapes of networks that agents use.

pub mod budget;
pub mod estimate;
pub mod mlp;
