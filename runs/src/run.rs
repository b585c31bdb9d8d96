//! `sparring run` and `sparring resume`: from the first job to the table.

use std::path::Path;

use crate::assertion::Assertion;
use crate::cli::{ResumeArgs, RunArgs};
use crate::comparison::{Choice, Comparison};
use crate::config::load;
use crate::console::{Console, note, print, terminal_width};
use crate::data;
use crate::data::keys::DataKeys;
use crate::error::{Error, Refusal};
use crate::folder::RunFolder;
use crate::found::Found;
use crate::job::Task;
use crate::job_folder::{JobFolder, RESOLVED};
use crate::log::{begin_run, end_run};
use crate::machine::{available_memory, cores};
use crate::names::REPORT;
use crate::plan::Plan;
use crate::policy;
use crate::post_mortem;
use crate::report::{Request, draw, text};
use crate::results::RunResults;
use crate::scheduler::keep_panics;
use crate::shell::word;
use crate::status::{RunStatus, State};
use crate::stop::Signals;
use crate::suite::Suite;
use crate::table::counted;

/// Runs a config, or what is left of it in the folder where it was run before.
pub fn run(args: &RunArgs) -> Result<(), Error> {
    let plan =
        load(&args.plan.config, &args.plan.set, args.plan.seeds())?.only(&args.plan.variant)?;
    for assertion in &args.assert {
        assertion.check(&plan)?;
    }
    let at_once = plan.at_once(args.plan.jobs);
    plan.check_memory(at_once, available_memory())?;
    plan.check_devices()?;
    check_data(&plan)?;
    let root = args.out.clone().unwrap_or_else(|| ["out", &plan.name].iter().collect());
    let (mut folder, found) = RunFolder::begin(&root, &plan, at_once)?;
    let task = |job: crate::plan::Job<'_>| folder.job(&job.variant.at.name, job.seed);
    let tasks: Vec<_> =
        plan.jobs().into_iter().map(|job| Task { job, folder: task(job) }).collect();
    let console = Console::new(args.quiet, tasks.len());
    let count = counted(tasks.len(), ["job", "jobs"]);
    console.say(format!("{count}, {at_once} at once, into {}", root.display()));
    if let Err(error) = begin_run(&root, &plan) {
        console.say(format!("TensorBoard shows jobs alone: {error}"));
    }
    tell(&found, &tasks, &console);
    let shown = Shown::of(&tasks, args.quiet);
    let status = work(Some(&folder), tasks, at_once, args.failures, &console)?;
    folder.release();
    end(&folder, &status, &args.assert, shown)
}

/// Goes on with a run, or with one of its jobs, from what its folder says alone.
pub fn resume(args: &ResumeArgs) -> Result<(), Error> {
    let root = &args.dir;
    if root.join(RESOLVED).is_file() {
        let folders = [JobFolder::at(root)];
        let plans = plans(&folders)?;
        let tasks = tasks(&plans, &folders);
        let console = Console::new(args.quiet, tasks.len());
        let failures = if post_mortem::is_one(root) { u32::MAX } else { args.failures };
        let mut run = RunFolder::of_job(root);
        run.as_mut().map(RunFolder::join).transpose()?;
        tell(&Found::default(), &tasks, &console);
        let status = work(run.as_ref(), tasks, 1, failures, &console)?;
        return verdict(&status);
    }
    let (mut folder, record) = RunFolder::open(root)?;
    let folders = folder.jobs(&record);
    let plans = plans(&folders)?;
    folder.join()?;
    let tasks = tasks(&plans, &folders);
    let at_once = args.jobs.unwrap_or_else(cores).min(tasks.len());
    let console = Console::new(args.quiet, tasks.len());
    let count = counted(tasks.len(), ["job", "jobs"]);
    console.say(format!("{count}, {at_once} at once, in {}", root.display()));
    tell(&Found { known: tasks.len(), ..Found::default() }, &tasks, &console);
    let shown = Shown::of(&tasks, args.quiet);
    let status = work(Some(&folder), tasks, at_once, args.failures, &console)?;
    folder.release();
    end(&folder, &status, &[], shown)
}

/// The plans of the jobs in `folders`, one each, from their `resolved.yaml` alone.
pub fn plans(folders: &[JobFolder]) -> Result<Vec<Plan>, Error> {
    let of = |folder: &JobFolder| {
        let file = folder.path(RESOLVED);
        match file.is_file() {
            true => one_job(&file),
            false => Err(Refusal::argument(
                folder.root().display().to_string(),
                "a job without resolved.yaml, or no folder any more",
                "the folder of a job as sparring run wrote it",
                "sparring run CONFIG --out with the same folder, which begins it anew",
            )),
        }
    };
    folders.iter().map(of).collect()
}

/// The jobs of `plans` with their folders.
pub fn tasks<'a>(plans: &'a [Plan], folders: &[JobFolder]) -> Vec<Task<'a>> {
    let jobs = plans.iter().flat_map(Plan::jobs);
    jobs.zip(folders).map(|(job, folder)| Task { job, folder: folder.clone() }).collect()
}

/// The plan of the one job that `file` resolves.
fn one_job(file: &Path) -> Result<Plan, Error> {
    let plan = load(file, &[], None)?;
    match plan.jobs().len() {
        1 => Ok(plan),
        several => Err(Refusal::argument(
            file.display().to_string(),
            format!("{several} jobs"),
            "one job",
            "the file as sparring run wrote it",
        )),
    }
}

/// Says what a start found.
fn tell(found: &Found, tasks: &[Task<'_>], console: &Console) {
    for change in found.changes() {
        console.warn(change);
    }
    let is = |task: &&Task<'_>, wanted: State| {
        task.folder.read_status().ok().flatten().is_some_and(|status| status.state == wanted)
    };
    let finished = tasks.iter().filter(|task| is(task, State::Finished)).count();
    if finished > 0 {
        let of = counted(tasks.len(), ["job", "jobs"]);
        console.say(format!("{finished} of {of} finished before; another --out trains anew"));
    }
}

fn work(
    folder: Option<&RunFolder>,
    tasks: Vec<Task<'_>>,
    at_once: usize,
    failures: u32,
    console: &Console,
) -> Result<RunStatus, Error> {
    let signals = Signals::listen()?;
    keep_panics();
    let memory = available_memory();
    let suite = Suite { tasks, folder, at_once, failures, memory, stop: &signals.stop, console };
    let status = suite.work();
    console.clear();
    status
}

/// Reads each data set that the plan learns from and each policy that it begins with, so that what is damaged, empty or of
/// another env is refused before anything is written.
fn check_data(plan: &Plan) -> Result<(), Error> {
    let mut known: Vec<(&DataKeys, &str)> = Vec::new();
    for variant in &plan.variants {
        let Some(keys) = &variant.settings.data else { continue };
        if !known.contains(&(keys, variant.spec.id)) {
            data::load(keys, &variant.spec)?;
            known.push((keys, variant.spec.id));
        }
        if let Some(folder) = variant.settings.agent.keys().begins_with() {
            policy::kept(Path::new(folder))?;
        }
    }
    Ok(())
}

/// Where the table is shown beside the terminal.
pub struct Shown {
    in_tensorboard: bool,
    on_page: bool,
}

impl Shown {
    /// By the switches of `tasks`, and on a page unless `quiet`.
    pub fn of(tasks: &[Task<'_>], quiet: bool) -> Self {
        let text = |task: &Task<'_>| task.job.variant.settings.tensorboard.text;
        Self { in_tensorboard: tasks.iter().any(text), on_page: !quiet }
    }
}

/// The table, and whether all is well.
fn end(
    folder: &RunFolder,
    status: &RunStatus,
    asserted: &[Assertion],
    shown: Shown,
) -> Result<(), Error> {
    let results = RunResults::read(folder.root())?;
    let comparison = Comparison::of(vec![results], 1, &Choice::default())?;
    // A disk that is full costs the files, not the table.
    print(&text(&comparison, terminal_width(), false))?;
    let kept = keep_report(folder, &comparison, &shown);
    let ended = verdict(status);
    match (&ended, kept) {
        (Err(_), Err(error)) => note(format!("sparring: {error}")),
        (Ok(()), kept) => kept?,
        (Err(_), Ok(())) => {}
    }
    if shown.on_page {
        note(format!(
            "curves: tensorboard --logdir {}",
            word(&folder.root().display().to_string())
        ));
    }
    // What is lost of the records is no part of the returns.
    if let Ok(()) | Err(Error::Lost { .. }) = ended {
        let failures: Vec<_> = asserted.iter().flat_map(|one| one.failures(&comparison)).collect();
        if !failures.is_empty() {
            return Err(Error::Assertion(failures));
        }
    }
    ended
}

/// Writes the table into the folder of its run, and to where it is shown. That TensorBoard or the page is left out is
/// told, no more.
pub fn keep_report(
    folder: &RunFolder,
    comparison: &Comparison,
    shown: &Shown,
) -> Result<(), Error> {
    let kept = folder.write_report(&text(comparison, None, false));
    if shown.in_tensorboard
        && let Err(error) = end_run(folder.root(), comparison)
    {
        note(format!("sparring: {error}"));
    }
    if shown.on_page
        && let Err(error) = draw(comparison, &Request::default(), &folder.root().join(REPORT))
    {
        note(format!("sparring: no page: {error}"));
    }
    kept
}

/// Whether all jobs are at their end, with all that they write.
pub fn verdict(status: &RunStatus) -> Result<(), Error> {
    match status.state {
        State::Interrupted => Err(Error::Interrupted),
        State::Failed => Err(Error::JobsFailed { failed: status.failed, jobs: status.jobs }),
        State::Running | State::Finished if status.lost > 0 => {
            Err(Error::Lost { lost: status.lost, jobs: status.jobs })
        }
        State::Running | State::Finished => Ok(()),
    }
}
