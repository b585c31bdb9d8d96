//! `sparring task`: one task of an array job, which its script starts.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::query::requeue;
use super::submit::{Submission, not_submitted};
use crate::cli::TaskArgs;
use crate::comparison::{Choice, Comparison};
use crate::console::{Console, note};
use crate::error::Error;
use crate::folder::RunFolder;
use crate::job_folder::JobFolder;
use crate::machine::available_memory;
use crate::results::RunResults;
use crate::run::{Shown, keep_report, plans, tasks, verdict};
use crate::scheduler::keep_panics;
use crate::stop::Signals;
use crate::suite::Suite;

/// Lives of a task in which nothing was reached, after which it does not put itself back into the queue.
const IDLE_LIVES: u32 = 3;

/// Trains the jobs of a task, and puts itself back into the queue where its time is up.
pub fn task(args: &TaskArgs) -> Result<(), Error> {
    let submission = Submission::read(&args.folder).map_err(|_| not_submitted(&args.folder))?;
    let names = submission.tasks.get(args.task).ok_or_else(|| not_submitted(&args.folder))?;
    let root = args.folder.ancestors().nth(2).unwrap_or(&args.folder);
    let folders: Vec<JobFolder> =
        names.iter().map(|name| JobFolder::at(&root.join(name))).collect();
    let plans = plans(&folders)?;
    let tasks = tasks(&plans, &folders);
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let id = format!("{}_{}", of("SLURM_ARRAY_JOB_ID"), args.task);
    let life = 1 + of("SLURM_RESTART_COUNT").parse::<u32>().unwrap_or(0);
    note(format!(
        "{}, task {id}, life {life}: {}",
        sysinfo::System::host_name().unwrap_or_default(),
        names.join(", ")
    ));
    let before = reached(&folders);
    let signals = Signals::listen()?;
    keep_panics();
    let (mut run, _) = RunFolder::open(root)?;
    run.join()?;
    let console = Console::Lines;
    let suite = Suite {
        tasks,
        folder: Some(&run),
        at_once: 1,
        failures: submission.failures,
        memory: available_memory(),
        stop: &signals.stop,
        console: &console,
    };
    let shown = Shown::of(&suite.tasks, false);
    let status = suite.work()?;
    run.release();
    let of_run = run.write_status(false)?;
    if of_run.finished + of_run.failed == of_run.jobs
        && let Err(error) = report(&run, &shown)
    {
        note(format!("{id}: no report: {error}"));
    }
    let ended = verdict(&status);
    if signals.time_is_up.load(Ordering::Relaxed) && matches!(ended, Err(Error::Interrupted)) {
        again(&id, &args.folder, args.task, reached(&folders) > before);
    }
    ended
}

/// The last task of a run, or each of the last that end at once, writes what `run` writes at its end.
fn report(run: &RunFolder, shown: &Shown) -> Result<(), Error> {
    let results = RunResults::read(run.root())?;
    let comparison = Comparison::of(vec![results], 1, &Choice::default())?;
    keep_report(run, &comparison, shown)
}

/// Steps that the jobs have taken together.
fn reached(folders: &[JobFolder]) -> u64 {
    let of = |folder: &JobFolder| folder.read_status().ok().flatten();
    let steps = |folder: &JobFolder| of(folder).map_or(0, |status| status.clock().own());
    folders.iter().map(steps).sum()
}

/// Puts the task back into the queue, but not for ever: one that gets nowhere has too little time.
fn again(id: &str, folder: &Path, task: usize, progressed: bool) {
    let count = folder.join(format!("{task}.idle"));
    let idle =
        fs::read_to_string(&count).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let idle: u32 = if progressed { 0 } else { idle + 1 };
    drop(fs::write(&count, idle.to_string()));
    if idle >= IDLE_LIVES {
        note(format!(
            "{id}: {IDLE_LIVES} lives without a step more; not requeued: a longer --slurm time=, then sparring submit again"
        ));
        return;
    }
    // Slurm may end this process before it hears that it was asked.
    note(format!("{id}: time is up; back into the queue"));
    match requeue(id) {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr);
            note(format!("{id}: not requeued; Slurm says: {}", why.trim()));
        }
        Err(error) => note(format!("{id}: not requeued; scontrol cannot be run: {error}")),
    }
}
