//! The folder of one job: what stands in it, and how it is read back.

use std::fs;
use std::path::{Path, PathBuf};

use sparring_sparse::{Saved, saved};

use crate::config::load;
use crate::error::Error;
use crate::files::{read_yaml, write_whole, write_yaml};
use crate::plan::{Job, Plan};
use crate::resolved::{identity_of, resolved};
use crate::robustness::{Trial, to_csv};
use crate::status::{JobStatus, RunStatus};

/// A job as a config.
pub const RESOLVED: &str = "resolved.yaml";

/// The networks of a job as its last evaluation played them, and PPO's scales.
pub const POLICY: &str = "policy.safetensors";

/// How that policy did under other options of its env.
pub const ROBUSTNESS: &str = "robustness.csv";

/// The folder of a job.
#[derive(Clone, Debug)]
pub struct JobFolder {
    root: PathBuf,
}

impl JobFolder {
    /// The folder `root`.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes it and writes `resolved.yaml`.
    pub fn prepare(&self, plan: &Plan, job: Job<'_>) -> Result<(), Error> {
        fs::create_dir_all(&self.root).map_err(Error::file(&self.root, "make"))?;
        let content = |message| Error::Content { path: self.path(RESOLVED), message };
        self.write_resolved(&resolved(plan, job).map_err(content)?)
    }

    /// Writes the text of `resolved.yaml`.
    pub fn write_resolved(&self, text: &str) -> Result<(), Error> {
        write_whole(&self.path(RESOLVED), text)
    }

    /// The text of `resolved.yaml`.
    pub fn resolved(&self) -> Result<String, Error> {
        let path = self.path(RESOLVED);
        fs::read_to_string(&path).map_err(Error::file(&path, "read"))
    }

    /// The identity of the job that `resolved.yaml` tells; none where there is no such file.
    pub fn identity(&self) -> Option<String> {
        identity_of(&self.resolved().ok()?).map(str::to_owned)
    }

    /// Whether it is the folder of `job`, by its identity or, where a version wrote it that knew other keys, by what
    /// this one reads there; none where there is no such folder yet.
    pub fn is_of(&self, job: Job<'_>) -> Option<bool> {
        let (known, wanted) = (self.identity()?, job.identity());
        let read_again = || {
            let plan = load(&self.path(RESOLVED), &[], None).ok()?;
            let [only] = plan.jobs()[..] else { return None };
            Some(only.identity() == wanted)
        };
        Some(known == wanted || read_again().unwrap_or(false))
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes `status.yaml`.
    pub fn write_status(&self, status: &JobStatus) -> Result<(), Error> {
        write_yaml(&self.path("status.yaml"), status)
    }

    /// Writes how the last policy does under other options of its env.
    pub fn write_robustness(&self, trials: &[Trial]) -> Result<(), Error> {
        let path = self.path(ROBUSTNESS);
        let bytes = to_csv(trials).map_err(|error| Error::file(&path, "write")(error.into()))?;
        write_whole(&path, bytes)
    }

    /// Writes the networks of the job, and what the policy is `about`.
    pub fn write_policy(&self, policy: &Saved, about: Option<String>) -> Result<(), Error> {
        let path = self.path(POLICY);
        let bytes = saved::to_bytes(policy, about);
        let bytes = bytes.map_err(|error| Error::content(&path)(error.to_string()))?;
        write_whole(&path, bytes)
    }

    /// What `jobs` have come to so far.
    pub fn reached(jobs: &[Self]) -> RunStatus {
        let mut status = RunStatus::begun(jobs.len());
        for job in jobs {
            if let Ok(Some(of_job)) = job.read_status() {
                status.ended(of_job.state);
                status.lost += usize::from(of_job.lost);
            }
        }
        status
    }

    /// Reads `status.yaml`; none where the job has not begun.
    pub fn read_status(&self) -> Result<Option<JobStatus>, Error> {
        let path = self.path("status.yaml");
        if path.is_file() { read_yaml(&path).map(Some) } else { Ok(None) }
    }
}
