//! Looking up what was met before.

#[cfg(feature = "hnsw")]
mod hnsw;
mod index;
mod lookup;

pub use index::{Index, Neighbour};
pub use lookup::{IndexName, Lookup};
