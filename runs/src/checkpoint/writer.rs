//! Writes checkpoints beside the training: one thread, a bounded queue, each file whole or not at all.
//!
//! The rows of a replay memory are handed over in pieces as they gather, so that no checkpoint has to wait for
//! many of them; each row is written once. A checkpoint is written into a folder beside its own, synced, renamed,
//! and its parent synced, and only then do older ones go.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use sparring_agents::{Clock, Replay};
use sparring_sparse::Section;

use super::keys::Kept;
use super::manifest::{FORMAT, MANIFEST, Manifest, Piece, Rows, Sum};
use super::store::{Checkpoint, STATE, Store, pieces};
use crate::error::Error;
use crate::files::{write_folder_whole, write_whole};
use crate::life::Life;

/// Bytes of a piece, about: what a training step waits for.
const PIECE_BYTES: usize = 4 << 20;

/// Pieces that may wait: with one in each hand, the most memory that rows on their way take.
const QUEUE: usize = 4;

/// The begin of the names of these threads.
pub const THREAD: &str = "checkpoint";

/// What is written.
enum Message {
    /// Rows of the replay memory.
    Rows(Range<u64>, Vec<u8>),
    /// From here on come those again that were lost.
    Again,
    /// A checkpoint, and the rows that the replay memory of its agent holds, if that has one.
    Checkpoint(Box<Moment>, Option<Range<u64>>),
}

/// A job at one moment.
#[derive(Debug)]
pub struct Moment {
    /// How far it is.
    pub at: Clock,
    /// All state but the replay memory's rows.
    pub state: Section,
    /// The logs as far as they are written, and their files, to be synced.
    pub logs: Vec<(Sum, File)>,
}

/// What the two threads share.
#[derive(Debug, Default)]
struct Shared {
    /// Why the last checkpoint could not be written.
    failed: Option<String>,
    /// Rows could not be written: those from this one on are lost.
    lost_from: Option<u64>,
    /// Whether another life has taken the job over.
    fenced: bool,
}

/// Writes the checkpoints of one life of a job.
pub struct Writer {
    kept: Kept,
    queue: Sender<Message>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Mutex<Shared>>,
    /// Rows up to this one have been handed over.
    handed_over: u64,
}

impl Writer {
    /// Begins with what `resumed` names.
    pub fn start(
        store: Store,
        life: Life,
        job: String,
        (kept, keep): (Kept, usize),
        resumed: Option<&Checkpoint>,
    ) -> Result<Self, Error> {
        let rows = store.rows();
        fs::create_dir_all(&rows).map_err(Error::file(&rows, "make"))?;
        let known: VecDeque<Piece> =
            resumed.map_or(&[][..], |one| pieces(&one.manifest)).iter().cloned().collect();
        let until = known.back().map_or(0, |piece| piece.to);
        let shared = Arc::new(Mutex::new(Shared::default()));
        remove_rests(&store, until);
        let (queue, messages) = bounded(QUEUE);
        let hand =
            Hand { store, life, job, kept, keep, pieces: known, shared: Arc::clone(&shared) };
        let thread = Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || hand.write_all(&messages))
            .map_err(Error::system("start a thread"))?;
        Ok(Self { kept, queue, thread: Some(thread), shared, handed_over: until })
    }

    /// Hands over the rows that have gathered, where they make a piece; the time that took.
    pub fn follow(&mut self, replay: &Replay) -> Option<Duration> {
        let rows = replay.rows();
        let gathered = rows.end - self.handed_over.max(rows.start);
        if self.kept != Kept::All || gathered < piece_rows(replay) {
            return None;
        }
        let begun = Instant::now();
        self.hand_over(replay);
        Some(begun.elapsed())
    }

    /// Hands over a checkpoint, with what is left of the rows.
    pub fn checkpoint(&mut self, moment: Moment, replay: Option<&Replay>) {
        if let (Kept::All, Some(replay)) = (self.kept, replay) {
            if let Some(from) = self.with_shared(|shared| shared.lost_from.take()) {
                self.handed_over = from;
                drop(self.queue.send(Message::Again));
            }
            self.hand_over(replay);
        }
        let rows = replay.map(Replay::rows);
        drop(self.queue.send(Message::Checkpoint(Box::new(moment), rows)));
    }

    fn hand_over(&mut self, replay: &Replay) {
        let (Range { start, end }, piece) = (replay.rows(), piece_rows(replay));
        let mut from = self.handed_over.max(start);
        while from < end {
            let to = end.min(from + piece);
            // A queue that is full has the training wait: memory is bounded, time is not.
            drop(self.queue.send(Message::Rows(from..to, replay.piece(from..to))));
            from = to;
        }
        self.handed_over = end;
    }

    /// Why the last checkpoint could not be written, told once.
    pub fn failure(&self) -> Option<String> {
        self.with_shared(|shared| shared.failed.take())
    }

    /// Whether another life has taken the job over.
    pub fn is_fenced(&self) -> bool {
        self.with_shared(|shared| shared.fenced)
    }

    /// Waits until all is written; why it could not be, if so.
    pub fn finish(mut self) -> Option<String> {
        let (none, _) = bounded(0);
        drop(std::mem::replace(&mut self.queue, none));
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        let failed = self.failure();
        if ended { failed } else { Some("its thread panicked".to_owned()) }
    }

    fn with_shared<T>(&self, ask: impl FnOnce(&mut Shared) -> T) -> T {
        ask(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Rows of a piece, about.
fn piece_rows(replay: &Replay) -> u64 {
    (PIECE_BYTES / replay.row_bytes().max(1)).max(1) as u64
}

/// The writing side.
struct Hand {
    store: Store,
    life: Life,
    job: String,
    kept: Kept,
    keep: usize,
    /// What lies on the disk, in the order of its rows.
    pieces: VecDeque<Piece>,
    shared: Arc<Mutex<Shared>>,
}

impl Hand {
    fn write_all(mut self, messages: &Receiver<Message>) {
        let mut torn = false;
        for message in messages {
            let written = match message {
                Message::Again => {
                    torn = false;
                    Ok(())
                }
                Message::Rows(..) | Message::Checkpoint(..) if torn => Ok(()),
                Message::Rows(rows, bytes) => {
                    let written = self.rows(rows, &bytes);
                    torn = written.is_err();
                    written
                }
                Message::Checkpoint(moment, rows) => self.checkpoint(&moment, rows),
            };
            if let Err(error) = written {
                let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
                shared.failed = Some(error.to_string());
                if torn {
                    shared.lost_from = Some(self.pieces.back().map_or(0, |piece| piece.to));
                }
            }
        }
    }

    fn rows(&mut self, rows: Range<u64>, bytes: &[u8]) -> Result<(), Error> {
        let Range { start: from, end: to } = rows;
        let name = format!("{from:012}-{to:012}");
        write_whole(&self.store.rows().join(&name), bytes)?;
        self.pieces.push_back(Piece { from, to, sum: Sum::of(name, bytes) });
        Ok(())
    }

    fn checkpoint(&mut self, moment: &Moment, rows: Option<Range<u64>>) -> Result<(), Error> {
        if !self.life.holds() {
            self.shared.lock().unwrap_or_else(PoisonError::into_inner).fenced = true;
            return Ok(());
        }
        let Moment { at, state, .. } = moment;
        let place = self.store.folder(self.life.number(), at.own());
        // This life has kept the same step, and is stopped before the next one: in an evaluation or after it,
        // which is played again.
        if place.exists() {
            return Ok(());
        }
        for (_, log) in &moment.logs {
            log.sync_data().map_err(Error::file(self.store.root(), "sync the logs beside"))?;
        }
        let replay = match (rows, self.kept) {
            (None, _) => Rows::None,
            (Some(_), Kept::AllButReplay | Kept::Nothing) => Rows::LeftOut,
            (Some(Range { start: from, end: to }), Kept::All) => {
                let pieces = self.pieces.iter().filter(|piece| piece.to > from).cloned().collect();
                Rows::Held { from, to, pieces }
            }
        };
        let content = |message| Error::Content { path: place.clone(), message };
        let bytes = state.to_bytes().map_err(|error| content(error.to_string()))?;
        let manifest = Manifest {
            format: FORMAT,
            sparring: env!("CARGO_PKG_VERSION").to_owned(),
            job: self.job.clone(),
            life: self.life.number(),
            env_steps: at.env_steps,
            gradient_steps: at.gradient_steps,
            state: Sum::of(STATE, &bytes),
            logs: moment.logs.iter().map(|(sum, _)| sum.clone()).collect(),
            replay,
        };
        let text = manifest.to_text().map_err(content)?;
        write_folder_whole(&place, &[(STATE, &bytes), (MANIFEST, text.as_bytes())])?;
        self.prune();
        Ok(())
    }

    /// What no kept checkpoint needs goes. What cannot be removed now goes with a later one.
    fn prune(&mut self) {
        // A later life may go on from any of them.
        if !self.life.holds() {
            return;
        }
        let folders = self.store.folders();
        let (kept, old) = folders.split_at(self.keep.min(folders.len()));
        old.iter().for_each(|folder| drop(fs::remove_dir_all(folder)));
        let first = |folder: &std::path::PathBuf| match Manifest::read(folder).ok()?.replay {
            Rows::Held { from, .. } => Some(from),
            Rows::None | Rows::LeftOut => None,
        };
        let Some(needed) = kept.iter().filter_map(first).min() else { return };
        while let Some(piece) = self.pieces.pop_front_if(|piece| piece.to <= needed) {
            drop(fs::remove_file(self.store.rows().join(&piece.sum.file)));
        }
    }
}

/// Removes what a process left that was killed while it wrote, and rows that a life wrote after the moment with
/// which this one begins.
fn remove_rests(store: &Store, until: u64) {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let of_rows = store.rows();
    for entry in entries(store.root()).chain(entries(&of_rows)) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let from = name.split_once('-').and_then(|(from, _)| from.parse::<u64>().ok());
        let is_later = path.parent() == Some(&of_rows) && from.is_some_and(|from| from >= until);
        if name.starts_with('.') || is_later {
            drop(fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::Claim;

    #[test]
    fn a_step_that_is_kept_already_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let Claim::Taken(life) = Life::claim(folder.path()).unwrap() else { panic!("held") };
        let store = Store::of(folder.path());
        let job = "job".to_owned();
        let mut writer =
            Writer::start(store.clone(), life, job.clone(), (Kept::All, 2), None).unwrap();
        for env_steps in [100, 200, 200] {
            let state = Section::new(1);
            let at = Clock { env_steps, gradient_steps: 0 };
            let moment = Moment { at, state, logs: Vec::new() };
            writer.checkpoint(moment, None);
        }
        assert_eq!(writer.finish(), None);
        assert_eq!(store.latest(&job).whole.unwrap().manifest.env_steps, 200);
        assert_eq!(store.folders().len(), 2);
    }
}
