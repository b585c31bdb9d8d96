//! Data sets: episodes in files. Minari's are written, in Parquet or HDF5; they and D4RL's are read.

mod column;
mod command;
mod d4rl;
mod dataset;
mod env_spec;
mod episode;
mod hdf5;
pub mod keys;
mod metadata;
mod minari;
mod parquet;
mod picture;
mod record;
mod replay;
mod source;
mod space;
mod summary;
mod sums;
#[cfg(test)]
mod tests;
mod writer;
mod wrong;

use std::path::Path;

use crate::error::Error;
use d4rl::D4rl;
use env_spec::Named;
use metadata::Metadata;

pub use command::data;
pub use dataset::load;
pub use record::record;

/// Reads a file of a data set, whichever of them its first bytes say it is: an episode in Parquet, a file of D4RL, or
/// else the metadata of a set with its spaces and its env.
///
/// # Errors
/// What is wrong with it.
pub fn any_file(bytes: &[u8]) -> Result<(), Error> {
    let path = Path::new("data");
    if bytes.starts_with(b"PAR1") {
        return parquet::read(bytes.to_vec()).map(drop).map_err(|wrong| wrong.in_file(path));
    }
    if bytes.starts_with(b"\x89HDF") {
        return D4rl::of(path, bytes.to_vec(), None).map(drop);
    }
    let read = || {
        let metadata = Metadata::parse(bytes)?;
        space::read("observation_space", &metadata.observation_space)?;
        space::read("action_space", &metadata.action_space)?;
        metadata.env_spec.as_deref().map(Named::read).transpose()
    };
    match read().map_err(|wrong| wrong.in_file(path))? {
        Some(named) => named.spec().map(drop),
        None => Ok(()),
    }
}
