//! Which key of a config is to blame for what cannot be built.

use sparring_agents::AgentError;
use sparring_envs::{EnvError, EnvSpec};
use sparring_sparse::KeyError;

use crate::keys::{Problem, nearest, within};
use crate::variant::Unmade;
use crate::yaml::Node;

/// The section to blame for networks that cannot be built, and why.
pub fn unbuildable(spec: &EnvSpec, error: AgentError) -> (&'static str, KeyError) {
    match error {
        AgentError::Network { network, found, allowed } => {
            let found = format!("{network}, and the env has {found}");
            let hint = "network: {kind: mlp, hidden: [512, 512]}";
            ("agent", KeyError::new("network", found, allowed, hint))
        }
        AgentError::Space { .. } => {
            let found = format!("{}: {error}", spec.id);
            ("env", KeyError::new("id", found, "an env that the agent can play", "another env"))
        }
        other => ("agent", KeyError::new("", other, "an agent that can be built", "another value")),
    }
}

/// The key in `tree` to blame for a variant that cannot be measured.
pub fn unmade(tree: &Node, spec: &EnvSpec, error: Unmade) -> Box<Problem> {
    match error {
        Unmade::Env(error) => unplayable(tree, &error),
        Unmade::Agent(error) => unbuilt(tree, spec, error),
    }
}

fn unplayable(tree: &Node, error: &EnvError) -> Box<Problem> {
    let absent = Node::absent();
    let node = tree.get("env").unwrap_or(&absent);
    Problem::at(node, "env", error.to_string(), "an env that can be made", "what it says")
}

fn unbuilt(tree: &Node, spec: &EnvSpec, error: AgentError) -> Box<Problem> {
    let outer = |section: &str| tree.get(section).cloned().unwrap_or_else(Node::absent);
    let AgentError::Sparsity { network, key, found, allowed, hint } = error else {
        let (section, error) = unbuildable(spec, error);
        let KeyError { key, found, allowed, hint } = error;
        let key = if key.is_empty() { section.to_owned() } else { format!("{section}.{key}") };
        return Problem::at(&outer(section), key, found, allowed, hint);
    };
    let of = network.as_ref().map(|name| format!(", in network {name}"));
    let found = found + &of.unwrap_or_default();
    let outer = outer("sparsity");
    // What is laid over the section for a network comes before what all have.
    let group = network.as_deref().and_then(|name| name.split('.').next());
    let own = group.and_then(|group| Some((group, within(outer.get(group)?, &key)?)));
    let (section, written) = match own {
        Some((group, written)) => (format!("sparsity.{group}"), Some(written)),
        None => ("sparsity".to_owned(), within(&outer, &key)),
    };
    let layer = key.strip_prefix("layers.").and_then(|name| nearest(name, allowed.split(", ")));
    let hint = layer.map_or(hint, str::to_owned);
    let node = written.or_else(|| outer.get("budget")).unwrap_or(&outer);
    Problem::at(node, format!("{section}.{key}"), found, allowed, hint)
}
