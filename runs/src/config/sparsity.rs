//! The section `sparsity`.

use std::collections::BTreeMap;

use sparring_agents::AgentError;
use sparring_agents::networks::budget::Budget;
use sparring_sparse::LayerSpec;
use sparring_sparse::config::{Distribution, Pattern, SparsityConfig};

use super::bounds::Bounds;
use super::compute::TypedForms;
use sparring_sparse::methods::{Horizon, MethodChoice};

use super::method::{self, KINDS, Kind};
use super::overlay::{nested, overlay};
use super::problem::{Checked, Problem};
use super::section::Otherwise::{Default, Required};
use super::section::Section;
use crate::yaml::{Node, Value};

/// The section as typed: times are fractions of a run whose length is not yet known.
#[derive(Clone, Debug, PartialEq)]
struct Typed {
    method: MethodChoice,
    sparsity: f64,
    distribution: Distribution,
    pattern: Pattern,
    layers: BTreeMap<String, f64>,
    sparsity_aware_init: bool,
    compute: TypedForms,
}

const SPARSITY: Bounds = Bounds::below(0.0, 1.0);

/// What an agent with an actor and critics has beside the keys of a network: sections laid over
/// the rest for the networks that they name, and a budget in place of a sparsity.
const OF_NETWORKS: [&str; 3] = ["actor", "critic", "budget"];

/// The keys of a kind, `kind` among them.
pub fn keys_of(kind: Kind) -> Vec<&'static str> {
    let mut keys = Section::keys_of(|s| read_kind(s, kind, None));
    keys.push("kind");
    if kind != Kind::Dense {
        keys.extend(OF_NETWORKS);
    }
    keys
}

/// The sparsity of an agent's one `network`.
pub fn of_one(s: &Section<'_>, network: &str, gradient_steps: u64) -> Checked<SparsityConfig> {
    if let Some(key) = OF_NETWORKS.iter().find(|key| s.peek(key).is_some()) {
        let allowed = format!("the keys of one network: this agent has {network} alone");
        return Err(s.problem(key, &format!("the key {key}"), &allowed, "remove it"));
    }
    read_network("sparsity", &s.without(&[]), None, gradient_steps)
}

/// The sparsities of the actor and of each of the equal `critics` of an agent, whose `layers` are
/// those of the actor and of one critic.
pub fn of_actor_and_critics(
    s: &Section<'_>,
    [actor, critic]: [&[LayerSpec]; 2],
    critics: usize,
    gradient_steps: u64,
) -> Checked<[SparsityConfig; 2]> {
    let mut base = s.without(&OF_NETWORKS);
    // A variant with a budget unsays what it inherits.
    if let Value::Map(entries) = &mut base.value {
        entries.retain(|(key, node)| key != "sparsity" || node.value != Value::Null);
    }
    let dense = matches!(base.get("kind"), Some(kind) if kind.value == Value::Text("dense".into()));
    if let Some(key) = OF_NETWORKS.iter().find(|key| dense && s.peek(key).is_some()) {
        let hint = "remove it, or write another kind here and kind: dense below a network";
        return Err(s.problem(key, &format!("the key {key}"), "none beside kind: dense", hint));
    }
    let given = match s.peek("budget") {
        None => [None; 2],
        Some(node) => {
            let mut s = Section::new("sparsity.budget", Some(node))?;
            let total = s.number("total", Required(0.2), Bounds::above_to(0.0, 1.0))?;
            let actor_share = s.number("actor_share", Required(0.34), Bounds::within(0.0, 1.0))?;
            s.finish()?;
            let solved = Budget { total, actor_share }.solve(actor, critic, critics);
            solved.map(|sparsities| sparsities.map(Some)).map_err(|error| match error {
                AgentError::Sparsity { key, found, allowed, hint, .. } => {
                    let key = key.rsplit('.').next().unwrap_or_default();
                    s.problem(key, &found, &allowed, &hint)
                }
                other => s.problem("total", &other.to_string(), "a budget that can be spent", ""),
            })?
        }
    };
    let network = |at: usize| match s.peek(OF_NETWORKS[at]) {
        None => read_network("sparsity", &base, given[at], gradient_steps),
        Some(over) => {
            let [below, above] = [&base, over].map(|node| nested(&["sparsity"], node.clone()));
            let name = format!("sparsity.{}", OF_NETWORKS[at]);
            let merged = overlay(&below, &above);
            let node = merged.get("sparsity").unwrap_or(&base);
            read_network(&name, node, given[at], gradient_steps)
        }
    };
    Ok([network(0)?, network(1)?])
}

/// Reads the section of one network, whose sparsity may be `given` by a budget.
fn read_network(
    name: &str,
    node: &Node,
    given: Option<f64>,
    gradient_steps: u64,
) -> Checked<SparsityConfig> {
    let mut s = Section::new(name, Some(node))?;
    let kinds = KINDS.map(|(name, kind, _)| (name, kind));
    let kind = s.choice("kind", Required("rigl"), &kinds)?;
    let typed = read_kind(&mut s, kind, given)?;
    s.finish_with(|key| {
        if given.is_some() && key == "sparsity" {
            return Some("sparsity: null beside a budget, which decides it".to_owned());
        }
        let knowing = KINDS.iter().filter(|(_, kind, _)| keys_of(*kind).contains(&key));
        let names: Vec<_> = knowing.map(|(name, ..)| *name).collect();
        (!names.is_empty()).then(|| format!("remove it; it belongs to {}", names.join(", ")))
    })?;
    typed.resolve(gradient_steps, &s)
}

fn read_kind(s: &mut Section<'_>, kind: Kind, given: Option<f64>) -> Checked<Typed> {
    if kind == Kind::Dense {
        return Ok(Typed {
            method: method::read(s, kind)?,
            sparsity: 0.0,
            distribution: Distribution::Uniform,
            pattern: Pattern::Unstructured,
            layers: BTreeMap::new(),
            sparsity_aware_init: false,
            compute: TypedForms::DENSE,
        });
    }
    let sparsity = match given {
        Some(sparsity) => sparsity,
        None => s.number("sparsity", Required(0.9), SPARSITY)?,
    };
    let shapes = [("uniform", 0), ("er", 1), ("erk", 2)];
    let distribution = match s.choice("distribution", Default("erk"), &shapes)? {
        0 => Distribution::Uniform,
        1 => Distribution::Er,
        _ => Distribution::Erk { power: 1.0 },
    };
    let power = s.number("erk_power", Default(1.0), Bounds::at_least(0.0))?;
    let distribution = match distribution {
        Distribution::Erk { .. } => Distribution::Erk { power },
        other if power == 1.0 => other,
        _ => {
            let hint = "remove it, or write distribution: erk";
            let found = power.to_string();
            return Err(s.problem("erk_power", &found, "a power for distribution erk only", hint));
        }
    };
    let pattern = read_pattern(s)?;
    let layers = read_layers(s)?;
    // What starts from dense weights has them drawn as a dense network's (PAPERS 1.9).
    let draws_dense = matches!(kind, Kind::Pruning | Kind::Snip | Kind::TopKast);
    let sparsity_aware_init = !draws_dense && s.flag("sparsity_aware_init", true)?;
    let method = method::read(s, kind)?;
    let compute = TypedForms::read(s)?;
    Ok(Typed { method, sparsity, distribution, pattern, layers, sparsity_aware_init, compute })
}

/// `unstructured`, `2:4` or `4x4`; whether it fits the layers is for the agent to say.
fn read_pattern(s: &mut Section<'_>) -> Checked<Pattern> {
    let text = s.text("pattern", Default("unstructured".to_owned()))?;
    let pair = |separator| {
        let (a, b) = text.split_once(separator)?;
        Some((a.parse().ok()?, b.parse().ok()?))
    };
    if text == "unstructured" {
        return Ok(Pattern::Unstructured);
    }
    if let Some((n, m)) = pair(':') {
        return Ok(Pattern::Nm { n, m });
    }
    if let Some((height, width)) = pair('x') {
        return Ok(Pattern::Block { height, width });
    }
    let allowed =
        "unstructured, n:m (n of every m inputs of an output), or blocks of outputs x inputs";
    Err(s.problem("pattern", &text, allowed, "unstructured, 2:4 or 4x4"))
}

/// `layers: {hidden.0: 0.5}`; whether the names exist is for the agent to say, which builds them.
fn read_layers(s: &mut Section<'_>) -> Checked<BTreeMap<String, f64>> {
    let mut layers = BTreeMap::new();
    let Some(node) = s.node("layers") else { return Ok(layers) };
    let entries =
        node.entries().ok_or_else(|| super::section::not_a_section(node, "sparsity.layers"))?;
    for (name, node) in entries {
        let value = SPARSITY.take(&node.value).ok_or_else(|| {
            let key = format!("sparsity.layers.{name}");
            Problem::at(node, key, node.value.to_string(), SPARSITY.to_string(), "0.5")
        })?;
        layers.insert(name.clone(), value);
    }
    Ok(layers)
}

impl Typed {
    /// In a run that has `gradient_steps`, of which times are fractions.
    fn resolve(self, gradient_steps: u64, s: &Section<'_>) -> Checked<SparsityConfig> {
        let run = Horizon { gradient_steps, sparsity: self.sparsity };
        self.method
            .keys()
            .build(&run)
            .map_err(|error| s.problem(&error.key, &error.found, &error.allowed, &error.hint))?;
        Ok(SparsityConfig {
            method: self.method,
            gradient_steps,
            sparsity: self.sparsity,
            distribution: self.distribution,
            pattern: self.pattern,
            layers: self.layers,
            sparsity_aware_init: self.sparsity_aware_init,
            compute: self.compute.resolve(),
        })
    }
}
