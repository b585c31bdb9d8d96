//! The agent of a job's folder, from its `resolved.yaml` and its policy alone.

use std::path::Path;

use sparring_agents::{Agent, AgentError};
use sparring_sparse::{Saved, Seed, saved};

use crate::config::load as load_plan;
use crate::error::{Error, Refusal};
use crate::job_folder::{POLICY, RESOLVED};
use crate::variant::Variant;

/// An agent that acts, and what it was trained on.
pub struct Policy {
    /// The variant of its job.
    pub variant: Variant,
    /// Who acts.
    pub agent: Box<dyn Agent>,
}

/// The policy that was saved last in the folder `dir` of a job, whose config is changed by `set`. What the agent
/// draws when it acts comes from `seed`.
pub fn load(dir: &Path, set: &[String], seed: u64) -> Result<Policy, Error> {
    let refused = |found: String, allowed: &str| {
        let place = dir.display().to_string();
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
    let count = plan.variants.len();
    let Ok([variant]) = <[Variant; 1]>::try_from(plan.variants) else {
        return Err(refused(format!("{RESOLVED} with {count} variants"), "that of one job"));
    };
    let unfit = |error: AgentError| {
        let found = format!("a policy of another agent or env: {error}");
        refused(found, "a policy that the agent of resolved.yaml saved, under no other --set")
    };
    let saved = saved::read(&dir.join(POLICY)).map_err(AgentError::from).map_err(unfit)?;
    let agent = acting(&variant, &saved, seed).map_err(unfit)?;
    Ok(Policy { variant, agent })
}

/// The agent of `variant` that acts by what was `saved` of another.
pub fn acting(variant: &Variant, saved: &Saved, seed: u64) -> Result<Box<dyn Agent>, AgentError> {
    let seed = Seed::new(seed).child("play");
    let mut agent = variant.settings.agent.acting().build(&variant.spec, 1, &seed)?;
    agent.load_policy(saved)?;
    Ok(agent)
}
