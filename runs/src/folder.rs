//! The run folder: what is written where, and how it is read back.
//!
//! ```text
//! config.yaml                as typed
//! run.yaml                   command, versions, machine, jobs
//! status.yaml                running | finished | failed | interrupted, with counts
//! report.txt                 the table at the end
//! <variant>/seed-<n>/        one job: resolved.yaml, status.yaml, metrics.csv, evals.csv,
//!                            policy.safetensors, tb-1/
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sparring_agents::{NetworkSummary, TrainingFlops};
use sparring_sparse::Executed;

use crate::config::settings::Settings;
use crate::config::{Job, Plan};
use crate::error::{Error, Refusal};
use crate::machine::Machine;
use crate::yaml;

/// The files of a run beside the folders of its variants, whose names are taken.
pub const FILES: [&str; 4] = ["config.yaml", "run.yaml", "status.yaml", "report.txt"];

/// The networks of a job as its last evaluation played them, and PPO's scales.
pub const POLICY: &str = "policy.safetensors";

/// How far a run or a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Begun, and not ended in order.
    Running,
    /// At its end.
    Finished,
    /// Ended by an error.
    Failed,
    /// Ended by Ctrl-C.
    Interrupted,
}

/// `status.yaml` of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobStatus {
    /// How far it is.
    pub state: State,
    /// What ended it.
    pub error: Option<String>,
    /// What went wrong without ending it.
    pub warnings: Vec<String>,
    /// Environment steps so far.
    pub env_steps: u64,
    /// Gradient steps so far.
    pub gradient_steps: u64,
    /// Evaluations so far.
    pub evaluations: u64,
    /// Seconds so far.
    pub wall_s: f64,
    /// Mean return of the last tenth of the evaluations so far.
    pub score: Option<f64>,
    /// The networks as they are now, from the first evaluation on.
    pub networks: Vec<NetworkSummary>,
    /// Operations of the whole training, by the model.
    pub training: TrainingFlops,
    /// Operations that all networks have executed so far: acting, evaluating and training.
    pub executed: Executed,
    /// Seconds that each diagnostic has taken so far.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub diagnostics_s: BTreeMap<String, f64>,
}

/// `status.yaml` of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// How far it is.
    pub state: State,
    /// Jobs that it has.
    pub jobs: usize,
    /// Jobs at their end.
    pub finished: usize,
    /// Jobs that failed.
    pub failed: usize,
}

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
    pub variants: Vec<String>,
}

/// `resolved.yaml` of a job: every value, defaults filled in.
#[derive(Serialize)]
struct Resolved<'a> {
    run: &'a str,
    variant: &'a str,
    seed: u64,
    gradient_steps: u64,
    #[serde(flatten)]
    settings: &'a Settings,
}

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    root: PathBuf,
}

impl RunFolder {
    /// Makes the folder; one that holds anything is refused.
    pub fn create(root: &Path, plan: &Plan, jobs_at_once: usize) -> Result<Self, Error> {
        if fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Refusal::argument(
                format!("--out {}", root.display()),
                "a folder that is not empty",
                "a folder that is new or empty; results are never overwritten",
                format!("--out {}-2, or move the old folder away", root.display()),
            ));
        }
        fs::create_dir_all(root).map_err(|error| {
            Refusal::argument(
                format!("--out {}", root.display()),
                error.to_string(),
                "a folder that can be made",
                "--out with another path",
            )
        })?;
        let folder = Self { root: root.to_path_buf() };
        folder.write("config.yaml", &plan.text)?;
        folder.write_yaml(
            "run.yaml",
            &RunRecord {
                name: plan.name.clone(),
                command: std::env::args().collect(),
                set: plan.set.clone(),
                sparring: env!("CARGO_PKG_VERSION").to_owned(),
                commit: option_env!("SPARRING_COMMIT").map(str::to_owned),
                rustc: env!("SPARRING_RUSTC").to_owned(),
                machine: Machine::this(),
                jobs_at_once,
                started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
                seeds: plan.seeds.clone(),
                variants: plan.variants.iter().map(|variant| variant.name.clone()).collect(),
            },
        )?;
        Ok(folder)
    }

    /// Opens the folder of an earlier run.
    pub fn open(root: &Path) -> Result<(Self, RunRecord), Error> {
        let folder = Self { root: root.to_path_buf() };
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

/// The folder of a job.
#[derive(Clone, Debug)]
pub struct JobFolder {
    root: PathBuf,
}

impl JobFolder {
    /// Makes it and writes `resolved.yaml`, whose text is given back for the logs.
    pub fn create(&self, run: &str, job: Job<'_>) -> Result<String, Error> {
        fs::create_dir_all(&self.root).map_err(Error::file(&self.root, "make"))?;
        let path = self.path("resolved.yaml");
        let resolved = Resolved {
            run,
            variant: &job.variant.name,
            seed: job.seed,
            gradient_steps: job.variant.estimate.gradient_steps,
            settings: &job.variant.settings,
        };
        let text = yaml::to_text(&resolved)
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

    /// Reads `status.yaml`; none where the job has not begun.
    pub fn read_status(&self) -> Result<Option<JobStatus>, Error> {
        let path = self.path("status.yaml");
        if path.is_file() { read_yaml(&path).map(Some) } else { Ok(None) }
    }
}

/// Writes `value` as YAML, whole or not at all.
pub fn write_yaml<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let text = yaml::to_text(value)
        .map_err(|message| Error::Content { path: path.to_path_buf(), message })?;
    write_whole(path, &text)
}

/// Reads a value back.
pub fn read_yaml<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(Error::file(path, "read"))?;
    yaml::from_text(&text).map_err(|message| Error::Content { path: path.to_path_buf(), message })
}

/// Written beside and renamed, so that a reader never meets half a file, nor two writers each other's.
pub fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let count = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_extension(format!("{}-{count}.tmp", process::id()));
    fs::write(&beside, content).map_err(Error::file(&beside, "write"))?;
    fs::rename(&beside, path).map_err(Error::file(path, "rename to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_may_write_the_same_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("break-even.yaml");
        std::thread::scope(|scope| {
            for writer in 0..8u64 {
                let path = &path;
                scope.spawn(move || (0..50).for_each(|_| write_yaml(path, &writer).unwrap()));
            }
        });
        assert!(read_yaml::<u64>(&path).unwrap() < 8);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
