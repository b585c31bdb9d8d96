//! The run folder: what is written where, and how it is read back.
//!
//! ```text
//! config.yaml                as typed
//! run.yaml                   command, versions, machine, jobs
//! status.yaml                running | finished | failed | interrupted, with counts
//! report.txt                 the table at the end
//! run.lock                   held by the process that runs
//! <variant>/seed-<n>/        one job: resolved.yaml, status.yaml, metrics.csv, evals.csv,
//!                            policy.safetensors, tb-1/
//! ```

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sparring_sparse::{Saved, saved};

use crate::error::{Error, Refusal};
use crate::files::{read_yaml, write_whole, write_whole_by, write_yaml};
use crate::lock::RunLock;
use crate::machine::Machine;
use crate::plan::{Job, Plan};
use crate::resolved::resolved;
use crate::status::{JobStatus, RunStatus};
use crate::variant::Coordinates;

/// A job as a config.
pub const RESOLVED: &str = "resolved.yaml";

/// The networks of a job as its last evaluation played them, and PPO's scales.
pub const POLICY: &str = "policy.safetensors";

/// `run.yaml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// The run's name.
    pub name: String,
    /// The command line.
    pub command: Vec<String>,
    /// What `--set` changed.
    pub set: Vec<String>,
    /// Sparring's version.
    pub sparring: String,
    /// The commit that it was built from, if it was built in a checkout, and whether the sources had
    /// changes since.
    pub commit: Option<String>,
    /// The compiler that built it.
    pub rustc: String,
    /// What it runs on.
    pub machine: Machine,
    /// Jobs that run at once.
    pub jobs_at_once: usize,
    /// When it began, UTC.
    pub started: String,
    /// Every variant is run with each.
    pub seeds: Vec<u64>,
    /// What is compared, in the order of the table.
    pub variants: Vec<Coordinates>,
}

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    /// Held by who runs, not by who reads.
    lock: Option<RunLock>,
}

impl RunFolder {
    /// Makes the folder; one that holds anything is refused, also what another process has put there
    /// since this one began.
    pub fn create(root: &Path, plan: &Plan, jobs_at_once: usize) -> Result<Self, Error> {
        if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(not_empty(root));
        }
        fs::create_dir_all(root).map_err(|error| {
            Refusal::argument(
                format!("--out {}", root.display()),
                error.to_string(),
                "a folder that can be made",
                "--out with another path",
            )
        })?;
        let lock = RunLock::take(root).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => not_empty(root),
            _ => Error::file(root, "write into")(error),
        })?;
        let folder = Self { root: root.to_path_buf(), lock: Some(lock) };
        folder.write("config.yaml", &plan.text)?;
        folder.write_yaml(
            "run.yaml",
            &RunRecord {
                name: plan.name.clone(),
                command: std::env::args_os().map(|word| word.display().to_string()).collect(),
                set: plan.set.clone(),
                sparring: env!("CARGO_PKG_VERSION").to_owned(),
                commit: option_env!("SPARRING_COMMIT").map(str::to_owned),
                rustc: env!("SPARRING_RUSTC").to_owned(),
                machine: Machine::this(),
                jobs_at_once,
                started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
                seeds: plan.seeds.clone(),
                variants: plan.variants.iter().map(|variant| variant.at.clone()).collect(),
            },
        )?;
        Ok(folder)
    }

    /// Opens the folder of an earlier run.
    pub fn open(root: &Path) -> Result<(Self, RunRecord), Error> {
        let folder = Self { root: root.to_path_buf(), lock: None };
        if !root.join("run.yaml").is_file() {
            let found = if root.is_dir() { "a folder without run.yaml" } else { "no folder" };
            return Err(Refusal::argument(
                root.display().to_string(),
                found,
                "the folder of a run, as sparring run prints it",
                "sparring report out/<name>",
            ));
        }
        let record = read_yaml(&root.join("run.yaml"))?;
        Ok((folder, record))
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Lets go of it: no job runs any more.
    pub fn release(&mut self) {
        self.lock = None;
    }

    /// Whether a process runs its jobs; none where that cannot be told.
    pub fn is_running(&self) -> Option<bool> {
        RunLock::is_held(&self.root)
    }

    /// Writes `status.yaml`.
    pub fn write_status(&self, status: &RunStatus) -> Result<(), Error> {
        self.write_yaml("status.yaml", status)
    }

    /// Writes `report.txt`.
    pub fn write_report(&self, text: &str) -> Result<(), Error> {
        self.write("report.txt", text)
    }

    /// The folder of one job.
    pub fn job(&self, variant: &str, seed: u64) -> JobFolder {
        JobFolder { root: self.root.join(variant).join(format!("seed-{seed}")) }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        write_whole(&self.root.join(name), text)
    }

    fn write_yaml<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Error> {
        write_yaml(&self.root.join(name), value)
    }
}

fn not_empty(root: &Path) -> Error {
    Refusal::argument(
        format!("--out {}", root.display()),
        "a folder that is not empty",
        "a folder that is new or empty; results are never overwritten",
        format!("--out {}-2, or move the old folder away", root.display()),
    )
}

/// The folder of a job.
#[derive(Clone, Debug)]
pub struct JobFolder {
    root: PathBuf,
}

impl JobFolder {
    /// Makes it and writes `resolved.yaml`, whose text is given back for the logs.
    pub fn create(&self, plan: &Plan, job: Job<'_>) -> Result<String, Error> {
        fs::create_dir_all(&self.root).map_err(Error::file(&self.root, "make"))?;
        let path = self.path(RESOLVED);
        let text = resolved(plan, job)
            .map_err(|message| Error::Content { path: path.clone(), message })?;
        write_whole(&path, &text)?;
        Ok(text)
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes `status.yaml`.
    pub fn write_status(&self, status: &JobStatus) -> Result<(), Error> {
        write_yaml(&self.path("status.yaml"), status)
    }

    /// Writes the networks of the job.
    pub fn write_policy(&self, policy: &Saved) -> Result<(), Error> {
        write_whole_by(&self.path(POLICY), |path| {
            saved::write(policy, path).map_err(io::Error::other)
        })
    }

    /// Reads `status.yaml`; none where the job has not begun.
    pub fn read_status(&self) -> Result<Option<JobStatus>, Error> {
        let path = self.path("status.yaml");
        if path.is_file() { read_yaml(&path).map(Some) } else { Ok(None) }
    }
}
