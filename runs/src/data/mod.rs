//! Data sets: episodes in files. Minari's are written, in Parquet or HDF5; they and D4RL's are read.

mod column;
mod command;
mod d4rl;
mod env_spec;
mod episode;
mod hdf5;
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

pub use command::data;
pub use record::record;
