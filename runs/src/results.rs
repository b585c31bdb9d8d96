//! What a run's folder says, as values: the one reader of results, of which tables, statistics and
//! assertions are views.
//!
//! Each job stands for itself. A job that has not begun, was killed in its first evaluation or whose files
//! cannot be read is a result with a note, and hides no other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use sparring_agents::{Clock, NetworkSummary, TrainingFlops};
use sparring_sparse::Executed;

use crate::error::Error;
use crate::folder::{RunFolder, RunRecord};
use crate::job_folder::{JobFolder, RESOLVED, ROBUSTNESS};
use crate::life::Life;
use crate::phases::Phases;
use crate::robustness::{Held, read_csv};
use crate::score::score;
use crate::status::State;
use crate::variant::Coordinates;
use crate::yaml::{self, Origin};

/// The results of a run, finished or not.
#[derive(Clone, Debug)]
pub struct RunResults {
    /// The run's folder.
    pub root: PathBuf,
    /// What it says of itself: name, command, versions, machine, and what is compared.
    pub record: RunRecord,
    /// Whether a process is at work on it; none where that cannot be told.
    pub running: Option<bool>,
    /// Variant by variant, seed by seed.
    pub jobs: Vec<JobResult>,
}

/// How far a job came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has not begun.
    Waiting,
    /// A process is at work on it.
    Running,
    /// At its end.
    Finished,
    /// Ended by an error.
    Failed,
    /// Ended by Ctrl-C.
    Interrupted,
    /// Its process ended without a word.
    Killed,
    /// Its `status.yaml` cannot be read.
    Unreadable,
}

/// One evaluation of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Steps of the run's own clock before it.
    pub step: u64,
    /// The mean return of its episodes.
    pub mean_return: f64,
    /// Seconds before it.
    pub wall_s: f64,
}

/// What the steps of a run of these `settings` are, in words.
pub fn clock_of(settings: &Json) -> &'static str {
    match settings["data"] {
        Json::Null => "environment steps",
        _ => "gradient steps",
    }
}

/// What a job took so far.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    /// Its networks as they are now; none before the first evaluation.
    pub networks: Vec<NetworkSummary>,
    /// Operations of the whole training, by the model.
    pub training: TrainingFlops,
    /// Operations that were executed.
    pub executed: Executed,
    /// Environment steps.
    pub env_steps: u64,
    /// Gradient steps.
    pub gradient_steps: u64,
    /// Seconds.
    pub wall_s: f64,
    /// Seconds of each diagnostic.
    pub diagnostics_s: BTreeMap<String, f64>,
    /// Seconds of each phase of the training.
    pub phases: Phases,
}

/// The result of one job.
#[derive(Clone, Debug)]
pub struct JobResult {
    /// Its folder.
    pub folder: PathBuf,
    /// Its variant.
    pub variant: String,
    /// Its run seed.
    pub seed: u64,
    /// Its config, as `resolved.yaml` has it; null where that cannot be read.
    pub settings: Json,
    /// How far it came.
    pub progress: Progress,
    /// What ended it, if it failed.
    pub error: Option<String>,
    /// Its evaluations.
    pub curve: Vec<Evaluation>,
    /// How its last policy did under other options of its env.
    pub robustness: Vec<Held>,
    /// What it took.
    pub costs: Costs,
    /// What its plan has to say: what never happens in it, and what its score means.
    pub of_plan: Vec<String>,
    /// What a reader should know of it beside.
    pub notes: Vec<String>,
}

impl Costs {
    /// How far it came.
    pub fn clock(&self) -> Clock {
        Clock { env_steps: self.env_steps, gradient_steps: self.gradient_steps }
    }
}

impl JobResult {
    /// `rigl,sparsity=0.9/seed-1`.
    pub fn name(&self) -> String {
        format!("{}/seed-{}", self.variant, self.seed)
    }

    /// The mean return of each evaluation.
    pub fn returns(&self) -> Vec<f64> {
        self.curve.iter().map(|evaluation| evaluation.mean_return).collect()
    }

    /// Its score, as far as it came.
    pub fn score(&self) -> Option<f64> {
        score(&self.returns())
    }
}

impl RunResults {
    /// Reads the folder of a run.
    ///
    /// # Errors
    /// A folder that is none of a run, or whose `run.yaml` cannot be read. What is wrong with a job is a note.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let (folder, record) = RunFolder::open(root)?;
        let running = folder.is_running();
        let of = |variant: &'_ Coordinates| -> Vec<(String, u64)> {
            record.seeds.iter().map(|seed| (variant.name.clone(), *seed)).collect()
        };
        let all: Vec<(String, u64)> = record.variants.iter().flat_map(of).collect();
        let read = |(variant, seed): (String, u64)| {
            let of_job = folder.job(&variant, seed);
            // Of a job nobody knows anything worse than that nobody is at it.
            let alive = matches!(Life::of(of_job.root()), Ok(Some(_)));
            JobResult::read(&of_job, &variant, seed, alive)
        };
        let jobs = all.into_par_iter().map(read).collect();
        Ok(Self { root: root.to_path_buf(), record, running, jobs })
    }

    /// The jobs of `variant`, in the order of their seeds.
    pub fn of<'a>(&'a self, variant: &'a str) -> impl Iterator<Item = &'a JobResult> {
        self.jobs.iter().filter(move |job| job.variant == variant)
    }
}

impl JobResult {
    /// What tells its training from every other, its seed aside: a hash of its settings.
    pub fn config(&self) -> String {
        let mut settings = self.settings.clone();
        if let Some(keys) = settings.as_object_mut() {
            // What names it, how often it is kept and what TensorBoard shows is none of that.
            let others = ["name", "variant", "seeds", "checkpoint", "tensorboard"];
            keys.retain(|key, _| !others.contains(&key.as_str()));
        }
        let hash = Sha256::digest(settings.to_string().as_bytes());
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn read(folder: &JobFolder, variant: &str, seed: u64, running: bool) -> Self {
        let (status, curve) = (folder.read_status(), read_curve(folder));
        let robustness = read_robustness(folder);
        let settings = match folder.path(RESOLVED).is_file() {
            true => read_settings(folder),
            false => Ok(Json::Null),
        };
        let errors = [
            status.as_ref().err(),
            curve.as_ref().err(),
            settings.as_ref().err(),
            robustness.as_ref().err(),
        ];
        let mut result = Self {
            folder: folder.root().to_path_buf(),
            variant: variant.to_owned(),
            seed,
            notes: errors.into_iter().flatten().map(Error::to_string).collect(),
            settings: settings.unwrap_or_default(),
            progress: match &status {
                Err(_) => Progress::Unreadable,
                Ok(Some(status)) => Progress::of(status.state, running),
                Ok(None) if running => Progress::Running,
                Ok(None) if Life::count(folder.root()) == 0 => Progress::Waiting,
                Ok(None) => Progress::Killed,
            },
            error: None,
            curve: curve.unwrap_or_default(),
            robustness: robustness.unwrap_or_default(),
            costs: Costs::default(),
            of_plan: Vec::new(),
        };
        if let Ok(Some(status)) = status {
            let (read, written) = (result.curve.len() as u64, status.evaluations);
            if read < written {
                result.notes.push(match read {
                    0 => format!(
                        "evals.csv has none of {written} evaluations, so that it has no score"
                    ),
                    _ => format!(
                        "evals.csv has {read} of {written} evaluations; its score is of these alone"
                    ),
                });
            }
            let score = result.score();
            if let (Progress::Finished, Some(here), Some(there)) =
                (result.progress, score, status.score)
                && read >= written
                && (here - there).abs() > 1e-9 * there.abs().max(1.0)
            {
                result.notes.push(format!(
                    "evals.csv makes a score of {here}, and status.yaml says {there}: one of them was changed since; the \
                     first counts"
                ));
            }
            if (&status.job.name, status.seed) != (&result.variant, seed) {
                result.notes.push(format!(
                    "status.yaml is that of {}/seed-{}: was its folder copied?",
                    status.job.name, status.seed
                ));
            }
            result.error = status.error;
            result.of_plan = status.notes;
            result.notes.extend(status.warnings);
            result.costs = Costs {
                networks: status.networks,
                training: status.training,
                executed: status.executed,
                env_steps: status.env_steps,
                gradient_steps: status.gradient_steps,
                wall_s: status.wall_s,
                diagnostics_s: status.diagnostics_s,
                phases: status.phases,
            };
        }
        result
    }
}

impl Progress {
    /// Of a job that says that it is in this state, at which somebody is at work or not.
    fn of(state: State, running: bool) -> Self {
        match state {
            State::Finished => Self::Finished,
            State::Failed => Self::Failed,
            State::Interrupted => Self::Interrupted,
            State::Running if running => Self::Running,
            State::Running => Self::Killed,
        }
    }
}

/// The keys and values of `resolved.yaml`.
fn read_settings(job: &JobFolder) -> Result<Json, Error> {
    let path = job.path(RESOLVED);
    let read = yaml::parse(&job.resolved()?, &|_| Origin::Absent);
    read.map(|node| node.to_json()).map_err(|error| Error::Content { path, message: error.message })
}

/// The evaluations in `evals.csv`, in their order; none where there is no such file yet.
fn read_curve(job: &JobFolder) -> Result<Vec<Evaluation>, Error> {
    let path = job.path("evals.csv");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let bytes = fs::read(&path).map_err(Error::file(&path, "read"))?;
    curve(&bytes).map_err(|message| Error::Content { path, message })
}

/// What `robustness.csv` holds; nothing where there is no such file.
fn read_robustness(job: &JobFolder) -> Result<Vec<Held>, Error> {
    let path = job.path(ROBUSTNESS);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let bytes = fs::read(&path).map_err(Error::file(&path, "read"))?;
    read_csv(&bytes).map_err(|message| Error::Content { path, message })
}

/// The evaluations in the bytes of `evals.csv`, in their order; none where there is nothing in it. A process that
/// was killed may have left half a row at the end, which is no row.
pub fn curve(bytes: &[u8]) -> Result<Vec<Evaluation>, String> {
    let whole = &bytes[..bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)];
    if whole.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = csv::Reader::from_reader(whole);
    let headers = reader.headers().map_err(|error| error.to_string())?;
    let column = |name: &str| headers.iter().position(|header| header == name);
    let columns = ["env_step", "gradient_step", "return", "wall_s"].map(column);
    let [Some(env_step), Some(gradient_step), Some(ret), Some(wall)] = columns else {
        let what = "has no columns env_step, gradient_step, return and wall_s";
        return Err(what.to_owned());
    };
    let mut evaluations: Vec<(Evaluation, f64)> = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let wrong = |what| format!("line {line} has no {what}");
        let field = |at| row.get(at).unwrap_or_default();
        let value: f64 = field(ret).parse().map_err(|_| wrong("return"))?;
        let steps = |at, name| field(at).parse::<u64>().map_err(|_| wrong(name));
        let env_steps = steps(env_step, "env_step")?;
        let gradient_steps = steps(gradient_step, "gradient_step")?;
        let step = Clock { env_steps, gradient_steps }.own();
        let wall_s: f64 = field(wall).parse().map_err(|_| wrong("wall_s"))?;
        match evaluations.last_mut().filter(|(last, _)| last.step == step) {
            Some((sum, n)) => (sum.mean_return, *n) = (sum.mean_return + value, *n + 1.0),
            None => evaluations.push((Evaluation { step, mean_return: value, wall_s }, 1.0)),
        }
    }
    let mean = |(sum, n): (Evaluation, f64)| Evaluation { mean_return: sum.mean_return / n, ..sum };
    Ok(evaluations.into_iter().map(mean).collect())
}
