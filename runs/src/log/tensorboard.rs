//! The TensorBoard writer, kept at arm's length: a thread of its own behind a bounded queue.
//!
//! All lives of a job share one folder, with a file each: a point of a later file takes the place of those of
//! its tag that stand at its step or behind it, and TensorBoard's older reader does the same from the second
//! file that begins with a session's START. So every file begins with one, and its name sorts behind those of
//! earlier lives.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use protobuf::Message as _;
use tensorboard_proto::event::{Event, SessionLog, SessionLog_SessionStatus};
use tensorboard_proto::summary::{
    Summary, Summary_Value, SummaryMetadata, SummaryMetadata_PluginData,
};
use tensorboard_proto::tensor::TensorProto;
use tensorboard_proto::tensor_shape::{TensorShapeProto, TensorShapeProto_Dim};
use tensorboard_proto::types::DataType;
use tensorboard_rs::record_writer::RecordWriter;
use tensorboard_rs::summary::scalar;

/// Scalars that may wait for the writer: some seconds of the densest logging.
const QUEUE: usize = 16_384;

struct Message {
    summary: Summary,
    step: u64,
}

/// Writes events of one job.
pub struct TensorBoard {
    folder: PathBuf,
    queue: Option<Sender<Message>>,
    thread: Option<JoinHandle<bool>>,
    dropped: u64,
}

impl TensorBoard {
    /// Starts the writer of the life `life` in `folder`, whose first step is `next`.
    pub fn start(folder: PathBuf, life: u32, next: u64) -> Self {
        let (queue, messages) = bounded(QUEUE);
        let place = folder.clone();
        let run = move || write_all(&place, life, next, &messages).is_ok();
        let thread = Builder::new().name("tensorboard".to_owned()).spawn(run).ok();
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
        match queue.try_send(Message { summary, step }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.dropped += 1,
            // The writer is gone; `finish` says so once.
            Err(TrySendError::Disconnected(_)) => self.queue = None,
        }
    }
}

/// Writes messages to a new file until there are no more.
fn write_all(folder: &Path, life: u32, next: u64, messages: &Receiver<Message>) -> io::Result<()> {
    let mut records = RecordWriter::new(BufWriter::new(create(folder, life)?));
    let mut begin = Event::new();
    begin.set_file_version("brain.Event:2".to_owned());
    write(&mut records, begin, 0)?;
    let mut session = SessionLog::new();
    session.set_status(SessionLog_SessionStatus::START);
    let mut start = Event::new();
    start.set_session_log(session);
    write(&mut records, start, next)?;
    records.flush()?;
    for Message { summary, step } in messages {
        let mut event = Event::new();
        event.set_summary(summary);
        write(&mut records, event, step)?;
        if messages.is_empty() {
            records.flush()?;
        }
    }
    records.flush()
}

/// The file of a life. Its second is later than that of every file there.
fn create(folder: &Path, life: u32) -> io::Result<File> {
    const BEGIN: &str = "events.out.tfevents.";
    fs::create_dir_all(folder)?;
    let second = |entry: io::Result<fs::DirEntry>| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_prefix(BEGIN)?.split('.').next()?.parse::<u64>().ok()
    };
    let last = fs::read_dir(folder)?.filter_map(second).max();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let second = last.map_or(now, |last| now.max(last + 1));
    File::create_new(folder.join(format!("{BEGIN}{second:010}.{life}.sparring")))
}

fn write(
    records: &mut RecordWriter<BufWriter<File>>,
    mut event: Event,
    step: u64,
) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    event.set_wall_time(now.map_or(0.0, |since| since.as_secs_f64()));
    event.set_step(i64::try_from(step).unwrap_or(i64::MAX));
    records.write(&event.write_to_bytes().map_err(io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_made_is_one_warning() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in-the-way");
        std::fs::write(&file, "").unwrap();
        let mut board = TensorBoard::start(file.join("tb-1"), 1, 0);
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
        let mut board = TensorBoard::start(folder.path().join("tb-1"), 1, 0);
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
