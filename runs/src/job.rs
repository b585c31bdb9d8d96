//! One job in its folder: trained, recorded, and its end told, in whatever way it ends.

use std::sync::atomic::AtomicBool;

use sparring_sparse::Saved;

use crate::console::{Console, JobView};
use crate::error::{Error, TrainError};
use crate::evaluate::Played;
use crate::folder::JobFolder;
use crate::log::JobLog;
use crate::plan::{Job, Plan};
use crate::report::share;
use crate::scheduler::catch;
use crate::score::score;
use crate::status::{JobStatus, State};
use crate::train::{Reached, Records, Stamp, train};
use crate::variant::Variant;

/// Trains `job` of `plan` into `folder`, and says how it ended.
pub fn execute(
    plan: &Plan,
    job: Job<'_>,
    folder: &JobFolder,
    stop: &AtomicBool,
    console: &Console,
) -> State {
    let view = console.job(job.path(), job.variant.settings.train.total_env_steps);
    let variant = job.variant;
    // Out here, so that it outlives a panic.
    let mut reached = Reached::default();
    let ended = catch(|| -> Result<State, TrainError> {
        let resolved = folder.create(plan, job)?;
        folder.write_status(&status(&reached, variant, State::Running, None))?;
        let log = JobLog::create(folder, &resolved)?;
        let mut records = JobRecords { folder, log, view: &view, variant };
        let ended = train(job, &mut records, &mut reached, stop);
        // A job that fails keeps what it has measured; its own error is the one to tell.
        let lost = records.log.finish();
        let state = ended?;
        reached.warnings.extend(lost?);
        Ok(state)
    });
    let (state, error) = match ended {
        Ok(Ok(state)) => (state, None),
        Ok(Err(error)) => (State::Failed, Some(error.to_string())),
        Err(panic) => (State::Failed, Some(panic)),
    };
    let status = status(&reached, variant, state, error);
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

/// What `status.yaml` says of a job that has come so far.
fn status(reached: &Reached, variant: &Variant, state: State, error: Option<String>) -> JobStatus {
    JobStatus {
        state,
        error,
        notes: variant.notes(),
        warnings: reached.warnings.clone(),
        env_steps: reached.env_steps,
        gradient_steps: reached.gradient_steps,
        evaluations: reached.curve.len() as u64,
        wall_s: reached.wall_s,
        score: score(&reached.curve),
        networks: reached.networks.clone(),
        training: variant.estimate.training,
        executed: reached.executed,
        diagnostics_s: reached.diagnostics_s.clone(),
    }
}

/// The files of a job, and its line on the screen.
struct JobRecords<'a> {
    folder: &'a JobFolder,
    log: JobLog,
    view: &'a JobView,
    variant: &'a Variant,
}

impl Records for JobRecords<'_> {
    fn scalar(&mut self, at: Stamp, tag: &str, value: f64) -> Result<(), Error> {
        self.log.scalar(at, tag, value)
    }

    fn clock_scalar(&mut self, at: Stamp, tag: &str, value: f64) {
        self.log.clock_scalar(at, tag, value);
    }

    fn flush(&mut self, at: Stamp) -> Result<(), Error> {
        self.view.steps(at.env_step);
        self.log.flush()
    }

    fn evaluation(&mut self, at: Stamp, episodes: &[Played]) -> Result<(), Error> {
        self.log.evaluation(at, episodes)
    }

    fn checkpoint(&mut self, reached: &Reached, policy: &Saved) -> Result<(), Error> {
        self.folder.write_status(&status(reached, self.variant, State::Running, None))?;
        self.folder.write_policy(policy)?;
        if let Some(mean) = reached.curve.last() {
            self.view.evaluated(reached.env_steps, *mean);
        }
        Ok(())
    }
}
