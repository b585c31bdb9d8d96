//! The training of one job: a state that takes steps, and observers that look at it when they are due.

mod diagnose;
mod evaluate;
mod log;
mod observer;
mod records;
mod run;
mod settings;
mod state;

pub use observer::{Every, Observer, Seen};
pub use records::{Records, Stamp, Unrecorded};
pub use run::Run;
pub use settings::TrainSettings;
pub use state::{Reached, RunState, SinceLog};

use std::sync::atomic::AtomicBool;

use crate::error::TrainError;
use crate::plan::Job;
use crate::status::State;
use diagnose::Diagnose;
use evaluate::Evaluate;
use log::Log;

/// Trains `job` to its end or until `stop` is set, and writes what it sees to `records`. What it reaches is
/// kept in `reached`, also where it fails.
///
/// The same job gives the same numbers, whatever runs beside it: all that is random comes from streams
/// below the job's seed. (With `env.mode: async` it does not, and [`Reached::warnings`] says so.)
pub fn train(
    job: Job<'_>,
    records: &mut dyn Records,
    reached: &mut Reached,
    stop: &AtomicBool,
) -> Result<State, TrainError> {
    let mut run = Run::new(job, records, reached, stop)?;
    let mut observers = observers(&run);
    let ended = to_the_end(&mut run, &mut observers);
    run.close();
    ended
}

/// Who looks at a run, in their order: logs come before the evaluation of the same step.
fn observers(run: &Run<'_>) -> Vec<Box<dyn Observer>> {
    let settings = &run.job.variant.settings;
    let mut observers: Vec<Box<dyn Observer>> =
        vec![Box::new(Log::new(settings.train.log_every_env_steps))];
    if let Some(what) = settings.diagnostics.clone() {
        let seed = run.seed.child("diagnostics");
        observers.push(Box::new(Diagnose::new(what, &*run.state.agent, seed)));
    }
    observers.push(Box::new(Evaluate::new(settings.eval.every_env_steps)));
    observers
}

/// A run ends with the first step that reaches its total, at which every observer is due.
fn to_the_end(run: &mut Run<'_>, observers: &mut [Box<dyn Observer>]) -> Result<State, TrainError> {
    let total = run.job.variant.settings.train.total_env_steps;
    if show(run, observers, |observer| observer.at_the_start())? {
        return Ok(State::Interrupted);
    }
    while run.state.reached.env_steps < total {
        if run.is_stopped() {
            return Ok(State::Interrupted);
        }
        let before = run.state.reached.clock();
        run.state.step()?;
        let now = run.state.reached.clock();
        let at_the_end = now.env_steps >= total;
        let due = |observer: &dyn Observer| at_the_end || observer.every().is_due(before, now);
        if show(run, observers, due)? {
            return Ok(State::Interrupted);
        }
    }
    Ok(State::Finished)
}

/// Lets the observers look that are due or wait; whether one of them stopped.
fn show(
    run: &mut Run<'_>,
    observers: &mut [Box<dyn Observer>],
    due: impl Fn(&dyn Observer) -> bool,
) -> Result<bool, TrainError> {
    for observer in observers {
        let name = observer.name();
        if !due(&**observer) && !run.state.reached.waiting.contains(name) {
            continue;
        }
        match observer.look(run)? {
            Seen::All => drop(run.state.reached.waiting.remove(name)),
            Seen::Nothing => drop(run.state.reached.waiting.insert(name.to_owned())),
            Seen::Stopped => return Ok(true),
        }
    }
    Ok(false)
}
