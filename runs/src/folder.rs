//! The run folder: what is written where, and how it is read back.
//!
//! ```text
//! config.yaml                as typed
//! run.yaml                   command, versions, machine, jobs
//! status.yaml                running | finished | failed | interrupted, with counts
//! report.txt                 the table at the end
//! report/                    the page, index.html, and its figures
//! run.lock, prepare.lock     held by the processes that run, and by one that begins
//! slurm/<n>/                 what was submitted to a cluster, and the logs of its tasks
//! earlier/<n>/               what an edited config has put aside
//! <variant>/seed-<n>/        one job: resolved.yaml, status.yaml, metrics.csv, evals.csv,
//!                            policy.safetensors, robustness.csv, events.out.tfevents.*, lives/, checkpoints/, post-mortem/
//! <variant>/, and here       events.out.tfevents.*: what TensorBoard shows of a variant, and of the run
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::claim::Claim;
use crate::error::{Error, Refusal};
use crate::files::{read_yaml, write_whole, write_yaml};
use crate::found::Found;
use crate::job_folder::JobFolder;
use crate::life::Life;
use crate::lock::{LOCK, PREPARE, Preparing, Present};
use crate::log::hide;
use crate::machine::Machine;
use crate::normalise::Normalise;
use crate::plan::{Job, Plan};
use crate::published::Published;
use crate::status::RunStatus;
use crate::variant::Coordinates;

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
    /// What others are compared with, where the config says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// How returns are normalised, where the config says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalise: Option<Normalise>,
    /// What others published of it, where the config says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// What the run is to show, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, Claim>,
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
            machine: Machine::with(plan.devices()),
            jobs_at_once,
            started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            seeds: plan.seeds.clone(),
            variants: plan.variants.iter().map(|variant| variant.at.clone()).collect(),
            baseline: plan.baseline.clone(),
            normalise: plan.normalise.clone(),
            published: plan.published.clone(),
            claims: plan.claims.clone(),
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
        // In this order: another process may begin in between, and its record is the first file of all.
        if is_other() && !root.join(RECORD).is_file() {
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
        let now = RunRecord::of(plan, jobs_at_once);
        let earlier = match root.join(RECORD).is_file() {
            true => Some(read_record(root)?),
            false if is_other() => return Err(not_empty(root)),
            // The first file of all, so that who comes now knows the folder.
            false => {
                folder.write_yaml(RECORD, &now)?;
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
        let same = |earlier: &RunRecord| {
            (&earlier.variants, &earlier.seeds) == (&now.variants, &now.seeds)
        };
        let others = earlier.as_ref().is_some_and(|earlier| !same(earlier));
        if others && folder.is_running() == Some(true) {
            return Err(Refusal::argument(
                format!("--out {}", root.display()),
                "a folder in which another process works at other jobs",
                "a folder that is new or empty, or the same variants and seeds, to share the work",
                format!("wait for it, or --out {}-2", root.display()),
            ));
        }
        let now_there: BTreeSet<String> = plan.jobs().iter().map(Job::path).collect();
        let of_earlier = earlier.iter().flat_map(|earlier| folder.jobs(earlier));
        let left = of_earlier.filter(|job| job.root().is_dir()).map(|job| folder.name(&job));
        found.left_out = left.filter(|name| !now_there.contains(name)).collect();
        for job in plan.jobs() {
            let of_job = folder.job(&job.variant.at.name, job.seed);
            match of_job.is_of(job) {
                Some(true) => found.known += 1,
                Some(false) => {
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
                "out/<name>, where sparring run writes without --out",
            ));
        }
        Ok((folder, read_record(root)?))
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

    /// The run that the job in `root` is one of; none where it stands alone.
    pub fn of_job(root: &Path) -> Option<Self> {
        let root = root.canonicalize().ok()?;
        let (folder, record) = Self::open(root.ancestors().nth(2)?).ok()?;
        folder.jobs(&record).iter().any(|job| job.root() == root).then_some(folder)
    }

    /// Writes `status.yaml`: what all jobs of the run have come to, whoever worked at them. It runs for as long as this
    /// process is at work, or another.
    pub fn write_status(&self, is_at_work: bool) -> Result<RunStatus, Error> {
        let (_, record) = Self::open(&self.root)?;
        let jobs = self.jobs(&record);
        let mut status = JobFolder::reached(&jobs);
        let has_owner = |job: &JobFolder| matches!(Life::of(job.root()), Ok(Some(_)));
        if !is_at_work && !jobs.iter().any(has_owner) {
            status.close();
        }
        self.write_yaml("status.yaml", &status)?;
        Ok(status)
    }

    /// Writes `report.txt`.
    pub fn write_report(&self, text: &str) -> Result<(), Error> {
        self.write("report.txt", text)
    }

    /// The folder of one job.
    pub fn job(&self, variant: &str, seed: u64) -> JobFolder {
        JobFolder::at(&self.root.join(variant).join(format!("seed-{seed}")))
    }

    /// A job's folder below the run's, with forward slashes, as [`Job::path`] has it.
    fn name(&self, job: &JobFolder) -> String {
        let below = job.root().strip_prefix(&self.root).unwrap_or(job.root());
        below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
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
        if let Ok(Some(owner)) = Life::of(folder.root()) {
            return Err(Refusal::argument(
                folder.root().display().to_string(),
                format!("another config, at which process {} on {} works", owner.pid, owner.host),
                "a job that nobody works at, or the config that it has",
                "wait for it, or --out with another path",
            ));
        }
        let place = self.aside(found)?.join(&job.variant.at.name);
        fs::create_dir_all(&place).map_err(Error::file(&place, "make"))?;
        let to = place.join(format!("seed-{}", job.seed));
        fs::rename(folder.root(), &to).map_err(Error::file(folder.root(), "move"))?;
        hide(&to);
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

/// `run.yaml` of the folder `root`.
fn read_record(root: &Path) -> Result<RunRecord, Error> {
    read_yaml(&root.join(RECORD)).map_err(|error| match error {
        Error::Content { path, message } => Error::Content {
            path,
            message: format!(
                "damaged, or not what sparring run wrote: {message}; the config is beside it, to be run with another --out"
            ),
        },
        other => other,
    })
}

fn not_empty(root: &Path) -> Error {
    Refusal::argument(
        format!("--out {}", root.display()),
        "a folder that is not empty",
        "a folder that is new or empty, or that of the same run, which goes on; results are never overwritten",
        format!("--out {}-2, or move the old folder away", root.display()),
    )
}
