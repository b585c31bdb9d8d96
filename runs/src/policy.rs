//! A policy that was kept, from the folder of its job or of one of its checkpoints alone.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sparring_agents::{Agent, AgentConfig, AgentError};
use sparring_sparse::{Saved, Seed, saved};

use crate::checkpoint::{MANIFEST, Manifest, Store};
use crate::config::load as load_plan;
use crate::console::note;
use crate::data;
use crate::error::{Error, Refusal};
use crate::job_folder::{JobFolder, POLICY, RESOLVED};
use crate::table::thousands;
use crate::variant::Variant;

/// An agent that acts, and what it was trained on.
pub struct Policy {
    /// The variant of its job.
    pub variant: Variant,
    /// Who acts.
    pub agent: Box<dyn Agent>,
}

/// A policy that was kept.
pub struct KeptPolicy {
    /// The variant of its job, its config changed by what was set.
    pub variant: Variant,
    /// Where it was read from.
    pub origin: Origin,
    /// What it acts by.
    pub saved: Saved,
    /// The folder of its job.
    pub job: PathBuf,
    /// As it was asked for.
    place: PathBuf,
}

/// Where a policy was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The folder of a checkpoint, or the file of a policy.
    pub path: PathBuf,
    /// How long it was trained, where that is written down beside it.
    pub env_steps: Option<u64>,
}

/// The policy of `dir`, see [`KeptPolicy::find`], ready to act. What it draws when it acts comes from `seed`.
pub fn load(dir: &Path, set: &[String], seed: u64) -> Result<Policy, Error> {
    let kept = KeptPolicy::find(dir, set)?;
    note(format!("policy: {}", kept.origin));
    let agent = kept.agent(&kept.variant.settings.agent.acting(), seed)?;
    Ok(Policy { variant: kept.variant, agent })
}

impl KeptPolicy {
    /// The policy of the checkpoint in `dir`. In the folder of a job it is that of the newest checkpoint that is
    /// whole or, where there is none, as of a job at its end, that of the last evaluation. The config is changed
    /// by `set`.
    pub fn find(dir: &Path, set: &[String]) -> Result<Self, Error> {
        if !dir.is_dir() {
            return Err(refused(dir, "no folder".to_owned(), PLACES));
        }
        let is_checkpoint = dir.join(MANIFEST).is_file();
        let job = match is_checkpoint {
            true => job_of(dir)?,
            false => dir.to_path_buf(),
        };
        if !job.join(RESOLVED).is_file() {
            let found = match is_checkpoint {
                true => format!("a checkpoint without its job's {RESOLVED}, two folders above it"),
                false => format!("a folder without {RESOLVED} or {MANIFEST}"),
            };
            return Err(refused(dir, found, PLACES));
        }
        let variant = variant_of(&job, set)?;
        let trained = match set {
            [] => variant.clone(),
            _ => variant_of(&job, &[])?,
        };
        let identity = JobFolder::at(&job).identity().unwrap_or_default();
        let (saved, origin) = match is_checkpoint {
            true => of_checkpoint(dir, &identity, &trained).map_err(|what| {
                refused(dir, format!("a checkpoint that cannot be read: {what}"), WHOLE)
            })?,
            false => of_job(&job, &identity, &trained)?,
        };
        Ok(Self { variant, origin, saved, job, place: dir.to_path_buf() })
    }

    /// The agent `config` with this policy. What it draws when it acts comes from `seed`.
    pub fn agent(&self, config: &AgentConfig, seed: u64) -> Result<Box<dyn Agent>, Error> {
        let unfit = |error: AgentError| {
            let found = format!("a policy of another agent or env: {error}");
            let allowed = "a policy that the agent of resolved.yaml saved, under no other --set";
            refused(&self.place, found, allowed)
        };
        let mut agent = with_policy(config, &self.variant, &self.saved, seed).map_err(unfit)?;
        recall(&mut *agent, &self.variant)?;
        Ok(agent)
    }
}

impl Origin {
    /// The name of its folder or file.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match self.env_steps {
            Some(steps) => write!(f, ", after {} environment steps", thousands(steps)),
            None => write!(f, ", of the last evaluation"),
        }
    }
}

/// What has a policy.
const PLACES: &str =
    "the folder of a job, <run>/<variant>/seed-<n>, or below it checkpoints/<life>-<steps>";

/// What a checkpoint must be.
const WHOLE: &str = "a checkpoint that this version wrote, with every byte, below its job";

fn refused(dir: &Path, found: String, allowed: &str) -> Error {
    let hint = "a job's folder, such as out/NAME/VARIANT/seed-1";
    Refusal::argument(dir.display().to_string(), found, allowed, hint)
}

/// The folder of the job of the checkpoint in `dir`, however that is written.
fn job_of(dir: &Path) -> Result<PathBuf, Error> {
    let whole = dir.canonicalize().map_err(Error::file(dir, "find"))?;
    Ok(whole.ancestors().nth(2).unwrap_or(&whole).to_path_buf())
}

/// The variant of a job whose config is changed by `set`.
fn variant_of(job: &Path, set: &[String]) -> Result<Variant, Error> {
    let plan = load_plan(&job.join(RESOLVED), set, None)?;
    let count = plan.variants.len();
    <[Variant; 1]>::try_from(plan.variants)
        .map(|[variant]| variant)
        .map_err(|_| refused(job, format!("{RESOLVED} with {count} variants"), "that of one job"))
}

fn of_job(job: &Path, identity: &str, trained: &Variant) -> Result<(Saved, Origin), Error> {
    for folder in Store::of(job).folders() {
        match of_checkpoint(&folder, identity, trained) {
            Ok(found) => return Ok(found),
            Err(what) => note(format!("a checkpoint is not whole: {}: {what}", folder.display())),
        }
    }
    let path = job.join(POLICY);
    Ok((kept(job)?, Origin { path, env_steps: None }))
}

/// The policy that the folder of a `job` keeps, whatever it is of.
pub fn kept(job: &Path) -> Result<Saved, Error> {
    let path = job.join(POLICY);
    if !path.is_file() {
        let found = format!("a folder without {POLICY}, and without a checkpoint that is whole");
        let allowed = "the folder of a job that has been evaluated or has a checkpoint";
        return Err(refused(job, found, allowed));
    }
    saved::read(&path).map_err(|error| {
        let found = format!("{POLICY} that cannot be read: {error}");
        refused(job, found, "the file as the job wrote it")
    })
}

/// The policy of the checkpoint in `folder`: that of the whole agent, taken back as a resumed run does.
fn of_checkpoint(
    folder: &Path,
    identity: &str,
    trained: &Variant,
) -> Result<(Saved, Origin), String> {
    let manifest = Manifest::read(folder)?;
    let state = manifest.state_in(folder, identity)?;
    let settings = &trained.settings;
    let agent = settings.agent.build(&trained.spec, settings.env.num_envs, &Seed::new(0));
    let taken = agent.and_then(|mut agent| {
        agent.load(&state.part("agent"))?;
        let mut saved = Saved::new();
        agent.save_policy(&mut saved)?;
        Ok(saved)
    });
    let saved = taken.map_err(|error| error.to_string())?;
    let origin = Origin { path: folder.to_path_buf(), env_steps: Some(manifest.env_steps) };
    Ok((saved, origin))
}

/// Gives `agent` of `variant` the episodes that it looks up to act, where it is one that does.
pub fn recall(agent: &mut dyn Agent, variant: &Variant) -> Result<(), Error> {
    if let (Some(keys), Some(offline)) = (&variant.settings.data, agent.offline())
        && offline.recalls()
    {
        let (data, _) = data::load(keys, &variant.spec)?;
        offline.recall(&Arc::new(data));
    }
    Ok(())
}

/// The agent of `variant` that acts by what was `saved` of another.
pub fn acting(variant: &Variant, saved: &Saved, seed: u64) -> Result<Box<dyn Agent>, AgentError> {
    with_policy(&variant.settings.agent.acting(), variant, saved, seed)
}

/// The agent `config` of `variant` that acts by what was `saved` of another.
pub fn with_policy(
    config: &AgentConfig,
    variant: &Variant,
    saved: &Saved,
    seed: u64,
) -> Result<Box<dyn Agent>, AgentError> {
    let mut agent = config.build(&variant.spec, 1, &Seed::new(seed).child("play"))?;
    agent.load_policy(saved)?;
    Ok(agent)
}
