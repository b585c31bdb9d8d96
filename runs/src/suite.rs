//! Many jobs in one folder, worked at by one process or several: each job once, whatever happens in between.
//!
//! What a job has come to stands in its own folder, so that nobody has to be asked. A job that is finished is
//! left alone; one that was cut off goes on from its checkpoint; one that failed is tried again by a later start,
//! up to a limit; one at which another process works is waited for, in case that process dies.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::checkpoint::Store;
use crate::console::Console;
use crate::error::Error;
use crate::folder::RunFolder;
use crate::job::{Ended, Task, execute};
use crate::job_folder::JobFolder;
use crate::life::{Claim, Life, Owner};
use crate::log::write_variant;
use crate::scheduler::on_threads;
use crate::status::{RunStatus, State};

/// How long to wait before jobs that others work at are looked at again.
const PAUSE: Duration = Duration::from_millis(200);

/// The jobs of one start.
pub struct Suite<'a> {
    /// What is to be done.
    pub tasks: Vec<Task<'a>>,
    /// The folder of the run; none of a job that stands alone.
    pub folder: Option<&'a RunFolder>,
    /// Jobs at once.
    pub at_once: usize,
    /// Times that a job may fail.
    pub failures: u32,
    /// Bytes that the jobs of this process may take together, where that is known.
    pub memory: Option<u64>,
    /// Set where all is to end early.
    pub stop: &'a AtomicBool,
    /// Where it is shown.
    pub console: &'a Console,
}

/// What the threads of a process share.
#[derive(Default)]
struct Progress {
    /// Tasks that this process is done with, in whatever way.
    settled: BTreeSet<usize>,
    /// Tasks that a thread of it has in hand.
    in_hand: BTreeSet<usize>,
    /// Tasks that another process was seen to work at.
    waited_for: BTreeSet<usize>,
    /// Bytes that those in hand take.
    bytes: u64,
}

/// What a thread does next.
enum Next {
    Task(usize, Life),
    Wait,
    End,
}

impl Suite<'_> {
    /// Works until nothing is left to do, and says what its jobs have come to.
    pub fn work(&self) -> Result<RunStatus, Error> {
        let failed_before: Vec<u32> = self.tasks.iter().map(|task| failures(task)).collect();
        let progress = Mutex::new(Progress::default());
        self.write_status(true)?;
        on_threads(self.at_once, || {
            while !self.stop.load(Ordering::Relaxed) {
                match self.next(&progress, &failed_before) {
                    Next::End => break,
                    Next::Wait => thread::sleep(PAUSE),
                    Next::Task(index, life) => self.run(index, life, &progress),
                }
            }
        })?;
        // A process that has ended meanwhile may have known of fewer seeds.
        self.write_variants(&self.tasks.iter().collect::<Vec<_>>());
        self.write_status(false)?;
        let folders: Vec<_> = self.tasks.iter().map(|task| task.folder.clone()).collect();
        let mut status = JobFolder::reached(&folders);
        status.close();
        Ok(status)
    }

    fn run(&self, index: usize, life: Life, progress: &Mutex<Progress>) {
        let task = &self.tasks[index];
        let ended = execute(task, life, self.failures, self.stop, self.console);
        {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.in_hand.remove(&index);
            progress.bytes -= task.job.variant.bytes();
            match ended {
                Ended::Done | Ended::Stopped => drop(progress.settled.insert(index)),
                // Another process has it: it is looked at again.
                Ended::TakenOver => {}
            }
        }
        self.write_variants(&[task]);
        // If that cannot be written now, the next job's end, or that of the run, may.
        drop(self.write_status(true));
    }

    /// The next task that nobody has in hand. It is claimed before it is begun, and looked at again then: whoever
    /// had it may have finished it.
    fn next(&self, progress: &Mutex<Progress>, failed_before: &[u32]) -> Next {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits = false;
        for (index, task) in self.tasks.iter().enumerate() {
            if progress.settled.contains(&index) {
                continue;
            }
            if progress.in_hand.contains(&index) {
                waits = true;
                continue;
            }
            let is_settled = || self.is_settled(task, failed_before[index]);
            if is_settled() {
                progress.settled.insert(index);
                continue;
            }
            let bytes = task.job.variant.bytes();
            let room = self.memory.unwrap_or(u64::MAX).saturating_sub(progress.bytes);
            if bytes > room && !progress.in_hand.is_empty() {
                waits = true;
                continue;
            }
            match Life::claim(task.folder.root()) {
                Ok(Claim::Taken(_)) if is_settled() => drop(progress.settled.insert(index)),
                Ok(Claim::Taken(life)) => {
                    progress.in_hand.insert(index);
                    progress.bytes += bytes;
                    return Next::Task(index, life);
                }
                Ok(Claim::Held(owner)) => {
                    waits = true;
                    if progress.waited_for.insert(index) {
                        let (name, Owner { host, pid, .. }) = (task.job.path(), owner);
                        self.console.say(format!("{name}: process {pid} on {host} works at it"));
                    }
                }
                Err(error) => {
                    let name = task.job.path();
                    self.console.say(format!("{name}: cannot be taken: {error}"));
                    progress.settled.insert(index);
                }
            }
        }
        if waits { Next::Wait } else { Next::End }
    }

    /// Whether a task is finished, or has failed too often, or since this process began.
    fn is_settled(&self, task: &Task<'_>, failed_before: u32) -> bool {
        let Ok(Some(status)) = task.folder.read_status() else { return false };
        if status.state == State::Finished {
            // A process that was killed in between has left them.
            drop(Store::of(task.folder.root()).clear());
        }
        let fails_again = status.state == State::Failed && status.failures > failed_before;
        status.is_over(self.failures) || fails_again
    }

    /// What TensorBoard shows of the variants of `tasks`; a folder that it cannot be written into is told.
    fn write_variants(&self, tasks: &[&Task<'_>]) {
        let Some(folder) = self.folder else { return };
        let shown = |task: &&&Task<'_>| task.job.variant.settings.tensorboard.variants;
        let names = tasks.iter().filter(shown).map(|task| task.job.variant.at.name.as_str());
        for name in names.collect::<BTreeSet<_>>() {
            if let Err(error) = write_variant(folder, name) {
                self.console.say(format!("{name}: TensorBoard shows no mean: {error}"));
            }
        }
    }

    fn write_status(&self, is_at_work: bool) -> Result<(), Error> {
        match self.folder {
            Some(folder) => folder.write_status(is_at_work).map(drop),
            None => Ok(()),
        }
    }
}

/// How often a task has failed so far.
fn failures(task: &Task<'_>) -> u32 {
    task.folder.read_status().ok().flatten().map_or(0, |status| status.failures)
}
