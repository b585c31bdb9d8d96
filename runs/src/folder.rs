//! The run folder: what is written where, and how it is read back.
//!
//! ```text
//! config.yaml                as typed
//! run.yaml                   command, versions, machine, jobs
//! status.yaml                running | finished | failed | interrupted, with counts
//! report.txt                 the table at the end
//! run.lock, prepare.lock     held by the processes that run, and by one that begins
//! slurm/<n>/                 what was submitted to a cluster, and the logs of its tasks
//! earlier/<n>/               what an edited config has put aside
//! <variant>/seed-<n>/        one job: resolved.yaml, status.yaml, metrics.csv, evals.csv,
//!                            policy.safetensors, tb-1/, lives/, checkpoints/
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sparring_sparse::{Saved, saved};

use crate::error::{Error, Refusal};
use crate::files::{read_yaml, write_whole, write_whole_by, write_yaml};
use crate::life::Life;
use crate::lock::{LOCK, PREPARE, Preparing, Present};
use crate::machine::Machine;
use crate::plan::{Job, Plan};
use crate::resolved::{identity_of, resolved};
use crate::status::{JobStatus, RunStatus};
use crate::variant::Coordinates;

/// A job as a config.
pub const RESOLVED: &str = "resolved.yaml";

/// The networks of a job as its last evaluation played them, and PPO's scales.
pub const POLICY: &str = "policy.safetensors";

/// What was typed, and what was made of it.
const CONFIG: &str = "config.yaml";
const RECORD: &str = "run.yaml";

/// Where an edited config puts aside what it changes.
const EARLIER: &str = "earlier";

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

impl RunRecord {
    fn of(plan: &Plan, jobs_at_once: usize) -> Self {
        Self {
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
        }
    }
}

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder {
    root: PathBuf,
    /// Held by who runs, not by who reads.
    present: Option<Present>,
}

/// What a plan found in a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Jobs that were there already, under the same config.
    pub known: usize,
    /// Jobs whose config has changed since; what they had is put aside.
    pub changed: Vec<String>,
    /// Where that is.
    pub put_aside: Option<PathBuf>,
}

impl RunFolder {
    /// Makes the folder, or takes the one in which `plan` was run before, and writes `resolved.yaml` of every job.
    /// Processes that begin at the same time share it.
    ///
    /// # Errors
    /// A folder that holds anything else, or another run.
    pub fn begin(root: &Path, plan: &Plan, jobs_at_once: usize) -> Result<(Self, Found), Error> {
        let ours = |name: &str| [LOCK, PREPARE].contains(&name) || name.starts_with('.');
        let entries = || fs::read_dir(root).into_iter().flatten().filter_map(Result::ok);
        let is_other = || entries().any(|entry| !ours(&entry.file_name().to_string_lossy()));
        if !root.join(RECORD).is_file() && is_other() {
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
        let lock = |error| Error::file(root, "write into")(error);
        let preparing = Preparing::wait(root).map_err(lock)?;
        let mut folder = Self { root: root.to_path_buf(), present: None };
        let mut found = Found::default();
        let earlier = match root.join(RECORD).is_file() {
            true => Some(read_yaml::<RunRecord>(&root.join(RECORD))?),
            false if is_other() => return Err(not_empty(root)),
            // The first file of all, so that who comes now knows the folder.
            false => {
                folder.write_yaml(RECORD, &RunRecord::of(plan, jobs_at_once))?;
                None
            }
        };
        if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.name != plan.name) {
            return Err(Refusal::argument(
                format!("--out {}", root.display()),
                format!("the folder of the run {}", earlier.name),
                format!("a folder that is new or empty, or that of the run {}", plan.name),
                format!("--out {}-2", root.display()),
            ));
        }
        let now = RunRecord::of(plan, jobs_at_once);
        let same = |earlier: &RunRecord| {
            (&earlier.variants, &earlier.seeds) == (&now.variants, &now.seeds)
        };
        let others = earlier.is_some_and(|earlier| !same(&earlier));
        if others && folder.is_running() == Some(true) {
            return Err(Refusal::argument(
                format!("--out {}", root.display()),
                "a folder in which another process works at other jobs",
                "a folder that is new or empty, or the same variants and seeds, to share the work",
                format!("wait for it, or --out {}-2", root.display()),
            ));
        }
        for job in plan.jobs() {
            let of_job = folder.job(&job.variant.at.name, job.seed);
            match of_job.identity() {
                Some(known) if known == job.identity() => found.known += 1,
                Some(_) => {
                    folder.put_aside(&mut found, &of_job, &job)?;
                    of_job.prepare(plan, job)?;
                }
                None => of_job.prepare(plan, job)?,
            }
        }
        if let Some(aside) = &found.put_aside
            && root.join(CONFIG).is_file()
        {
            let path = root.join(CONFIG);
            fs::rename(&path, aside.join(CONFIG)).map_err(Error::file(&path, "move"))?;
        }
        folder.write(CONFIG, &plan.text)?;
        folder.write_yaml(RECORD, &now)?;
        folder.present = Some(Present::begin(root).map_err(lock)?);
        drop(preparing);
        Ok((folder, found))
    }

    /// Opens the folder of an earlier run.
    pub fn open(root: &Path) -> Result<(Self, RunRecord), Error> {
        let folder = Self { root: root.to_path_buf(), present: None };
        if !root.join(RECORD).is_file() {
            let found = if root.is_dir() { "a folder without run.yaml" } else { "no folder" };
            return Err(Refusal::argument(
                root.display().to_string(),
                found,
                "the folder of a run, as sparring run prints it",
                "sparring report out/<name>",
            ));
        }
        let record = read_yaml(&root.join(RECORD))?;
        Ok((folder, record))
    }

    /// Is at work in it from now on.
    pub fn join(&mut self) -> Result<(), Error> {
        let present = Present::begin(&self.root).map_err(Error::file(&self.root, "write into"))?;
        self.present = Some(present);
        Ok(())
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Lets go of it: this process runs no job any more.
    pub fn release(&mut self) {
        self.present = None;
    }

    /// Whether a process is at work in it; none where that cannot be told.
    pub fn is_running(&self) -> Option<bool> {
        Present::any(&self.root)
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

    /// The folders of all jobs, variant by variant.
    pub fn jobs(&self, record: &RunRecord) -> Vec<JobFolder> {
        let of_variant = |variant: &Coordinates| {
            record.seeds.iter().map(|seed| self.job(&variant.name, *seed)).collect::<Vec<_>>()
        };
        record.variants.iter().flat_map(of_variant).collect()
    }

    /// Puts the folder of a job aside, whose config has changed.
    fn put_aside(&self, found: &mut Found, folder: &JobFolder, job: &Job<'_>) -> Result<(), Error> {
        if let Ok(Some(owner)) = Life::of(&folder.root) {
            return Err(Refusal::argument(
                folder.root.display().to_string(),
                format!("another config, at which process {} on {} works", owner.pid, owner.host),
                "a job that nobody works at, or the config that it has",
                "wait for it, or --out with another path",
            ));
        }
        let place = self.aside(found)?.join(&job.variant.at.name);
        fs::create_dir_all(&place).map_err(Error::file(&place, "make"))?;
        let to = place.join(format!("seed-{}", job.seed));
        fs::rename(&folder.root, &to).map_err(Error::file(&folder.root, "move"))?;
        found.changed.push(job.path());
        Ok(())
    }

    /// The folder for what is put aside now.
    fn aside(&self, found: &mut Found) -> Result<PathBuf, Error> {
        if let Some(place) = &found.put_aside {
            return Ok(place.clone());
        }
        let of = |n: u32| self.root.join(EARLIER).join(n.to_string());
        let place = (1..).map(of).find(|place| !place.exists()).unwrap_or_else(|| of(0));
        fs::create_dir_all(&place).map_err(Error::file(&place, "make"))?;
        found.put_aside = Some(place.clone());
        Ok(place)
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
        "a folder that is new or empty, or that of the same run, which goes on; results are never overwritten",
        format!("--out {}-2, or move the old folder away", root.display()),
    )
}

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
    fn prepare(&self, plan: &Plan, job: Job<'_>) -> Result<(), Error> {
        fs::create_dir_all(&self.root).map_err(Error::file(&self.root, "make"))?;
        let path = self.path(RESOLVED);
        let text = resolved(plan, job)
            .map_err(|message| Error::Content { path: path.clone(), message })?;
        write_whole(&path, &text)
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
