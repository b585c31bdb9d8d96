//! One job in its folder: trained, recorded, kept, and its end told, in whatever way it ends.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use sparring_agents::{Agent, Replay};
use sparring_sparse::{Saved, Section};

use crate::checkpoint::{Checkpoint, Latest, Moment, Store, Writer};
use crate::console::{Console, JobView};
use crate::error::{Error, TrainError};
use crate::evaluate::Played;
use crate::job_folder::JobFolder;
use crate::life::Life;
use crate::log::{JobLog, end};
use crate::plan::Job;
use crate::post_mortem;
use crate::report::share;
use crate::robustness::Trial;
use crate::scheduler::catch;
use crate::score::score;
use crate::status::{JobStatus, State};
use crate::train::budget::Budget;
use crate::train::{Reached, Records, Stamp, train};

/// A job with its folder.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// What is trained.
    pub job: Job<'a>,
    /// Where.
    pub folder: JobFolder,
}

/// How this process left a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// At its end, or failed.
    Done,
    /// Before its end, in order.
    Stopped,
    /// To another process, which has begun a life of its own.
    TakenOver,
}

/// Times that a job looks for another checkpoint where one cannot be loaded, and how long it waits before.
const LOOKS: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Trains the job of `task` in its folder, from its latest checkpoint if it has one, and says how it ended.
/// One that has failed `failures` times by then is not tried again.
pub fn execute(
    task: &Task<'_>,
    life: Life,
    failures: u32,
    stop: &AtomicBool,
    console: &Console,
) -> Ended {
    let Task { job, folder } = task;
    let view = console.job(job.path(), &job.variant.settings.train);
    let store = Store::of(folder.root());
    let mut tried = attempt(task, &life, &store, &view, stop, console);
    for _ in 1..LOOKS {
        // A life that this one has taken over from may have put a newer one in the place of the one found.
        if !matches!(tried.ended, Ok(Err(TrainError::Unloaded(_)))) {
            break;
        }
        thread::sleep(PAUSE);
        tried = attempt(task, &life, &store, &view, stop, console);
    }
    let Attempt { teller, reached, ended } = tried;
    // Whatever came of it, what is written now is another life's to write.
    let taken_over = matches!(&ended, Ok(Err(TrainError::Record(Error::TakenOver))));
    if taken_over || !life.holds() {
        console.ended(view, State::Interrupted, &Error::TakenOver.to_string());
        return Ended::TakenOver;
    }
    let (state, error) = match ended {
        Ok(Ok(state)) => (state, None),
        Ok(Err(error)) if post_mortem::comes_again(&error) => {
            (State::Failed, Some(kept_before(task, &error, &reached, stop, console)))
        }
        Ok(Err(error)) => (State::Failed, Some(error.to_string())),
        Err(panic) => (State::Failed, Some(panic)),
    };
    let status = teller.status(&reached, state, error);
    let mut detail = match (&status.error, status.score) {
        (Some(error), _) => error.clone(),
        (None, Some(score)) => format!("score {score:.1}, {:.1} s", status.wall_s),
        (None, None) => "no evaluation".to_owned(),
    };
    if status.ended_by == Some(Budget::Plateau) {
        detail.push_str(&format!("; at a plateau after {} env steps", status.env_steps));
    }
    if !status.diagnostics_s.is_empty() {
        let took = share(&status.diagnostics_s, status.wall_s);
        detail.push_str(&format!("; diagnostics took {took}"));
    }
    let written = folder.write_status(&status);
    // What a job at its end has kept is needed no more; the policy stays.
    let written = written.and_then(|()| match state {
        State::Finished => store.clear(),
        State::Running | State::Failed | State::Interrupted => Ok(()),
    });
    // What is told there stands for ever.
    let told = match job.variant.settings.tensorboard.hparams && status.is_over(failures) {
        true => end(folder, &status),
        false => Ok(()),
    };
    for error in [written, told].into_iter().filter_map(Result::err) {
        detail.push_str(&format!("; {error}"));
    }
    console.ended(view, state, &detail);
    match state {
        State::Finished | State::Failed | State::Running => Ended::Done,
        State::Interrupted => Ended::Stopped,
    }
}

/// An error that comes again, in words, after the state before it has been kept.
fn kept_before(
    task: &Task<'_>,
    error: &TrainError,
    reached: &Reached,
    stop: &AtomicBool,
    console: &Console,
) -> String {
    let Task { job, folder } = task;
    let (error, steps) = (error.to_string(), reached.clock().own());
    console.say(format!("{}: {error}; the step before it is being kept", job.path()));
    let kept = catch(|| post_mortem::keep(*job, folder, &error, steps, stop));
    let kept = kept.unwrap_or_else(|panic| format!("the step before could not be kept: {panic}"));
    format!("{error}; {kept}")
}

/// What came of a life's work at a job.
struct Attempt<'a> {
    teller: Teller<'a>,
    reached: Reached,
    /// The message of a panic where there was one.
    ended: Result<Result<State, TrainError>, String>,
}

/// Trains the job from the latest checkpoint that is whole now.
fn attempt<'a>(
    task: &'a Task<'_>,
    life: &Life,
    store: &Store,
    view: &JobView,
    stop: &AtomicBool,
    console: &Console,
) -> Attempt<'a> {
    let Task { job, folder } = task;
    let Latest { whole, damaged } = match job.variant.is_kept() {
        true => store.latest(&job.identity()),
        false => Latest::default(),
    };
    for what in &damaged {
        console.say(format!("{}: a checkpoint is not whole: {what}", job.path()));
    }
    let resumed_from = whole.as_ref().map_or(0, |from| from.manifest.clock().own());
    if life.number() > 1 {
        console.say(format!("{}: goes on from step {resumed_from}", job.path()));
    }
    let failures = folder.read_status().ok().flatten().map_or(0, |status| status.failures);
    let teller = Teller { job: *job, folder, life: life.clone(), resumed_from, failures };
    // Out here, so that it outlives a panic.
    let mut reached = Reached::default();
    let ended = catch(|| {
        let mut records = JobRecords::begin(&teller, store, whole.as_ref(), view)?;
        teller.tell(&reached, State::Running, None)?;
        let ended = train(*job, whole.as_ref(), &mut records, &mut reached, stop);
        // A job that fails keeps what it has measured; its own error is the one to tell.
        let lost = records.finish();
        let state = ended?;
        let lost = lost?;
        reached.lost = !lost.is_empty();
        reached.warnings.extend(damaged.iter().map(|what| format!("not whole: {what}")));
        reached.warnings.extend(lost);
        Ok::<State, TrainError>(state)
    });
    Attempt { teller, reached, ended }
}

/// Writes `status.yaml` of a job for as long as its life holds.
struct Teller<'a> {
    job: Job<'a>,
    folder: &'a JobFolder,
    life: Life,
    resumed_from: u64,
    failures: u32,
}

impl Teller<'_> {
    fn tell(&self, reached: &Reached, state: State, error: Option<String>) -> Result<(), Error> {
        self.check_life()?;
        self.folder.write_status(&self.status(reached, state, error))
    }

    /// Who finds a higher life stops writing.
    fn check_life(&self) -> Result<(), Error> {
        if self.life.holds() { Ok(()) } else { Err(Error::TakenOver) }
    }

    /// What `status.yaml` says of a job that has come so far.
    fn status(&self, reached: &Reached, state: State, error: Option<String>) -> JobStatus {
        let variant = self.job.variant;
        JobStatus {
            job: variant.at.clone(),
            seed: self.job.seed,
            state,
            life: self.life.number(),
            resumed_from: self.resumed_from,
            failures: self.failures + u32::from(state == State::Failed),
            ended_by: reached.ended_by,
            error,
            notes: variant.notes(),
            faults: reached.faults.clone(),
            warnings: reached.warnings.clone(),
            lost: reached.lost,
            env_steps: reached.env_steps,
            gradient_steps: reached.gradient_steps,
            evaluations: reached.curve.len() as u64,
            wall_s: reached.wall_s,
            score: score(&reached.curve),
            networks: reached.networks.clone(),
            training: match reached.ended_by {
                Some(Budget::Plateau) => variant.training_until(reached.env_steps),
                Some(Budget::EnvSteps | Budget::GradientSteps | Budget::Samples) | None => {
                    variant.estimate.training
                }
            },
            executed: reached.executed,
            checkpoint_pauses: reached.checkpoint_pauses,
            diagnostics_s: reached.diagnostics_s.clone(),
            phases: reached.phases.clone(),
        }
    }
}

/// The files of a job, and its line on the screen.
struct JobRecords<'a> {
    teller: &'a Teller<'a>,
    log: JobLog,
    writer: Option<Writer>,
    view: &'a JobView,
    warnings: Vec<String>,
}

impl<'a> JobRecords<'a> {
    fn begin(
        teller: &'a Teller<'a>,
        store: &Store,
        resumed: Option<&Checkpoint>,
        view: &'a JobView,
    ) -> Result<Self, Error> {
        let Teller { job, folder, life, .. } = teller;
        let manifest = resumed.map(|from| &from.manifest);
        let log = JobLog::begin(*job, folder, life.number(), manifest)?;
        let (kept, keep) = (job.variant.kept(), job.variant.settings.checkpoint.keep);
        let writer = match job.variant.is_kept() {
            true => {
                let (store, life) = (store.clone(), life.clone());
                Some(Writer::start(store, life, job.identity(), (kept, keep), resumed)?)
            }
            false => None,
        };
        Ok(Self { teller, log, writer, view, warnings: Vec::new() })
    }

    /// Waits until all is written, and tells what was lost.
    fn finish(self) -> Result<Vec<String>, Error> {
        let mut warnings = self.warnings;
        if let Some(error) = self.writer.and_then(Writer::finish) {
            warnings.push(unkept(&error));
        }
        warnings.extend(self.log.finish()?);
        warnings.dedup();
        Ok(warnings)
    }
}

fn unkept(error: &str) -> String {
    format!("a checkpoint could not be written: {error}")
}

impl Records for JobRecords<'_> {
    fn scalar(&mut self, at: Stamp, tag: &str, value: f64) -> Result<(), Error> {
        self.log.scalar(at, tag, value)
    }

    fn clock_scalar(&mut self, at: Stamp, tag: &str, value: f64) {
        self.log.clock_scalar(at, tag, value);
    }

    fn flush(&mut self, at: Stamp) -> Result<(), Error> {
        self.teller.check_life()?;
        self.view.steps(at.own());
        self.log.flush()
    }

    fn evaluation(&mut self, at: Stamp, episodes: &[Played]) -> Result<(), Error> {
        self.log.evaluation(at, episodes)
    }

    fn robustness(&mut self, trials: &[Trial]) -> Result<(), Error> {
        self.teller.check_life()?;
        self.teller.folder.write_robustness(trials)
    }

    fn agent(&mut self, at: Stamp, agent: &dyn Agent) {
        self.log.agent(at, agent);
    }

    fn evaluated(
        &mut self,
        reached: &Reached,
        policy: &Saved,
        about: Option<String>,
    ) -> Result<(), Error> {
        self.teller.tell(reached, State::Running, None)?;
        self.teller.folder.write_policy(policy, about)?;
        if let Some(mean) = reached.curve.last() {
            self.view.evaluated(reached.clock().own(), *mean);
        }
        Ok(())
    }

    fn follow(&mut self, replay: Option<&Replay>) -> Option<Duration> {
        self.writer.as_mut()?.follow(replay?)
    }

    fn checkpoint(
        &mut self,
        at: Stamp,
        state: Section,
        replay: Option<&Replay>,
    ) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if writer.is_fenced() {
            return Err(Error::TakenOver);
        }
        if let Some(error) = writer.failure() {
            // Training goes on; what is written next may be kept.
            let warning = unkept(&error);
            if !self.warnings.contains(&warning) {
                crate::console::note(format!("{}: {warning}", self.teller.job.path()));
                self.warnings.push(warning);
            }
        }
        let logs = self.log.sums()?;
        writer.checkpoint(Moment { at: at.clock(), state, logs }, replay);
        Ok(())
    }
}
