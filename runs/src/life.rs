//! The lives of a job: one process after the other that works on it, each with a number.
//!
//! A life is the file `lives/0001` in the job's folder, made by one process alone, of however many begin at
//! once. It is held by a lock of the system, where the process runs on the machine of who asks, and by its time
//! of change, which its process renews, where it runs on another. Locks and process numbers say nothing between
//! machines, and a machine that is cut off may go on: so who finds a life above its own stops writing.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use sysinfo::System;

use crate::yaml;

/// The folder of the lives, below that of their job.
const FOLDER: &str = "lives";

/// How often a life says that it goes on.
const BEAT: Duration = Duration::from_secs(5);

/// A life on another machine that has said nothing for so long is over.
const SILENT: Duration = Duration::from_secs(60);

/// Who lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The name of its machine.
    pub host: String,
    /// Which start of the machine, where it tells.
    pub boot: String,
    /// Its process.
    pub pid: u32,
    /// The task of a cluster that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// How often the cluster had started that task again by then.
    #[serde(default)]
    pub restarts: u32,
    /// Whether it ended in order.
    #[serde(default)]
    pub ended: bool,
}

impl Owner {
    fn this() -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let task = || {
            let of = |name: &str| std::env::var(name).ok();
            Some(format!("{}_{}", of("SLURM_ARRAY_JOB_ID")?, of("SLURM_ARRAY_TASK_ID")?))
        };
        Self {
            host: System::host_name().unwrap_or_default(),
            boot: boot.trim().to_owned(),
            pid: std::process::id(),
            task: task(),
            restarts: std::env::var("SLURM_RESTART_COUNT")
                .ok()
                .and_then(|count| count.parse().ok())
                .unwrap_or(0),
            ended: false,
        }
    }

    /// Whether the cluster has started the same task again since, as `later`: the only one then, however long a
    /// node that is cut off goes on with this one. Not the other way round, or the two would take the job from
    /// each other for ever.
    fn is_given_up(&self, later: &Self) -> bool {
        self.task.is_some() && self.task == later.task && self.restarts < later.restarts
    }
}

/// The right to work on a job, until a life with a higher number begins.
#[derive(Clone, Debug)]
pub struct Life {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    folder: PathBuf,
    number: u32,
    /// Locked for as long as it is open.
    _file: File,
    beat: Option<Beat>,
}

/// What came of asking for a job.
#[derive(Debug)]
pub enum Claim {
    /// It is this process's.
    Taken(Life),
    /// Another process is at work on it.
    Held(Owner),
}

impl Life {
    /// Begins a life of the job in `job`, unless another goes on.
    pub fn claim(job: &Path) -> io::Result<Claim> {
        let folder = job.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let this = Owner::this();
        let number = match last(&folder) {
            None => 1,
            Some(last) => match alive(&folder, last)? {
                Some(owner) if !owner.is_given_up(&this) => return Ok(Claim::Held(owner)),
                Some(_) | None => last + 1,
            },
        };
        // Locked before it has its name, so that nobody meets it without an owner.
        let beside = tempfile::Builder::new().prefix(".").tempfile_in(&folder)?;
        let (mut file, beside) = beside.into_parts();
        // A file system without locks leaves the time of change alone.
        drop(file.lock());
        let text = yaml::to_text(&this).map_err(io::Error::other)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&beside, file_of(&folder, number)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return match alive(&folder, number)? {
                    Some(owner) => Ok(Claim::Held(owner)),
                    None => Self::claim(job),
                };
            }
            linked => linked?,
        }
        let beat = Some(Beat::start(file.try_clone()?, BEAT)?);
        Ok(Claim::Taken(Self { held: Arc::new(Held { folder, number, _file: file, beat }) }))
    }

    /// Its number, from 1.
    pub fn number(&self) -> u32 {
        self.held.number
    }

    /// Whether no other life has begun since.
    pub fn holds(&self) -> bool {
        !file_of(&self.held.folder, self.held.number + 1).exists()
    }

    /// Who works on the job in `job`, if anybody does.
    pub fn of(job: &Path) -> io::Result<Option<Owner>> {
        let folder = job.join(FOLDER);
        match last(&folder) {
            None => Ok(None),
            Some(last) => alive(&folder, last),
        }
    }

    /// How many lives the job in `job` has had.
    pub fn count(job: &Path) -> u32 {
        last(&job.join(FOLDER)).unwrap_or(0)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Or it would write behind what is written here.
        drop(self.beat.take());
        let ended = Owner { ended: true, ..Owner::this() };
        if let Ok(text) = yaml::to_text(&ended) {
            // Whoever asks from another machine need not wait for its silence.
            drop(fs::write(file_of(&self.folder, self.number), text));
        }
    }
}

fn file_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:04}"))
}

fn last(folder: &Path) -> Option<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).max()
}

/// The owner of a life, if it goes on.
fn alive(folder: &Path, number: u32) -> io::Result<Option<Owner>> {
    let path = file_of(folder, number);
    let text = fs::read_to_string(&path)?;
    let unknown = Owner { host: "an unknown machine".into(), pid: 0, ..Owner::this() };
    let owner: Owner = yaml::from_text(&text).unwrap_or(unknown);
    let this = Owner::this();
    let goes_on = match () {
        () if owner.ended => false,
        () if owner.host != this.host => !is_silent(folder, &path)?,
        () if owner.boot != this.boot => false,
        () => match File::open(&path)?.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => !is_silent(folder, &path)?,
        },
    };
    Ok(goes_on.then_some(owner))
}

/// Whether the file has not been changed for long, by the clock of its file system.
fn is_silent(folder: &Path, path: &Path) -> io::Result<bool> {
    let clock = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
    clock.as_file().set_len(1)?;
    let modified = |meta: fs::Metadata| meta.modified();
    let now = modified(clock.as_file().metadata()?)?.max(SystemTime::UNIX_EPOCH);
    let then = modified(fs::metadata(path)?)?;
    Ok(now.duration_since(then).unwrap_or_default() > SILENT)
}

/// Renews a file's time of change until it is dropped.
#[derive(Debug)]
struct Beat {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Beat {
    /// Does so once in `every`.
    fn start(mut file: File, every: Duration) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let beat = move || {
            let mut last = Instant::now();
            while !ends.load(Ordering::Acquire) {
                thread::park_timeout(every.saturating_sub(last.elapsed()));
                if last.elapsed() >= every && !ends.load(Ordering::Acquire) {
                    // A line of its own is the change; YAML does not mind it.
                    drop(file.write_all(b"\n"));
                    last = Instant::now();
                }
            }
        };
        let thread = Builder::new().name("life".to_owned()).spawn(beat)?;
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(job: &Path) -> Claim {
        Life::claim(job).unwrap()
    }

    #[test]
    fn one_of_many_takes_a_job_and_the_next_begins_where_it_ended() {
        let job = tempfile::tempdir().unwrap();
        assert_eq!((Life::of(job.path()).unwrap(), Life::count(job.path())), (None, 0));
        let claims: Vec<Claim> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| claim(job.path()))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let taken: Vec<&Life> = claims
            .iter()
            .filter_map(|claim| match claim {
                Claim::Taken(life) => Some(life),
                Claim::Held(_) => None,
            })
            .collect();
        assert_eq!((taken.len(), taken[0].number()), (1, 1));
        assert_eq!(Life::of(job.path()).unwrap().unwrap().pid, std::process::id());
        drop(claims);
        assert_eq!(Life::of(job.path()).unwrap(), None);
        let Claim::Taken(next) = claim(job.path()) else { panic!("held") };
        assert_eq!((next.number(), Life::count(job.path())), (2, 2));
    }

    #[test]
    fn a_task_takes_over_from_its_earlier_starts_alone() {
        let of = |task: Option<&str>, restarts| Owner {
            task: task.map(str::to_owned),
            restarts,
            ..Owner::this()
        };
        let (first, second) = (of(Some("7_1"), 0), of(Some("7_1"), 1));
        assert!(first.is_given_up(&second) && !second.is_given_up(&first));
        assert!(!first.is_given_up(&first) && !first.is_given_up(&of(Some("7_2"), 1)));
        assert!(!of(None, 0).is_given_up(&of(None, 1)));
    }

    #[test]
    fn who_finds_a_higher_life_holds_no_more() {
        let job = tempfile::tempdir().unwrap();
        let Claim::Taken(life) = claim(job.path()) else { panic!("held") };
        assert!(life.holds());
        fs::write(job.path().join("lives/0002"), "").unwrap();
        assert!(!life.holds());
    }

    #[test]
    fn a_beat_writes_nothing_behind_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("life");
        for _ in 0..50 {
            let mut file = File::create(&path).unwrap();
            file.write_all(b"pid: 1\n").unwrap();
            let beat = Beat::start(file, Duration::from_micros(200)).unwrap();
            while fs::metadata(&path).unwrap().len() < 9 {
                thread::yield_now();
            }
            drop(beat);
            fs::write(&path, "ended: true\n").unwrap();
            thread::sleep(Duration::from_millis(1));
            assert_eq!(fs::read_to_string(&path).unwrap(), "ended: true\n");
        }
    }

    #[test]
    fn a_life_elsewhere_is_over_when_it_is_silent_or_says_so() {
        let job = tempfile::tempdir().unwrap();
        let folder = job.path().join(FOLDER);
        fs::create_dir(&folder).unwrap();
        let elsewhere = Owner { host: "elsewhere".into(), ..Owner::this() };
        let path = file_of(&folder, 1);
        fs::write(&path, yaml::to_text(&elsewhere).unwrap()).unwrap();
        assert!(matches!(claim(job.path()), Claim::Held(owner) if owner == elsewhere));
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - 2 * SILENT).unwrap();
        assert!(matches!(claim(job.path()), Claim::Taken(life) if life.number() == 2));
        let ended = Owner { ended: true, ..elsewhere };
        fs::write(file_of(&folder, 3), yaml::to_text(&ended).unwrap()).unwrap();
        assert!(matches!(claim(job.path()), Claim::Taken(life) if life.number() == 4));
    }
}
