//! The checksums of a recorded set, so that damage is told from data.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::wrong::Wrong;
use crate::error::Error;

/// Their file, in the set's folder.
pub const SUMS: &str = "sums.json";

/// What a file was when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sum {
    bytes: u64,
    crc32: u32,
}

/// The files of a set, by their path below its folder, with slashes. A set of others has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sums(BTreeMap<String, Sum>);

impl Sums {
    /// Those of the set in `folder`; none of a set that has no such file.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(SUMS);
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text = fs::read(&path).map_err(Error::file(&path, "read"))?;
        serde_json::from_slice(&text).map_err(|error| Wrong::damaged("", error).in_file(&path))
    }

    /// Takes the file `name` in, which has these bytes.
    pub fn add(&mut self, name: impl Into<String>, bytes: &[u8]) {
        let sum = Sum { bytes: bytes.len() as u64, crc32: crc32fast::hash(bytes) };
        self.0.insert(name.into(), sum);
    }

    /// The bytes of the file `name` in `folder`, which must be as they were written.
    pub fn bytes(&self, folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
        let path: PathBuf = folder.join(name);
        let bytes = fs::read(&path).map_err(Error::file(&path, "read"))?;
        let damaged = |found: String| Err(Wrong::damaged("", found).in_file(&path));
        match self.0.get(name) {
            Some(sum) if sum.bytes != bytes.len() as u64 => {
                damaged(format!("{} bytes in place of {}", bytes.len(), sum.bytes))
            }
            Some(sum) if sum.crc32 != crc32fast::hash(&bytes) => {
                damaged("other bytes: the checksum does not fit".to_owned())
            }
            Some(_) | None => Ok(bytes),
        }
    }
}
