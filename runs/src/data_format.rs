//! How the episodes of a data set are stored.

use clap::ValueEnum;

/// How the episodes of a data set are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// A file an episode: data/0/part-0.parquet
    Parquet,
    /// One file for all: data/main_data.hdf5
    Hdf5,
}

impl DataFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Parquet, Self::Hdf5];

    /// As Minari calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Hdf5 => "hdf5",
        }
    }
}
