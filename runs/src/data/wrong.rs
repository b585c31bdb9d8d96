//! What is wrong with a data set, before it is known in which file.

use std::fmt::Display;
use std::path::Path;

use crate::error::{Error, Refusal};

/// A mistake below a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The key, the column or the episode; empty of the file as a whole.
    pub at: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
    /// The nearest way out.
    pub hint: String,
}

impl Wrong {
    /// One at `at`.
    pub fn new(
        at: impl Into<String>,
        found: impl Display,
        allowed: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let (at, allowed, hint) = (at.into(), allowed.into(), hint.into());
        Self { at, found: found.to_string(), allowed, hint }
    }

    /// A file, or the part `at` of one, whose bytes are not what was written.
    pub fn damaged(at: impl Into<String>, found: impl Display) -> Self {
        let allowed = "the bytes as they were written";
        Self::new(at, found, allowed, "fetch or record the set again")
    }

    /// The same in an episode.
    pub fn of_episode(mut self, episode: usize) -> Self {
        self.at = match self.at.is_empty() {
            true => format!("episode {episode}"),
            false => format!("episode {episode}: {}", self.at),
        };
        self
    }

    /// The same in a file.
    pub fn in_file(self, path: &Path) -> Error {
        let place = match self.at.is_empty() {
            true => path.display().to_string(),
            false => format!("{}: {}", path.display(), self.at),
        };
        Refusal::argument(place, self.found, self.allowed, self.hint)
    }
}
