//! The networks that agents use: one file each, with its keys and its row.

pub mod algebra;
pub mod bro;
pub mod budget;
mod chosen;
mod config;
pub mod experts;
pub mod image;
pub mod impala;
pub mod known;
pub mod minatar;
pub mod mlp;
mod narrowed;
pub mod nature;
mod parameters;
mod residual;
pub mod row;
pub mod simba;
pub mod style;
pub mod transformer;
mod width;

pub use algebra::AlgebraKeys;
pub(crate) use chosen::Chosen;
pub use config::NetworkConfig;
pub use experts::ExpertKeys;
pub(crate) use experts::refused;
pub use known::NETWORKS;
pub use row::{NetworkKeys, NetworkRow};
