//! Looking up what was met before.

mod index;

pub use index::{Index, Neighbour};
