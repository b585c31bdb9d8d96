//! Files of events, as TensorBoard reads them.
//!
//! The files of a folder are one run, read in the order of their names. A point of a later file takes the place of
//! those of its tag that stand at its step or behind it; TensorBoard's older reader does the same from the second
//! file on that begins with a session's START. So every file begins with one, its name sorts behind those of all
//! files before it, and none is ever written on by another process.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protobuf::Message as _;
use tensorboard_proto::event::{Event, SessionLog, SessionLog_SessionStatus};
use tensorboard_proto::summary::{Summary, Summary_Value};
use tensorboard_rs::record_writer::RecordWriter;

use crate::error::Error;
use crate::files::write_whole;

/// How the name of a file begins; the second of its making and a label follow.
const BEGIN: &str = "events.out.tfevents.";
const END: &str = ".sparring";

/// A TensorBoard that is watching looks for new files every 5 seconds, unless it was told otherwise.
const SEEN: Duration = Duration::from_secs(60);

/// How the name of a file begins that TensorBoard does not see.
const HIDDEN: &str = "events.out.aside.";

/// A value at a step.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Environment steps.
    pub step: u64,
    /// Seconds since 1970.
    pub wall_s: f64,
    /// What is shown.
    pub value: Summary_Value,
}

impl Shown {
    /// Something that is known now.
    pub fn now(step: u64, value: Summary_Value) -> Self {
        Self { step, wall_s: seconds(SystemTime::now()), value }
    }
}

/// Seconds since 1970.
pub fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The records of a file.
pub struct Events<W: Write> {
    records: RecordWriter<W>,
}

impl<W: Write> Events<W> {
    /// Begins a file: what earlier ones have from the step `next` on is void.
    pub fn begin(to: W, next: u64) -> io::Result<Self> {
        let mut events = Self { records: RecordWriter::new(to) };
        let mut version = Event::new();
        version.set_file_version("brain.Event:2".to_owned());
        let mut session = SessionLog::new();
        session.set_status(SessionLog_SessionStatus::START);
        let mut start = Event::new();
        start.set_session_log(session);
        let now = seconds(SystemTime::now());
        events.event(version, 0, now)?;
        events.event(start, next, now)?;
        Ok(events)
    }

    /// Writes a value.
    pub fn write(&mut self, shown: Shown) -> io::Result<()> {
        let Shown { step, wall_s, value } = shown;
        let mut summary = Summary::new();
        summary.set_value(vec![value].into());
        let mut event = Event::new();
        event.set_summary(summary);
        self.event(event, step, wall_s)
    }

    /// What there is so far reaches the file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.records.flush()
    }

    fn event(&mut self, mut event: Event, step: u64, wall_s: f64) -> io::Result<()> {
        event.set_wall_time(wall_s);
        event.set_step(i64::try_from(step).unwrap_or(i64::MAX));
        self.records.write(&event.write_to_bytes().map_err(io::Error::other)?)
    }
}

/// A new file in `folder`, behind all that are there.
pub fn create(folder: &Path, label: &str) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    File::create_new(folder.join(name(folder, label)?))
}

/// Writes `all` as a file of `folder`, in the place of those that have the same label: what they had from the step
/// `next` on is void. Several processes may do so at once.
pub fn replace(
    folder: &Path,
    label: &str,
    next: u64,
    all: impl IntoIterator<Item = Shown>,
) -> Result<(), Error> {
    let failed = || Error::file(folder, "write events into");
    let mut bytes = Vec::new();
    let mut events = Events::begin(&mut bytes, next).map_err(failed())?;
    for shown in all {
        events.write(shown).map_err(failed())?;
    }
    fs::create_dir_all(folder).map_err(failed())?;
    let name = name(folder, label).map_err(failed())?;
    // A TensorBoard that is watching sees a file that is new, and never one that has changed. Its older reader goes
    // on from one file to the next while both are there, so that the last ones stay for a while.
    write_whole(&folder.join(&name), bytes)?;
    let of_label = |file: &Found| file.label == label && file.name < name;
    for older in files(folder).filter(of_label).filter(Found::is_old) {
        drop(fs::remove_file(older.path));
    }
    Ok(())
}

/// Renames the files in `folder` so that TensorBoard does not see them. In HParams a job that was put aside would count
/// among the seeds of its variant.
pub fn hide(folder: &Path) {
    for Found { path, name, .. } in files(folder) {
        let hidden = name.replacen(BEGIN, HIDDEN, 1);
        drop(fs::rename(path, folder.join(hidden)));
    }
}

/// A name that sorts behind those of all files in `folder`.
fn name(folder: &Path, label: &str) -> io::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let second = match files(folder).map(|file| file.second).max() {
        None => now,
        Some(last) => last.checked_add(1).map(|next| next.max(now)).ok_or_else(|| {
            io::Error::other("a file of events is there behind which no name sorts")
        })?,
    };
    Ok(format!("{BEGIN}{second:010}.{label}{END}"))
}

/// A file of events.
struct Found {
    path: PathBuf,
    name: String,
    second: u64,
    label: String,
}

impl Found {
    /// Whether every TensorBoard that is watching has seen it.
    fn is_old(&self) -> bool {
        let age = fs::metadata(&self.path).and_then(|meta| meta.modified()).map(|at| at.elapsed());
        matches!(age, Ok(Ok(age)) if age > SEEN)
    }
}

fn files(folder: &Path) -> impl Iterator<Item = Found> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (second, label) = name.strip_prefix(BEGIN)?.split_once('.')?;
        let (second, label) = (second.parse().ok()?, label.trim_end_matches(END).to_owned());
        Some(Found { path: entry.path(), name, second, label })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tensorboard::value::scalar;

    #[test]
    fn a_file_takes_the_place_of_its_like() {
        let folder = tempfile::tempdir().unwrap();
        let write = |label, tag| {
            replace(folder.path(), label, 0, [Shown::now(3, scalar(tag, 0.5))]).unwrap();
        };
        write("run", "first");
        let first = files(folder.path()).next().unwrap();
        let long_ago = SystemTime::now() - 2 * SEEN;
        File::options().write(true).open(first.path).unwrap().set_modified(long_ago).unwrap();
        create(folder.path(), "1").unwrap();
        write("run", "second");
        write("table", "third");
        let mut found: Vec<Found> = files(folder.path()).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let labels: Vec<&str> = found.iter().map(|file| file.label.as_str()).collect();
        assert_eq!(labels, ["1", "run", "table"]);
        assert!(found[0].second < found[1].second && found[1].second < found[2].second);
        let bytes = fs::read(&found[1].path).unwrap();
        let has = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        assert!(has("brain.Event:2") && has("second") && !has("first"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        // For those who are watching the last one stays.
        write("run", "third");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[test]
    fn what_is_hidden_is_there_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path(), "1").unwrap();
        hide(folder.path());
        assert_eq!(files(folder.path()).count(), 0);
        let entry = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
        let name = entry.file_name().into_string().unwrap();
        // What TensorBoard looks for.
        assert!(name.ends_with(".1.sparring") && !name.contains("tfevents"), "{name}");
    }

    #[test]
    fn many_may_replace_a_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for step in 0..20 {
                        let all = [Shown::now(step, scalar("a", 1.0))];
                        replace(folder.path(), "run", 0, all).unwrap();
                    }
                });
            }
        });
        let all = || fs::read_dir(folder.path()).unwrap();
        assert!(all().all(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.starts_with(BEGIN) && name.ends_with(".run.sparring")
        }));
    }
}
