//! The agent of a job's folder.
//!
//! `resolved.yaml` says everything and is read by nobody. The run's `config.yaml` under what `--set` of
//! its `run.yaml` changed is the same config, and is read as it was for the run, with all its checks;
//! the folder's names pick the variant.

use std::fs;
use std::path::Path;

use sparring_agents::{Agent, AgentError};
use sparring_envs::EnvSpec;
use sparring_sparse::{Seed, saved};

use crate::config::load as load_plan;
use crate::error::{Error, Refusal};
use crate::folder::{POLICY, RunFolder};

/// The env of the job in `dir`, its config changed by `set`, and its agent with the policy that was
/// saved last. What the agent draws when it acts comes from `seed`.
pub fn load(dir: &Path, set: &[String], seed: u64) -> Result<(EnvSpec, Box<dyn Agent>), Error> {
    let refused = |found: String, allowed: &str| {
        let place = format!("--checkpoint {}", dir.display());
        Refusal::argument(
            place,
            found,
            allowed,
            "a job's folder, such as out/quickstart/rigl/seed-1",
        )
    };
    let whole = fs::canonicalize(dir).map_err(|error| refused(error.to_string(), "a folder"))?;
    let folder = "the folder of a job, <run>/<variant>/seed-<n>";
    let name = |path: &Path| path.file_name()?.to_str().map(str::to_owned);
    let named = || -> Option<_> {
        let of_job = name(&whole)?.strip_prefix("seed-")?.parse::<u64>().ok()?;
        Some((whole.ancestors().nth(2)?, name(whole.parent()?)?, of_job))
    };
    let (root, variant, of_job) =
        named().ok_or_else(|| refused("a folder of another name".to_owned(), folder))?;
    if !whole.join(POLICY).is_file() {
        let found = format!("a folder without {POLICY}");
        return Err(refused(found, "the folder of a job that has been evaluated"));
    }
    let (_, record) = RunFolder::open(root)?;
    let set: Vec<String> = record.set.iter().chain(set).cloned().collect();
    let plan = load_plan(&root.join("config.yaml"), &set, Some(&[of_job]))?;
    let variant = plan.variants.into_iter().find(|one| one.name == variant).ok_or_else(|| {
        refused(format!("{variant}, which config.yaml has not"), "a variant of the run's config")
    })?;

    let unfit = |error: AgentError| {
        let found = format!("a policy of another agent or env: {error}");
        refused(found, "a policy that the agent of config.yaml saved, under the same --set")
    };
    let seed = Seed::new(seed).child("play");
    let mut agent =
        variant.settings.agent.acting().build(&variant.spec, 1, &seed).map_err(unfit)?;
    let policy = saved::read(&whole.join(POLICY)).map_err(AgentError::from).map_err(unfit)?;
    agent.load_policy(&policy).map_err(unfit)?;
    Ok((variant.spec, agent))
}
