//! Laying one config over another: variants, sweep values and `--set` over the base.

use super::{agent, method, sparsity};
use crate::yaml::{Node, Origin, Value};

/// `over` laid over `base`, map by map.
///
/// A section with kinds has keys that belong to some kinds only. When `over` chooses a kind, the
/// keys of other kinds that come from `base` are dropped, so that a variant `{kind: dense}` need
/// not unsay the base's `drop_fraction`. Keys that no kind knows stay, and are refused later.
pub fn overlay(base: &Node, over: &Node) -> Node {
    merge(base, over, None)
}

fn merge(base: &Node, over: &Node, section: Option<&str>) -> Node {
    let (Some(below), Some(above)) = (base.entries(), over.entries()) else {
        return over.clone();
    };
    // A section that is followed by nothing changes nothing; any other value gives way to `null`.
    if matches!(over.value, Value::Null) {
        return if matches!(base.value, Value::Map(_)) { base.clone() } else { over.clone() };
    }
    let chosen = over.get("kind").and_then(|kind| keys_of(section?, kind));
    let keep = |key: &str| match (&chosen, section) {
        (Some(keys), Some(section)) => keys.contains(&key) || !known(section, key),
        _ => true,
    };
    let mut entries: Vec<_> = below.iter().filter(|(key, _)| keep(key)).cloned().collect();
    for (key, node) in above {
        let deeper = if section.is_none() { key } else { "" };
        match entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = merge(old, node, Some(deeper)),
            None => entries.push((key.clone(), node.clone())),
        }
    }
    let written = if over.origin == Origin::Absent { base } else { over };
    Node { value: Value::Map(entries), origin: written.origin.clone() }
}

/// Whether a `section` of the kind that `tree` chooses has no `key`, though another kind has.
pub fn belongs_to_another_kind(tree: &Node, section: &str, key: &str) -> bool {
    let kind = tree.get(section).and_then(|node| node.get("kind"));
    let keys = kind.and_then(|kind| keys_of(section, kind));
    keys.is_some_and(|keys| !keys.contains(&key) && known(section, key))
}

/// The keys of the kind that `node` names, in a section whose kinds differ in their keys.
fn keys_of(section: &str, node: &Node) -> Option<Vec<&'static str>> {
    let Value::Text(name) = &node.value else { return None };
    let kinds = kinds(section);
    kinds.into_iter().find(|(kind, _)| kind == name).map(|(_, keys)| keys)
}

fn known(section: &str, key: &str) -> bool {
    kinds(section).iter().any(|(_, keys)| keys.contains(&key))
}

/// The kinds of a section by name, with the keys of each.
fn kinds(section: &str) -> Vec<(&'static str, Vec<&'static str>)> {
    match section {
        "agent" => agent::KINDS.map(|(name, kind, ..)| (name, agent::keys_of(kind))).into(),
        "sparsity" => method::KINDS.map(|(name, kind, _)| (name, sparsity::keys_of(kind))).into(),
        _ => Vec::new(),
    }
}

/// The way to a key as the command line and `sweep` write it. The name of a layer and the key of a
/// sweep's axis have dots of their own.
pub fn split_path(path: &str) -> Vec<&str> {
    if let Some(axis) = path.strip_prefix("sweep.") {
        return vec!["sweep", axis];
    }
    match path.split_once("sparsity.layers.") {
        Some((before, layer)) if before.is_empty() || before.ends_with('.') => {
            before.split_terminator('.').chain(["sparsity", "layers", layer]).collect()
        }
        _ => path.split('.').collect(),
    }
}

/// `a.b.c` and a value as the tree `{a: {b: {c: value}}}`, whose maps nobody wrote.
pub fn nested(path: &[&str], value: Node) -> Node {
    path.iter().rev().fold(value, |inner, key| {
        let value = Value::Map(vec![((*key).to_owned(), inner)]);
        Node { value, origin: Origin::Absent }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn node(text: &str) -> Node {
        parse(text, &|_| Origin::Absent).unwrap()
    }

    #[test]
    fn maps_merge_and_other_values_are_replaced() {
        let base = node("env: {id: a, num_envs: 2}\nseeds: [1, 2]");
        let merged = overlay(&base, &node("env: {num_envs: 3}\nseeds: [4]\ntrain: {x: 1}"));
        assert_eq!(merged, node("env: {id: a, num_envs: 3}\nseeds: [4]\ntrain: {x: 1}"));
    }

    #[test]
    fn an_empty_section_changes_nothing_and_null_is_a_value() {
        let base = node("agent: {hidden: [8], max_grad_norm: 10}");
        assert_eq!(overlay(&base, &node("agent:")), base);
        let merged = overlay(&base, &node("agent: {max_grad_norm: null}"));
        assert_eq!(merged, node("agent: {hidden: [8], max_grad_norm: null}"));
    }

    #[test]
    fn a_new_kind_drops_inherited_keys_of_other_kinds_only() {
        let base = node("sparsity: {kind: rigl, sparsity: 0.9, drop_fraction: 0.3, sparsty: 1}");
        let merged = overlay(&base, &node("sparsity: {kind: static}"));
        assert_eq!(merged, node("sparsity: {kind: static, sparsity: 0.9, sparsty: 1}"));
        let merged = overlay(&base, &node("sparsity: {kind: dense, drop_fraction: 0.1}"));
        assert_eq!(merged, node("sparsity: {kind: dense, sparsty: 1, drop_fraction: 0.1}"));
    }

    #[test]
    fn paths_with_layer_names() {
        assert_eq!(split_path("agent.epsilon.end"), ["agent", "epsilon", "end"]);
        assert_eq!(split_path("sparsity.layers.hidden.0"), ["sparsity", "layers", "hidden.0"]);
        let variant = split_path("variants.rigl.sparsity.layers.hidden.0");
        assert_eq!(variant, ["variants", "rigl", "sparsity", "layers", "hidden.0"]);
        assert_eq!(split_path("sweep.agent.discount"), ["sweep", "agent.discount"]);
        assert_eq!(nested(&["a", "b"], node("1")), node("a: {b: 1}"));
    }
}
