//! The checkpoints in a job's folder, and the latest that is whole.
//!
//! ```text
//! checkpoints/0001-000000020000/   the first life after 20,000 environment steps
//!     checkpoint.yaml              what it says of itself
//!     state.safetensors            all state but the replay memory's rows
//! checkpoints/rows/<from>-<to>     rows of the replay memory, each written once and shared by checkpoints
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sparring_sparse::Section;

use super::manifest::{Manifest, Piece, Rows};
use crate::error::Error;

/// The folder of all checkpoints below that of their job.
pub const FOLDER: &str = "checkpoints";

/// The folder of the rows of a replay memory, below that of all checkpoints.
pub const ROWS: &str = "rows";

/// The file of all other state, in the folder of a checkpoint.
pub const STATE: &str = "state.safetensors";

/// The checkpoints of a job.
#[derive(Clone, Debug)]
pub struct Store {
    job: PathBuf,
    root: PathBuf,
}

/// A checkpoint that is whole.
#[derive(Debug)]
pub struct Checkpoint {
    /// What it says of itself.
    pub manifest: Manifest,
    /// All state but the replay memory's rows.
    pub state: Section,
    rows: PathBuf,
}

/// The latest checkpoint that is whole, and those that came after it.
#[derive(Debug, Default)]
pub struct Latest {
    /// None where no checkpoint is whole.
    pub whole: Option<Checkpoint>,
    /// What is wrong with each that is not.
    pub damaged: Vec<String>,
}

impl Store {
    /// That of the job in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self { job: folder.to_path_buf(), root: folder.join(FOLDER) }
    }

    /// Where they are.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the rows of the replay memory are.
    pub fn rows(&self) -> PathBuf {
        self.root.join(ROWS)
    }

    /// The folder of the checkpoint of `life` after so many steps of the run's own clock.
    pub fn folder(&self, life: u32, steps: u64) -> PathBuf {
        self.root.join(format!("{life:04}-{steps:012}"))
    }

    /// The folders of all checkpoints, the newest first: a later life's before an earlier one's.
    pub fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().filter_map(Result::ok);
        let is_one = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            name.split_once('-').is_some_and(|(life, steps)| {
                life.len() >= 4 && steps.len() >= 12 && digits(life) && digits(steps)
            })
        };
        let mut all: Vec<_> = entries.map(|entry| entry.path()).filter(is_one).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        all
    }

    /// The newest checkpoint of the job whose config has this hash, of which every file is as it was written.
    pub fn latest(&self, job: &str) -> Latest {
        let mut latest = Latest::default();
        for folder in self.folders() {
            match self.read(&folder, job) {
                Ok(whole) => {
                    latest.whole = Some(whole);
                    break;
                }
                Err(error) => latest.damaged.push(format!("{}: {error}", folder.display())),
            }
        }
        latest
    }

    /// The checkpoint in `folder`; what is wrong with it if it is not whole.
    pub fn read(&self, folder: &Path, job: &str) -> Result<Checkpoint, String> {
        let manifest = Manifest::read(folder)?;
        let state = manifest.state_in(folder, job)?;
        manifest.logs.iter().try_for_each(|log| log.check(&self.job, false))?;
        let rows = self.rows();
        pieces(&manifest).iter().try_for_each(|piece| piece.sum.check(&rows, true))?;
        Ok(Checkpoint { manifest, state, rows })
    }

    /// Removes all of them: the job is at its end.
    pub fn clear(&self) -> Result<(), Error> {
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::file(&self.root, "remove")(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl Checkpoint {
    /// The pieces of the replay memory, one after the other.
    pub fn pieces(&self) -> impl Iterator<Item = io::Result<Vec<u8>>> {
        let read = |piece: &Piece| piece.sum.read(&self.rows).map_err(io::Error::other);
        pieces(&self.manifest).iter().map(read)
    }
}

/// The pieces that a checkpoint names.
pub fn pieces(manifest: &Manifest) -> &[Piece] {
    match &manifest.replay {
        Rows::Held { pieces, .. } => pieces,
        Rows::None | Rows::LeftOut => &[],
    }
}
