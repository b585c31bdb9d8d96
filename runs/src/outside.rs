//! What comes from outside, on bytes: the readers of every file that somebody else may have written, for fuzzing
//! and for programs of one's own. Each is the function by which the binary reads such a file.

use std::path::Path;

use sparring_agents::{Agent, AgentError};
use sparring_sparse::saved;

use crate::checkpoint::Manifest;
use crate::config::load_text;
use crate::data::any_file;
use crate::error::Error;
use crate::folder::RunRecord;
use crate::life::Owner;
use crate::plan::Plan;
use crate::policy::acting;
use crate::results::{self, Evaluation};
use crate::robustness::{Held, read_csv};
use crate::slurm::Submission;
use crate::status::{JobStatus, RunStatus};
use crate::variant::Variant;
use crate::yaml::from_text;

/// The plan of the text of a config.
///
/// # Errors
/// What is wrong with it.
pub fn config(text: &str) -> Result<Plan, Error> {
    load_text(Path::new("config.yaml"), text.to_owned(), &[], None)
}

/// What a checkpoint says of itself, by the text of `checkpoint.yaml`. (Its state is a [`Section`], which
/// [`RunState::load`] takes, and its rows are for [`Replay::restore`].)
///
/// [`Section`]: sparring_sparse::Section
/// [`RunState::load`]: crate::train::RunState::load
/// [`Replay::restore`]: sparring_agents::Replay::restore
///
/// # Errors
/// What is wrong with it.
pub fn manifest(text: &str) -> Result<Manifest, String> {
    Manifest::from_text(text)
}

/// The agent of `variant` that acts by the policy of these bytes.
///
/// # Errors
/// What is wrong with it.
pub fn policy(variant: &Variant, bytes: &[u8]) -> Result<Box<dyn Agent>, AgentError> {
    acting(variant, &saved::from_bytes(bytes)?, 1)
}

/// The evaluations in the bytes of `evals.csv`.
///
/// # Errors
/// What is wrong with it.
pub fn evaluations(bytes: &[u8]) -> Result<Vec<Evaluation>, String> {
    results::curve(bytes)
}

/// What the bytes of `robustness.csv` say.
///
/// # Errors
/// What is wrong with it.
pub fn robustness(bytes: &[u8]) -> Result<Vec<Held>, String> {
    read_csv(bytes)
}

/// A file of a data set: an episode in Parquet, D4RL's HDF5, or the metadata of a set.
///
/// # Errors
/// What is wrong with it.
pub fn data(bytes: &[u8]) -> Result<(), Error> {
    any_file(bytes)
}

/// What is written of a run and its jobs: each way to read `text` that it allows.
#[derive(Debug)]
pub struct Records {
    /// As `run.yaml`.
    pub run: Result<RunRecord, String>,
    /// As `status.yaml` of a run.
    pub run_status: Result<RunStatus, String>,
    /// As `status.yaml` of a job.
    pub job_status: Result<JobStatus, String>,
    /// As a file of `lives`.
    pub life: Result<Owner, String>,
    /// As `submission.yaml`.
    pub submission: Result<Submission, String>,
}

/// Reads `text` as every record there is.
pub fn records(text: &str) -> Records {
    Records {
        run: from_text(text),
        run_status: from_text(text),
        job_status: from_text(text),
        life: from_text(text),
        submission: from_text(text),
    }
}
