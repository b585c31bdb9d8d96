//! What a start finds in the folder of a run that was there.

use std::path::PathBuf;

use crate::table::counted;

/// What a plan found in a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Jobs that were there already, under the same config.
    pub known: usize,
    /// Jobs whose config has changed since; what they had is put aside.
    pub changed: Vec<String>,
    /// Where that is.
    pub put_aside: Option<PathBuf>,
}

impl Found {
    /// What an edited config has put aside; none where nothing.
    pub fn changes(&self) -> Option<String> {
        let place = self.put_aside.as_ref()?;
        Some(format!(
            "the config has changed: {} run anew, what they had is in {}: {}",
            counted(self.changed.len(), ["job is", "jobs are"]),
            place.display(),
            self.changed.join("; "),
        ))
    }
}
