//! The shapes of networks that agents use.

pub mod mlp;
