//! Who writes into a run's folder, and whether that process still lives.
//!
//! The file is made by one process alone, of however many begin at once, and that one holds its lock for as
//! long as it runs: the system lets go of it when the process ends, in whatever way. So a folder that says
//! `running` without a lock was left by a process that was killed.

use std::fs::{File, TryLockError};
use std::io;
use std::io::Write;
use std::path::Path;

/// The file below a run's folder; it holds the number of the process.
pub const LOCK: &str = "run.lock";

/// The right to write into a run's folder.
#[derive(Debug)]
pub struct RunLock {
    _held: File,
}

impl RunLock {
    /// Takes it; [`io::ErrorKind::AlreadyExists`] where another process has, or once had.
    pub fn take(root: &Path) -> io::Result<Self> {
        let mut file = File::create_new(root.join(LOCK))?;
        // A file system without locks, such as some of clusters, leaves a folder that nobody can ask.
        drop(file.lock());
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _held: file })
    }

    /// Whether the process that took it still runs; none where that cannot be told.
    pub fn is_held(root: &Path) -> Option<bool> {
        match File::open(root.join(LOCK)).ok()?.try_lock_shared() {
            Ok(()) => Some(false),
            Err(TryLockError::WouldBlock) => Some(true),
            Err(TryLockError::Error(_)) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_takes_it_and_it_is_held_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(RunLock::is_held(root), None);
        let mut locks: Vec<RunLock> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| RunLock::take(root).ok())).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!((locks.len(), RunLock::is_held(root)), (1, Some(true)));
        locks.clear();
        assert_eq!(RunLock::is_held(root), Some(false));
        assert_eq!(RunLock::take(root).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
