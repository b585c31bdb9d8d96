//! The training of one job: a state that takes steps, and observers that look at it when they are due.

pub mod budget;
mod checkpoint;
mod diagnose;
mod evaluate;
pub mod every;
mod experience;
mod log;
mod observer;
mod records;
mod robustness;
mod run;
pub mod settings;
mod state;
mod trial;

pub use experience::env_seeds;
pub use observer::{Observer, Seen};
pub use records::{Records, Stamp, Unrecorded};
pub use run::Run;
pub use state::{Reached, RunState, SinceLog};
pub use trial::Trial;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::checkpoint as kept;
use crate::error::TrainError;
use crate::plan::Job;
use crate::status::State;
use budget::{Budget, is_plateau};
use checkpoint::Checkpoint;
use diagnose::Diagnose;
use evaluate::{EVALUATE, Evaluate};
use log::Log;
use robustness::ScoreRobustness;
use settings::TrainSettings;

/// Trains `job` to its end or until `stop` is set, from its first step or from a checkpoint, and writes what it
/// sees to `records`. What it reaches is kept in `reached`, also where it fails.
///
/// The same job gives the same numbers, whatever runs beside it and however often it was cut off: all that is
/// random comes from streams below the job's seed. (With `env.mode: async` it does not, and
/// [`Reached::warnings`] says so.)
pub fn train(
    job: Job<'_>,
    from: Option<&kept::Checkpoint>,
    records: &mut dyn Records,
    reached: &mut Reached,
    stop: &AtomicBool,
) -> Result<State, TrainError> {
    let mut run = Run::new(job, from, records, reached, stop)?;
    let mut observers = observers(&run);
    let ended = go(&mut run, &mut observers, from.is_some(), u64::MAX);
    let kept = match &ended {
        Ok(State::Interrupted) => keep_for_later(&mut run),
        Ok(State::Running | State::Finished | State::Failed) | Err(_) => Ok(()),
    };
    run.close();
    kept.and(ended)
}

/// The run of `job`, from its first step or from a checkpoint, where it is after `steps` of its own clock; none where
/// `stop` was set. All that it sees on the way goes to `records`.
pub fn again<'a>(
    job: Job<'a>,
    from: Option<&kept::Checkpoint>,
    records: &'a mut dyn Records,
    reached: &'a mut Reached,
    stop: &'a AtomicBool,
    steps: u64,
) -> Result<Option<Run<'a>>, TrainError> {
    let mut run = Run::new(job, from, records, reached, stop)?;
    let mut observers = observers(&run);
    match go(&mut run, &mut observers, from.is_some(), steps)? {
        State::Interrupted => Ok(None),
        State::Running | State::Finished | State::Failed => Ok(Some(run)),
    }
}

/// A run that is stopped goes on later from where it is. One that is stopped in an evaluation plays it again.
fn keep_for_later(run: &mut Run<'_>) -> Result<(), TrainError> {
    if !run.job.variant.is_kept() {
        return Ok(());
    }
    let earlier = run.before_evaluation.take();
    run.checkpoint(earlier)
}

/// Who looks at a run, in their order: logs come before the evaluation of the same step, and what is kept
/// between them.
fn observers(run: &Run<'_>) -> Vec<Box<dyn Observer>> {
    let settings = &run.job.variant.settings;
    let mut observers: Vec<Box<dyn Observer>> =
        vec![Box::new(Log::new(settings.train.log_every()))];
    if let Some(what) = &settings.diagnostics {
        observers.push(Box::new(Diagnose::new(what.every_env_steps)));
    }
    let every = settings.eval.every();
    if run.job.variant.is_kept() {
        observers.push(Box::new(Checkpoint::new(&settings.checkpoint, every)));
    }
    observers.push(Box::new(Evaluate::new(every)));
    if let Some(of) = &settings.robustness {
        observers.push(Box::new(ScoreRobustness::new(of.clone())));
    }
    observers
}

/// Goes on until the run is after `steps` of its own clock or at its end, at which every observer is due: with the first step that
/// reaches its total, or with an evaluation that ends a plateau.
fn go(
    run: &mut Run<'_>,
    observers: &mut [Box<dyn Observer>],
    resumed: bool,
    steps: u64,
) -> Result<State, TrainError> {
    let train = &run.job.variant.settings.train;
    // What was due when the state was kept is seen now.
    if show(run, observers, |observer| !resumed && observer.at_the_start())? {
        return Ok(State::Interrupted);
    }
    loop {
        if is_at_a_plateau(train, run.state.reached) {
            run.state.reached.ended_by = Some(Budget::Plateau);
            let seen = run.state.reached.seen.clone();
            if show(run, observers, |observer| !seen.contains(observer.name()))? {
                return Ok(State::Interrupted);
            }
        }
        let reached = &*run.state.reached;
        if reached.ended_by.is_some() || reached.clock().own() >= steps {
            return Ok(State::Finished);
        }
        if run.is_stopped() {
            return Ok(State::Interrupted);
        }
        let before = reached.clock();
        run.state.step(|actions, batch| run.records.step(actions, batch))?;
        if let Some(pause) = run.records.follow(run.state.agent.replay()) {
            run.state.reached.checkpoint_pauses.add(pause);
        }
        let now = run.state.reached.clock();
        let at_the_end = train.is_over(now);
        if at_the_end {
            run.state.reached.ended_by = Some(train.budget.told_in_advance());
        }
        let due = |observer: &dyn Observer| at_the_end || observer.is_due(before, now);
        if show(run, observers, due)? {
            return Ok(State::Interrupted);
        }
    }
}

/// Whether the evaluation of this step ends a run that would go on.
fn is_at_a_plateau(train: &TrainSettings, reached: &Reached) -> bool {
    train.budget == Budget::Plateau
        && reached.ended_by.is_none()
        && reached.seen.contains(EVALUATE)
        && is_plateau(&reached.curve, train.patience_evaluations)
}

/// Lets the observers look that are due or wait; whether one of them stopped. Those that are due wait until they
/// have looked, so that what is kept in between knows of them.
fn show(
    run: &mut Run<'_>,
    observers: &mut [Box<dyn Observer>],
    due: impl Fn(&dyn Observer) -> bool,
) -> Result<bool, TrainError> {
    let waiting = &mut run.state.reached.waiting;
    let names = observers.iter().filter(|observer| due(&***observer)).map(|one| one.name());
    waiting.extend(names.map(str::to_owned));
    if !waiting.is_empty() {
        run.state.agent.settle()?;
    }
    for observer in observers {
        let name = observer.name();
        if !run.state.reached.waiting.contains(name) {
            continue;
        }
        let begun = Instant::now();
        let seen = observer.look(run)?;
        run.state.reached.phases.add(name, begun);
        match seen {
            Seen::All => {
                run.state.reached.waiting.remove(name);
                run.state.reached.seen.insert(name.to_owned());
            }
            Seen::Nothing => {}
            Seen::Stopped => return Ok(true),
        }
    }
    Ok(false)
}
