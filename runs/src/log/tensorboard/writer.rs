//! The writer of a job, kept at arm's length: a thread of its own behind a bounded queue.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tensorboard_proto::summary::Summary_Value;

use super::events::{Events, Shown, create};

/// Values that may wait for the writer: some seconds of the densest logging.
const QUEUE: usize = 16_384;

/// Writes events of one life of a job.
pub struct Writer {
    folder: PathBuf,
    queue: Option<Sender<Shown>>,
    thread: Option<JoinHandle<bool>>,
    dropped: u64,
}

impl Writer {
    /// Starts the writer of the life `life` in `folder`, whose first step is `next`.
    pub fn start(folder: PathBuf, life: u32, next: u64) -> Self {
        let (queue, waiting) = bounded(QUEUE);
        let place = folder.clone();
        let run = move || write_all(&place, life, next, &waiting).is_ok();
        let thread = Builder::new().name("tensorboard".to_owned()).spawn(run).ok();
        Self { folder, queue: Some(queue), thread, dropped: 0 }
    }

    /// Writes a value that is known now.
    pub fn show(&mut self, step: u64, value: Summary_Value) {
        let Some(queue) = &self.queue else { return };
        match queue.try_send(Shown::now(step, value)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.dropped += 1,
            // The writer is gone; `finish` says so once.
            Err(TrySendError::Disconnected(_)) => self.queue = None,
        }
    }

    /// Waits for the writer and says what was lost.
    pub fn finish(mut self) -> Vec<String> {
        self.queue = None;
        let whole = self.thread.take().is_some_and(|thread| thread.join().unwrap_or(false));
        let mut warnings = Vec::new();
        if !whole {
            let folder = self.folder.display();
            warnings
                .push(format!("TensorBoard events in {folder} are not whole; the CSV files are"));
        }
        if self.dropped > 0 {
            warnings.push(format!(
                "{} TensorBoard events were dropped because the disk was too slow; the CSV files are whole",
                self.dropped
            ));
        }
        warnings
    }
}

/// Writes what waits to a new file until there is no more.
fn write_all(folder: &Path, life: u32, next: u64, waiting: &Receiver<Shown>) -> io::Result<()> {
    let file = create(folder, &life.to_string())?;
    let mut events = Events::begin(BufWriter::new(file), next)?;
    events.flush()?;
    for shown in waiting {
        events.write(shown)?;
        if waiting.is_empty() {
            events.flush()?;
        }
    }
    events.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tensorboard::text::text;
    use crate::log::tensorboard::value::scalar;

    #[test]
    fn a_folder_that_cannot_be_made_is_one_warning() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in-the-way");
        std::fs::write(&file, "").unwrap();
        let mut writer = Writer::start(file.join("seed-1"), 1, 0);
        for step in 0..100 {
            writer.show(step, scalar("losses/td", 1.0));
        }
        let warnings = writer.finish();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("not whole"), "{warnings:?}");
    }

    #[test]
    fn every_event_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::start(folder.path().join("seed-1"), 1, 0);
        writer.show(0, text("config", "a: 1".to_owned()));
        writer.show(7, scalar("losses/td", 0.5));
        assert_eq!(writer.finish(), Vec::<String>::new());
        let entry = std::fs::read_dir(folder.path().join("seed-1")).unwrap().next().unwrap();
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for part in ["brain.Event:2", "config", "a: 1", "losses/td"] {
            assert!(bytes.windows(part.len()).any(|window| window == part.as_bytes()), "{part}");
        }
    }
}
