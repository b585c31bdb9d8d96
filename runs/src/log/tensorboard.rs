//! The TensorBoard writer, kept at arm's length.
//!
//! tensorboard-rs panics where a file cannot be written, and panics again when its writer is
//! dropped, which ends the process. So it lives on a thread of its own behind a bounded queue, its
//! panics are caught, and a writer that has panicked is leaked. Its file names have whole seconds,
//! so two writers in one folder could truncate each other: every job has its own folder.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use tensorboard_proto::event::Event;
use tensorboard_proto::summary::{
    Summary, Summary_Value, SummaryMetadata, SummaryMetadata_PluginData,
};
use tensorboard_proto::tensor::TensorProto;
use tensorboard_proto::tensor_shape::{TensorShapeProto, TensorShapeProto_Dim};
use tensorboard_proto::types::DataType;
use tensorboard_rs::summary::scalar;
use tensorboard_rs::summary_writer::FileWriter;

/// Scalars that may wait for the writer: some seconds of the densest logging.
const QUEUE: usize = 16_384;

/// The begin of the names of these threads; their panics are reported as warnings.
pub const THREAD: &str = "tensorboard";

struct Message {
    summary: Summary,
    step: usize,
}

/// Writes events of one job.
pub struct TensorBoard {
    folder: PathBuf,
    queue: Option<Sender<Message>>,
    thread: Option<JoinHandle<bool>>,
    dropped: u64,
}

impl TensorBoard {
    /// Starts a writer in `folder`.
    pub fn start(folder: PathBuf) -> Self {
        let (queue, messages) = bounded(QUEUE);
        let place = folder.clone();
        let run = move || write_all(&place, &messages);
        let thread = Builder::new().name(THREAD.to_owned()).spawn(run).ok();
        Self { folder, queue: Some(queue), thread, dropped: 0 }
    }

    /// One point of a curve.
    pub fn scalar(&mut self, tag: &str, value: f64, step: u64) {
        self.send(scalar(tag, value as f32), step);
    }

    /// A text in the text tab.
    pub fn text(&mut self, tag: &str, text: String) {
        let mut plugin = SummaryMetadata_PluginData::new();
        plugin.set_plugin_name("text".to_owned());
        let mut metadata = SummaryMetadata::new();
        metadata.set_plugin_data(plugin);
        let mut one = TensorShapeProto_Dim::new();
        one.set_size(1);
        let mut shape = TensorShapeProto::new();
        shape.set_dim(vec![one].into());
        let mut tensor = TensorProto::new();
        tensor.set_dtype(DataType::DT_STRING);
        tensor.set_tensor_shape(shape);
        tensor.set_string_val(vec![text.into_bytes()].into());
        let mut value = Summary_Value::new();
        value.set_tag(tag.to_owned());
        value.set_metadata(metadata);
        value.set_tensor(tensor);
        let mut summary = Summary::new();
        summary.set_value(vec![value].into());
        self.send(summary, 0);
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

    fn send(&mut self, summary: Summary, step: u64) {
        let Some(queue) = &self.queue else { return };
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        match queue.try_send(Message { summary, step }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.dropped += 1,
            // The writer is gone; `finish` says so once.
            Err(TrySendError::Disconnected(_)) => self.queue = None,
        }
    }
}

/// Whether every message was written.
fn write_all(folder: &Path, messages: &Receiver<Message>) -> bool {
    let made = catch_unwind(AssertUnwindSafe(|| FileWriter::new(folder)));
    let Ok(mut writer) = made else { return false };
    for Message { summary, step } in messages {
        let mut event = Event::new();
        event.set_summary(summary);
        let added = catch_unwind(AssertUnwindSafe(|| writer.add_event(&event, step)));
        if added.is_err() {
            std::mem::forget(writer);
            return false;
        }
    }
    catch_unwind(AssertUnwindSafe(|| drop(writer))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_made_is_one_warning() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in-the-way");
        std::fs::write(&file, "").unwrap();
        let mut board = TensorBoard::start(file.join("tb-1"));
        for step in 0..100 {
            board.scalar("losses/td", 1.0, step);
        }
        let warnings = board.finish();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("not whole"), "{warnings:?}");
    }

    #[test]
    fn every_event_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut board = TensorBoard::start(folder.path().join("tb-1"));
        board.text("config", "a: 1".to_owned());
        board.scalar("losses/td", 0.5, 7);
        assert_eq!(board.finish(), Vec::<String>::new());
        let entry = std::fs::read_dir(folder.path().join("tb-1")).unwrap().next().unwrap().unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        for part in ["brain.Event:2", "config", "a: 1", "losses/td"] {
            assert!(bytes.windows(part.len()).any(|window| window == part.as_bytes()), "{part}");
        }
    }
}
