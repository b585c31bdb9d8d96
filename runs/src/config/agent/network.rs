//! The key `network` of an agent that reads images, and its short form `hidden`.

use sparring_agents::NetworkConfig;

use crate::config::bounds::Bounds;
use crate::config::problem::Checked;
use crate::config::section::Otherwise::{Default, Required};
use crate::config::section::Section;
use crate::yaml::{Node, Value};

/// What a network's units and channels may be multiplied by.
pub const WIDTH: Bounds = Bounds::above_to(0.0, 1000.0);

/// The keys of an actor's and a critic's perceptrons.
pub const OF_PERCEPTRONS: [&str; 6] =
    ["hidden", "actor_hidden", "critic_hidden", "width", "actor_width", "critic_width"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mlp,
    NatureCnn,
    Impala,
    Minatar,
}

const KINDS: [(&str, Kind); 4] = [
    ("mlp", Kind::Mlp),
    ("nature_cnn", Kind::NatureCnn),
    ("impala", Kind::Impala),
    ("minatar", Kind::Minatar),
];

/// Reads `network: {kind: impala, width: 2}`, or `hidden: [512, 512]` for a perceptron; what is left out
/// is as in `paper`. `null` is left out, so that a variant may unsay what it inherits.
pub fn read(s: &mut Section<'_>, paper: &NetworkConfig) -> Checked<NetworkConfig> {
    let paper_hidden = match paper {
        NetworkConfig::Mlp { hidden, .. } => hidden.as_slice(),
        _ => &[],
    };
    let network = s.node("network").filter(|node| node.value != Value::Null);
    let hidden = match s.peek("hidden") {
        Some(Node { value: Value::Null, .. }) => {
            s.node("hidden");
            None
        }
        node => node.is_some().then_some(s.wholes("hidden", paper_hidden)?),
    };
    let node = match (network, hidden) {
        (Some(node), None) => node,
        (None, Some(hidden)) => return Ok(NetworkConfig::mlp(&hidden)),
        (None, None) => return Ok(paper.clone()),
        (Some(_), Some(_)) => {
            let hint = "remove one; network: {kind: mlp, hidden: [512, 512]} is the long form";
            return Err(s.problem("hidden", "hidden beside network", "one of the two", hint));
        }
    };
    read_kind(Some(node), paper_hidden)
}

fn read_kind(node: Option<&Node>, paper_hidden: &[usize]) -> Checked<NetworkConfig> {
    let mut s = Section::new("agent.network", node)?;
    let kind = s.choice("kind", Required("nature_cnn"), &KINDS)?;
    let width = s.number("width", Default(1.0), WIDTH)?;
    let config = match kind {
        Kind::Mlp => NetworkConfig::Mlp { hidden: s.wholes("hidden", paper_hidden)?, width },
        Kind::NatureCnn => NetworkConfig::NatureCnn { width },
        Kind::Impala => NetworkConfig::Impala { width },
        Kind::Minatar => NetworkConfig::Minatar { width },
    };
    s.finish_with(|key| (key == "hidden").then(|| "remove it; it belongs to kind mlp".to_owned()))?;
    Ok(config)
}

/// Reads the `network` of an agent whose perceptrons have keys of their own, which cannot stand beside it.
pub fn read_beside(s: &mut Section<'_>, others: &[&str]) -> Checked<Option<NetworkConfig>> {
    if s.node("network").is_none_or(|node| node.value == Value::Null) {
        return Ok(None);
    }
    if let Some(other) = others.iter().find(|key| s.peek(key).is_some()) {
        let hint = "remove one; network: {kind: mlp, hidden: [64, 64]} is the long form";
        return Err(s.problem(other, &format!("{other} beside network"), "one of the two", hint));
    }
    read_kind(s.node("network"), &[]).map(Some)
}

/// What to say of a `width` that stands beside a network and not in it.
pub fn advice(s: &Section<'_>, key: &str) -> Option<String> {
    let example = "network: {kind: mlp, hidden: [512, 512], width: 0.5}";
    (key == "width" && s.asks("network")).then(|| format!("write it in the network: {example}"))
}
