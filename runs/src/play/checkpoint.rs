//! The agent of a job's folder, from its `resolved.yaml` and its policy alone.

use std::path::Path;

use sparring_agents::{Agent, AgentError};
use sparring_envs::EnvSpec;
use sparring_sparse::{Seed, saved};

use crate::config::load as load_plan;
use crate::error::{Error, Refusal};
use crate::folder::{POLICY, RESOLVED};

/// The env of the job in `dir`, its config changed by `set`, and its agent with the policy that was
/// saved last. What the agent draws when it acts comes from `seed`.
pub fn load(dir: &Path, set: &[String], seed: u64) -> Result<(EnvSpec, Box<dyn Agent>), Error> {
    let refused = |found: String, allowed: &str| {
        let place = format!("--checkpoint {}", dir.display());
        let hint = "a job's folder, such as out/NAME/VARIANT/seed-1";
        Refusal::argument(place, found, allowed, hint)
    };
    if !dir.is_dir() {
        return Err(refused("no folder".to_owned(), "the folder of a job"));
    }
    for (file, allowed) in [
        (RESOLVED, "the folder of a job, <run>/<variant>/seed-<n>"),
        (POLICY, "the folder of a job that has been evaluated"),
    ] {
        if !dir.join(file).is_file() {
            return Err(refused(format!("a folder without {file}"), allowed));
        }
    }
    let plan = load_plan(&dir.join(RESOLVED), set, None)?;
    let [variant] = plan.variants.as_slice() else {
        let found = format!("{RESOLVED} with {} variants", plan.variants.len());
        return Err(refused(found, "that of one job"));
    };
    let unfit = |error: AgentError| {
        let found = format!("a policy of another agent or env: {error}");
        refused(found, "a policy that the agent of resolved.yaml saved, under no other --set")
    };
    let seed = Seed::new(seed).child("play");
    let mut agent =
        variant.settings.agent.acting().build(&variant.spec, 1, &seed).map_err(unfit)?;
    let policy = saved::read(&dir.join(POLICY)).map_err(AgentError::from).map_err(unfit)?;
    agent.load_policy(&policy).map_err(unfit)?;
    Ok((variant.spec.clone(), agent))
}
