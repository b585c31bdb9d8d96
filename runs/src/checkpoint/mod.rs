//! What is kept of a job while it runs, so that another process can go on with the same bits.
//!
//! A checkpoint holds exactly the state on which the rest of a run depends. What is choice stands in
//! `resolved.yaml`, and scratch is nowhere.

mod keys;
mod manifest;
mod pauses;
mod store;
mod writer;

pub use keys::{CheckpointKeys, Kept};
pub use manifest::{MANIFEST, Manifest, Rows, Sum};
pub use pauses::Pauses;
pub use store::{Checkpoint, Latest, Store};
pub use writer::{Moment, THREAD, Writer};
