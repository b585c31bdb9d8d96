//! Which processes are at a run's folder: one that prepares it, any number that work on its jobs.
//!
//! The system lets go of a lock when its process ends, in whatever way. Who works on which job is told by the
//! jobs' [lives](crate::life), between machines as well; a file system without locks leaves it to them alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// The file below a run's folder.
pub const LOCK: &str = "run.lock";

/// The file that is locked while a folder is prepared.
pub const PREPARE: &str = "prepare.lock";

/// The right to prepare a run's folder, which one process has at a time.
#[derive(Debug)]
pub struct Preparing {
    _held: File,
}

/// A process at work in a run's folder.
#[derive(Debug)]
pub struct Present {
    _held: File,
}

impl Preparing {
    /// Waits for the processes that prepare the folder at this moment.
    pub fn wait(root: &Path) -> io::Result<Self> {
        let held = open(&root.join(PREPARE))?;
        drop(held.lock());
        Ok(Self { _held: held })
    }
}

impl Present {
    /// Is there from now on.
    pub fn begin(root: &Path) -> io::Result<Self> {
        let held = open(&root.join(LOCK))?;
        drop(held.lock_shared());
        Ok(Self { _held: held })
    }

    /// Whether any process is there; none where that cannot be told.
    pub fn any(root: &Path) -> Option<bool> {
        match File::open(root.join(LOCK)).ok()?.try_lock() {
            Ok(()) => Some(false),
            Err(TryLockError::WouldBlock) => Some(true),
            Err(TryLockError::Error(_)) => None,
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn one_prepares_and_many_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let at_once = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let preparing = Preparing::wait(root).unwrap();
                    assert_eq!(at_once.fetch_add(1, Ordering::Relaxed), 0);
                    at_once.fetch_sub(1, Ordering::Relaxed);
                    drop(preparing);
                });
            }
        });
        assert_eq!(Present::any(root), None);
        let both = [(); 2].map(|()| Present::begin(root).unwrap());
        assert_eq!(Present::any(root), Some(true));
        drop(both);
        assert_eq!(Present::any(root), Some(false));
    }
}
