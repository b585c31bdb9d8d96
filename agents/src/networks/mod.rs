//! The shapes of networks that agents use.

pub mod budget;
mod config;
pub mod image;
pub mod impala;
pub mod minatar;
pub mod mlp;
pub mod nature;

pub use config::NetworkConfig;
