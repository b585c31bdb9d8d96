//! Which key of a config is to blame for what cannot be built.

use sparring_agents::AgentError;
use sparring_envs::{EnvError, EnvSpec};
use sparring_sparse::config::Pattern;
use sparring_sparse::misfit::{OfLayer, PatternMisfit};
use sparring_sparse::{KeyError, Misfit, SparseError};

use crate::keys::{Problem, nearest, within};
use crate::variant::Unmade;
use crate::yaml::Node;

/// The section to blame for networks that cannot be built, and why.
pub fn unbuildable(spec: &EnvSpec, error: AgentError) -> (&'static str, KeyError) {
    match error {
        AgentError::Network { key, network, found, allowed } => {
            let found = format!("{network}, and the env has {found}");
            let hint = format!("{key}: {{kind: mlp, hidden: [512, 512]}}");
            ("agent", KeyError::new(key, found, allowed, hint))
        }
        AgentError::Space { .. } => {
            let found = format!("{}: {error}", spec.id);
            ("env", KeyError::new("id", found, "an env that the agent can play", "another env"))
        }
        AgentError::Algebra(error) | AgentError::Experts(error) => ("agent", *error),
        AgentError::Sparsity { misfit, .. } => ("sparsity", of_layers(*misfit)),
        AgentError::Budget { .. } => ("sparsity.budget", unspent(error)),
        AgentError::Sparse(SparseError::Key(error)) => ("sparsity", error),
        other => ("agent", KeyError::new("", other, "an agent that can be built", "another value")),
    }
}

/// The key of a budget to blame for what cannot be spent, and why.
pub fn unspent(error: AgentError) -> KeyError {
    let AgentError::Budget { total, actor_share, shares } = error else {
        return KeyError::new("total", error, "a budget that can be spent", "another");
    };
    let hint = "a share of 0.34 is that of one actor beside two critics of its size";
    match shares.map(|shares| shares.into_inner()) {
        Some((least, most)) => {
            let allowed = format!("{least:.3} to {most:.3}, for these networks and this total");
            KeyError::new("actor_share", actor_share, allowed, hint)
        }
        None => KeyError::new("total", total, "enough for the biases of all networks", "more"),
    }
}

/// The key of a network's section to blame for what its layers cannot have, and why.
fn of_layers(misfit: Misfit) -> KeyError {
    match misfit {
        Misfit::Range { layer, sparsity } => {
            let key = layer.map_or("sparsity".to_owned(), |layer| format!("layers.{layer}"));
            let hint = "0.9 keeps a tenth of the weights";
            KeyError::new(key, sparsity, "a number in [0, 1)", hint)
        }
        Misfit::UnknownLayer { choice, name, known } => {
            let key = match choice {
                OfLayer::Sparsity => "layers",
                OfLayer::Compute => "compute_layers",
            };
            let near = nearest(&name, known.iter().map(String::as_str));
            let hint = near.unwrap_or("name a layer of this network");
            let found = format!("a layer named `{name}`");
            KeyError::new(format!("{key}.{name}"), found, known.join(", "), hint)
        }
        Misfit::NoneLeft { sparsity } => KeyError::new(
            "layers",
            format!("a sparsity for every layer beside a network sparsity of {sparsity}"),
            "at least one layer that the distribution may choose",
            "leave a layer out of `layers`",
        ),
        Misfit::Empty { layer, size, sparsity, is_own } => {
            let found = format!(
                "{sparsity}, which leaves layer `{layer}` less than one of its {size} weights"
            );
            let allowed = "a sparsity that leaves every layer at least one weight";
            match is_own {
                true => {
                    let most = 1.0 - 1.0 / size as f64;
                    let most = (most * 1e5).floor() / 1e5;
                    let hint = format!("at most {most}, or a wider layer");
                    KeyError::new(format!("layers.{layer}"), found, allowed, hint)
                }
                false => {
                    let hint = format!(
                        "lower it, widen the network, or give that layer a sparsity of its own: layers: {{{layer}: 0.5}}"
                    );
                    KeyError::new("sparsity", found, allowed, hint)
                }
            }
        }
        Misfit::Pattern { pattern, layer, why } => of_pattern(pattern, &layer, why),
    }
}

fn of_pattern(pattern: Pattern, layer: &str, why: PatternMisfit) -> KeyError {
    let text = pattern.to_string();
    let dense = format!("another pattern, or keep the layer dense with layers: {{{layer}: 0}}");
    let refuse = |found: String, allowed: String, hint: String| {
        KeyError::new("pattern", found, allowed, hint)
    };
    match why {
        PatternMisfit::OfNone => {
            let (allowed, hint) = match pattern {
                Pattern::Block { .. } => ("blocks of at least 1x1", "4x4"),
                Pattern::Nm { .. } | Pattern::Unstructured => ("n:m with 1 ≤ n < m", "2:4"),
            };
            refuse(text, allowed.into(), hint.into())
        }
        PatternMisfit::Inputs(inputs) => {
            let found = format!("{text}, where layer `{layer}` has {inputs} inputs");
            refuse(found, format!("m that divides {inputs}"), dense)
        }
        PatternMisfit::Sparsity { layer: sparsity, group } => {
            let found = format!("{text}, where layer `{layer}` has the sparsity {sparsity}");
            let ratio = text.replace(':', "/");
            let allowed = format!("layers of sparsity {group} = 1 − {ratio}, or dense ones");
            refuse(found, allowed, format!("sparsity: {group} with distribution: uniform"))
        }
        PatternMisfit::Tiles { outputs, inputs } => {
            let found =
                format!("{text}, where layer `{layer}` has {outputs} outputs and {inputs} inputs");
            let allowed = format!("blocks that tile {outputs}x{inputs} without a rest");
            refuse(found, allowed, dense)
        }
        PatternMisfit::Elements => {
            let found = format!("{text}, where layer `{layer}` is over an algebra");
            let allowed = "unstructured: elements come and go whole".to_owned();
            refuse(found, allowed, "remove it".into())
        }
        PatternMisfit::NoBlock { sparsity, blocks } => {
            let found = format!(
                "{text}, where the sparsity {sparsity} leaves layer `{layer}` less than one of its {blocks} blocks"
            );
            let allowed = "blocks of which every layer keeps at least one".to_owned();
            refuse(found, allowed, "smaller blocks, or a lower sparsity".into())
        }
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
    let AgentError::Sparsity { network, misfit } = error else {
        let (section, error) = unbuildable(spec, error);
        let KeyError { key, found, allowed, hint } = error;
        let key = if key.is_empty() { section.to_owned() } else { format!("{section}.{key}") };
        return Problem::at(&outer(section), key, found, allowed, hint);
    };
    let KeyError { key, found, allowed, hint } = of_layers(*misfit);
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
    let node = written.or_else(|| outer.get("budget")).unwrap_or(&outer);
    Problem::at(node, format!("{section}.{key}"), found, allowed, hint)
}
