//! `sparring run`: a plan from its first job to its table.

use std::sync::{Mutex, PoisonError};

use crate::cli::RunArgs;
use crate::config::load;
use crate::console::{Console, note, print};
use crate::error::Error;
use crate::folder::RunFolder;
use crate::job::execute;
use crate::machine::available_memory;
use crate::report::Report;
use crate::scheduler::{keep_panics, run_all};
use crate::status::{RunStatus, State};
use crate::stop::stop_on_signal;
use crate::table::counted;

/// Runs a config.
pub fn run(args: &RunArgs) -> Result<(), Error> {
    let plan =
        load(&args.plan.config, &args.plan.set, args.plan.seeds())?.only(&args.plan.variant)?;
    for assertion in &args.assert {
        assertion.check(&plan)?;
    }
    let at_once = plan.at_once(args.plan.jobs);
    plan.check_memory(at_once, available_memory())?;
    let root = args.out.clone().unwrap_or_else(|| ["out", &plan.name].iter().collect());
    let mut folder = RunFolder::create(&root, &plan, at_once)?;

    let stop = stop_on_signal()?;
    keep_panics();
    let jobs = plan.jobs();
    let progress = RunProgress::begin(&folder, jobs.len())?;
    let console = Console::new(args.quiet, jobs.len());
    let count = counted(jobs.len(), ["job", "jobs"]);
    console.say(format!("{count}, {at_once} at once, into {}", root.display()));
    run_all(&jobs, at_once, &stop, |job| {
        let state =
            execute(&plan, *job, &folder.job(&job.variant.at.name, job.seed), &stop, &console);
        progress.ended(state);
    })?;
    console.clear();

    let (status, kept) = progress.close();
    folder.release();
    let report = Report::read(folder.root())?;
    let text = report.to_string();
    // A disk that is full costs the files, not the table.
    print(&text)?;
    let kept = kept.and(folder.write_report(&text));
    let failed = match status.state {
        State::Interrupted => Some(Error::Interrupted),
        State::Failed => Some(Error::JobsFailed { failed: status.failed, jobs: jobs.len() }),
        State::Running | State::Finished => None,
    };
    match (failed, kept) {
        (Some(failed), kept) => {
            kept.unwrap_or_else(|error| note(format!("sparring: {error}")));
            return Err(failed);
        }
        (None, kept) => kept?,
    }
    let failures: Vec<_> = args.assert.iter().flat_map(|one| one.failures(&report)).collect();
    if failures.is_empty() { Ok(()) } else { Err(Error::Assertion(failures)) }
}

/// `status.yaml` of the run, written anew after every job, so that a run that is killed says how far it was.
struct RunProgress<'a> {
    folder: &'a RunFolder,
    reached: Mutex<RunStatus>,
}

impl<'a> RunProgress<'a> {
    fn begin(folder: &'a RunFolder, jobs: usize) -> Result<Self, Error> {
        let status = RunStatus::begun(jobs);
        folder.write_status(&status)?;
        Ok(Self { folder, reached: Mutex::new(status) })
    }

    /// A job has ended. If that cannot be written now, the next job's end, or that of the run, may.
    fn ended(&self, job: State) {
        // No job panics while it holds the lock; a count is good in any case.
        let mut status = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        status.ended(job);
        drop(self.folder.write_status(&status));
    }

    /// The end, and whether it was written.
    fn close(self) -> (RunStatus, Result<(), Error>) {
        let mut status = self.reached.into_inner().unwrap_or_else(PoisonError::into_inner);
        status.close();
        let written = self.folder.write_status(&status);
        (status, written)
    }
}
