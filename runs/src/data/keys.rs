//! The section `data`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::KeyError;

/// What an agent learns from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataKeys {
    /// Folders of Minari's sets or files of D4RL, relative to where `sparring` runs; all of the env that is played. Of
    /// each a tenth of the episodes is held out: those that its split.json names, or that are drawn by their number.
    #[schemars(example = vec!["data/acrobot/medium-v0"], extend("x-required" = true))]
    pub sets: Vec<String>,
    /// The first so many of the episodes that are learnt from, over all sets; null takes all. Those held out stay the
    /// same.
    #[schemars(range(min = 1))]
    pub episodes: Option<usize>,
}

impl DataKeys {
    /// Whether there are sets, each once.
    ///
    /// # Errors
    /// None, and one that is named again.
    pub fn check(&self) -> Result<(), KeyError> {
        let allowed = "at least one data set, each once";
        let mut known = BTreeSet::new();
        match self.sets.iter().find(|set| !known.insert(*set)) {
            Some(again) => {
                let found = format!("{again} a second time");
                Err(KeyError::new("sets", found, allowed, "remove it"))
            }
            None if self.sets.is_empty() => {
                Err(KeyError::new("sets", "[]", allowed, "sets: [data/NAME-v0]"))
            }
            None => Ok(()),
        }
    }
}
