//! The section `agent`, and the sparsity of each of its networks.

use std::sync::Arc;

use serde_json::Value as Json;
use sparring_agents::{AgentConfig, AgentKeys, AgentRow};
use sparring_envs::{EnvSpec, Options, Space};
use sparring_sparse::KeyError;

use super::blame::unbuildable;
use super::sections::{agents, shape};
use super::sparsity;
use crate::envs::EnvSettings;
use crate::keys::{Form, Reader};
use crate::train::settings::TrainSettings;
use crate::yaml::{Node, Value};

/// The sections that an agent's settings depend on.
pub struct Around<'a> {
    /// What is played.
    pub spec: &'a EnvSpec,
    /// How.
    pub env: &'a EnvSettings,
    /// How long.
    pub train: &'a TrainSettings,
}

/// The keys of the agent, which has to be able to play `spec`.
pub fn read(
    reader: &mut Reader,
    tree: &Node,
    spec: Option<&EnvSpec>,
) -> Option<Arc<dyn AgentKeys>> {
    let before = reader.mistakes;
    if let (Some(row), Some(spec)) = (chosen(tree), spec)
        && let Err(error) = check_actions(row, spec)
    {
        reader.blame("env", tree.get("env")?, error);
        return None;
    }
    let mut typed = reader.section("agent", tree.get("agent"), shape("agent"));
    if reader.mistakes > before {
        return None;
    }
    let kind = typed.remove("kind")?;
    let row = agents().find(|row| kind == row.name)?;
    let absent = Node::absent();
    let node = tree.get("agent").unwrap_or(&absent);
    reader.keep("agent", node, || (row.read)(Json::Object(typed)))
}

/// The agent of this run. `agent` and `sparsity` are resolved together, since the times of a method are
/// fractions of the gradient steps that the agent takes.
pub fn resolve(
    reader: &mut Reader,
    tree: &Node,
    keys: Arc<dyn AgentKeys>,
    around: &Around<'_>,
) -> Option<(AgentConfig, Json)> {
    let Around { spec, env, train } = around;
    let absent = Node::absent();
    let of = |name: &str| tree.get(name).unwrap_or(&absent);
    let run = env.run(train);
    if let Err(error) = check_mode(&*keys, env) {
        reader.blame("env", of("env"), error);
        return None;
    }
    if let Err(error) = keys.check(&run) {
        reader.blame("agent", of("agent"), error);
        return None;
    }
    let roles = match keys.networks(spec) {
        Ok(roles) => roles,
        Err(error) => {
            let (section, error) = unbuildable(spec, error);
            reader.blame(section, of(section), error);
            return None;
        }
    };
    let of_networks = sparsity::read(reader, of("sparsity"), &roles, keys.gradient_steps(&run))?;
    let agent = AgentConfig::from(keys.resolve(&run, &of_networks.configs));
    Some((agent, of_networks.section))
}

/// The row of the agent that `tree` names, or of the default.
fn chosen(tree: &Node) -> Option<&'static AgentRow> {
    let Form::Kinds(kinds) = &shape("agent").form else { return None };
    let name = match tree.get("agent").and_then(|agent| agent.get("kind")) {
        Some(Node { value: Value::Text(name), .. }) => name,
        Some(_) => return None,
        None => kinds.default.as_ref()?,
    };
    agents().find(|row| row.name == name)
}

fn plays(row: &AgentRow, space: &Space) -> bool {
    match space {
        Space::Discrete { .. } => row.capabilities.discrete,
        Space::Box { .. } => row.capabilities.continuous,
    }
}

/// Refuses an env whose actions the agent cannot choose.
fn check_actions(row: &AgentRow, spec: &EnvSpec) -> Result<(), KeyError> {
    if plays(row, &spec.action) {
        return Ok(());
    }
    let known = crate::registry::rows().envs().iter();
    let specs = known.filter_map(|row| row.spec(&Options::default()).ok());
    let playable: Vec<_> = specs.filter(|spec| plays(row, &spec.action)).map(|s| s.id).collect();
    let found = format!("{}, whose actions are {}", spec.id, spec.action);
    let allowed = format!("an env with {} actions, for agent {}", row.actions, row.name);
    Err(KeyError::new("id", found, allowed, format!("one of {}", playable.join(", "))))
}

/// Refuses an agent that needs all environments in step.
fn check_mode(keys: &dyn AgentKeys, env: &EnvSettings) -> Result<(), KeyError> {
    match (env.batch, keys.needs_every_env()) {
        (Some(_), Some(needs)) => {
            let found = format!("async, with {needs}");
            let allowed = format!("sync with {needs}, which needs every environment in every step");
            Err(KeyError::new("mode", found, allowed, "mode: sync, without batch"))
        }
        (None, _) | (_, None) => Ok(()),
    }
}
