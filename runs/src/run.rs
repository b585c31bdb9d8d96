//! `sparring run`: a plan from its first job to its table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sparring_sparse::Executed;

use crate::cli::RunArgs;
use crate::config::{Job, Plan, load};
use crate::console::{Console, print};
use crate::error::Error;
use crate::folder::{JobFolder, JobStatus, RunFolder, RunStatus, State};
use crate::log::JobLog;
use crate::machine::{available_memory, cores};
use crate::report::{Report, share};
use crate::scheduler::{catch, keep_panics, run_all};
use crate::table::counted;
use crate::train::{TrainError, train};

/// Jobs that run at once: `--jobs`, or one a core, and never more than there are.
pub fn jobs_at_once(asked: Option<usize>, plan: &Plan) -> usize {
    asked.unwrap_or_else(cores).min(plan.jobs().len())
}

/// Runs a config.
pub fn run(args: &RunArgs) -> Result<(), Error> {
    let plan =
        load(&args.plan.config, &args.plan.set, args.plan.seeds())?.only(&args.plan.variant)?;
    for assertion in &args.assert {
        assertion.check(&plan)?;
    }
    let at_once = jobs_at_once(args.plan.jobs, &plan);
    plan.check_memory(at_once, available_memory())?;
    let root = args.out.clone().unwrap_or_else(|| ["out", &plan.name].iter().collect());
    let folder = RunFolder::create(&root, &plan, at_once)?;

    let stop = stop_on_signal()?;
    keep_panics();
    let jobs = plan.jobs();
    let mut status = RunStatus { state: State::Running, jobs: jobs.len(), finished: 0, failed: 0 };
    folder.write_status(&status)?;
    let console = Console::new(args.quiet, jobs.len());
    let count = counted(jobs.len(), ["job", "jobs"]);
    console.say(format!("{count}, {at_once} at once, into {}", root.display()));
    let states = run_all(&jobs, at_once, &stop, |job| {
        execute(&plan.name, *job, &folder.job(&job.variant.name, job.seed), &stop, &console)
    })?;
    console.clear();

    let count = |wanted| states.iter().filter(|state| **state == Some(wanted)).count();
    status.finished = count(State::Finished);
    status.failed = count(State::Failed);
    status.state = match () {
        () if status.finished + status.failed < jobs.len() => State::Interrupted,
        () if status.failed > 0 => State::Failed,
        () => State::Finished,
    };
    folder.write_status(&status)?;
    let report = Report::read(folder.root())?;
    let text = report.to_string();
    folder.write_report(&text)?;
    print(&text)?;
    match status.state {
        State::Interrupted => return Err(Error::Interrupted),
        State::Failed => {
            return Err(Error::JobsFailed { failed: status.failed, jobs: jobs.len() });
        }
        State::Running | State::Finished => {}
    }
    let failures: Vec<_> = args.assert.iter().flat_map(|one| one.failures(&report)).collect();
    if failures.is_empty() { Ok(()) } else { Err(Error::Assertion(failures)) }
}

/// The first Ctrl-C ends every job at its next step; a second ends the process.
fn stop_on_signal() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Error::Interrupted.exit_code()));
        }
        eprintln!("stopping at the next step; once more to stop at once");
    })
    .map_err(|error| Error::System { what: "listen for Ctrl-C", source: Box::new(error) })?;
    Ok(stop)
}

fn execute(
    run: &str,
    job: Job<'_>,
    folder: &JobFolder,
    stop: &AtomicBool,
    console: &Console,
) -> State {
    let total = job.variant.settings.train.total_env_steps;
    let view = console.job(job.path(), total);
    let mut status = JobStatus {
        state: State::Running,
        error: None,
        warnings: Vec::new(),
        env_steps: 0,
        gradient_steps: 0,
        evaluations: 0,
        wall_s: 0.0,
        score: None,
        networks: Vec::new(),
        training: job.variant.estimate.training,
        executed: Executed::default(),
        diagnostics_s: BTreeMap::new(),
    };
    let ended = catch(|| -> Result<State, TrainError> {
        let resolved = folder.create(run, job)?;
        folder.write_status(&status)?;
        let log = JobLog::create(folder, &resolved)?;
        train(job, folder, log, &mut status, stop, &view)
    });
    let (state, error) = match ended {
        Ok(Ok(state)) => (state, None),
        Ok(Err(error)) => (State::Failed, Some(error.to_string())),
        Err(panic) => (State::Failed, Some(panic)),
    };
    status.state = state;
    status.error = error;
    let mut detail = match (&status.error, status.score) {
        (Some(error), _) => error.clone(),
        (None, Some(score)) => format!("score {score:.1}, {:.1} s", status.wall_s),
        (None, None) => "no evaluation".to_owned(),
    };
    if !status.diagnostics_s.is_empty() {
        let took = share(&status.diagnostics_s, status.wall_s);
        detail.push_str(&format!("; diagnostics took {took}"));
    }
    if let Err(error) = folder.write_status(&status) {
        detail.push_str(&format!("; {error}"));
    }
    console.ended(view, state, &detail);
    state
}
