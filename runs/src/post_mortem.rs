//! What is kept of a job that fails again whenever it comes to the same step: the state before that step, as a job
//! of its own, which `sparring resume` takes into the same failure.
//!
//! No run keeps a copy of its state at every step. The same state goes on to the same bits, so the job is taken
//! once more from its latest checkpoint to the step before, and that step is tried.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use sparring_agents::AgentError;
use sparring_envs::EnvError;

use crate::checkpoint::{Kept, Moment, Store, Writer};
use crate::error::{Error, TrainError};
use crate::job_folder::{JobFolder, RESOLVED};
use crate::life::{Claim, Life};
use crate::plan::Job;
use crate::shell::word;
use crate::train::{Reached, Unrecorded, again};

/// Its folder below that of the job.
const FOLDER: &str = "post-mortem";

/// Whether the job in `folder` is one that was kept so.
pub fn is_one(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == FOLDER)
}

/// Whether the same state brings the same error: a number that is none, or an environment that fails.
pub fn comes_again(error: &TrainError) -> bool {
    match error {
        TrainError::Agent(error) => matches!(**error, AgentError::NotFinite { .. }),
        TrainError::Env(error) => matches!(error, EnvError::Fault { .. }),
        TrainError::Unloaded(_) | TrainError::Record(_) => false,
    }
}

/// Keeps the state of `job` in `folder` after `steps` of its own clock, behind which `failed` came; and says how to see that
/// again.
pub fn keep(
    job: Job<'_>,
    folder: &JobFolder,
    failed: &str,
    steps: u64,
    stop: &AtomicBool,
) -> String {
    if is_one(folder.root()) {
        return resume(folder);
    }
    let kept = match job.variant.kept() {
        Kept::All => write(job, folder, failed, steps, stop),
        Kept::AllButReplay | Kept::Nothing => Err(Unkept::NotAsked),
    };
    match kept {
        Ok(kept) => format!("the step before it is kept: {}", resume(&kept)),
        Err(why) if job.variant.settings.env.batch.is_some() => format!("{why}"),
        Err(why) => {
            let config = word(&folder.path(RESOLVED).display().to_string());
            format!("{why}; it comes again with: sparring run {config} --out again")
        }
    }
}

/// Why the step before is not kept.
#[derive(Debug, thiserror::Error)]
enum Unkept {
    #[error("no checkpoint of the step before, since the config keeps none")]
    NotAsked,
    #[error("the step before could not be kept, since another process has its folder")]
    Held,
    #[error("the step before could not be kept, since the run is to stop")]
    Stopped,
    #[error("the step before is kept, but nothing fails after it; this must not be")]
    Gone,
    #[error("the step before could not be kept: {0}")]
    Unwritten(String),
    #[error("the step before could not be kept: {0}")]
    Untaken(#[from] TrainError),
    #[error("the step before could not be kept: {0}")]
    File(#[from] Error),
}

fn write(
    job: Job<'_>,
    folder: &JobFolder,
    failed: &str,
    steps: u64,
    stop: &AtomicBool,
) -> Result<JobFolder, Unkept> {
    let (place, identity) = (JobFolder::at(&folder.path(FOLDER)), job.identity());
    let (root, store) = (place.root(), Store::of(place.root()));
    if store.latest(&identity).whole.is_some_and(|one| one.manifest.clock().own() == steps) {
        return Ok(place);
    }
    if matches!(Life::of(root), Ok(Some(_))) {
        return Err(Unkept::Held);
    }
    drop(fs::remove_dir_all(root));
    let made = fs::create_dir_all(root).and_then(|()| Life::claim(root));
    let Claim::Taken(life) = made.map_err(Error::file(root, "make"))? else {
        return Err(Unkept::Held);
    };
    place.write_resolved(&folder.resolved()?)?;

    let from = Store::of(folder.root()).latest(&identity).whole;
    let (mut records, mut reached) = (Unrecorded, Reached::default());
    let Some(mut run) = again(job, from.as_ref(), &mut records, &mut reached, stop, steps)? else {
        return Err(Unkept::Stopped);
    };
    let mut writer = Writer::start(store, life, identity, (Kept::All, 1), None)?;
    let (at, state, replay) = (run.stamp(), run.state_now()?, run.state.agent.replay());
    let moment = Moment { at: at.clock(), state, logs: Vec::new() };
    writer.checkpoint(moment, replay);
    let again = run.state.step(|_, _| Ok(()));
    if let Some(error) = writer.finish() {
        return Err(Unkept::Unwritten(error));
    }
    match again {
        Err(error) if error.to_string() == failed => Ok(place),
        Ok(()) | Err(_) => Err(Unkept::Gone),
    }
}

fn resume(folder: &JobFolder) -> String {
    format!("it comes again with: sparring resume {}", word(&folder.root().display().to_string()))
}
