//! Laying one config over another: variants, sweep values and `--set` over the base.

use super::node::{Node, Origin, Value};

/// The sections whose kinds differ in their keys: each with its kinds, and the keys of each kind. [`OPTIONS`] is one of
/// them, though what chooses there is the env.
#[derive(Clone, Debug, Default)]
pub struct Kinded(pub Vec<(&'static str, Vec<KindKeys>)>);

/// The name of the options of envs among the sections that have kinds.
pub const OPTIONS: &str = "env.options";

/// A kind and its keys.
pub type KindKeys = (String, Vec<String>);

impl Kinded {
    /// `over` laid over `base`, map by map.
    ///
    /// A section with kinds has keys that belong to some kinds only. When `over` chooses a kind, the
    /// keys of other kinds that come from `base` are dropped, so that a variant `{kind: dense}` need
    /// not unsay the base's `drop_fraction`. Keys that no kind knows stay, and are refused later. Likewise with the
    /// options of an env where `over` chooses another.
    pub fn overlay(&self, base: &Node, over: &Node) -> Node {
        self.merge(base, over, None)
    }

    fn merge(&self, base: &Node, over: &Node, section: Option<&str>) -> Node {
        let (Some(below), Some(above)) = (base.entries(), over.entries()) else {
            return over.clone();
        };
        // A section that is followed by nothing changes nothing; any other value gives way to `null`.
        if matches!(over.value, Value::Null) {
            return if matches!(base.value, Value::Map(_)) { base.clone() } else { over.clone() };
        }
        let chosen = over.get("kind").and_then(|kind| self.keys_of(section?, kind));
        let mut entries = match (chosen, section) {
            (Some(keys), Some(section)) => self.belonging(below, section, keys),
            (None, _) | (_, None) => below.to_vec(),
        };
        let env = over.get("id").filter(|_| section == Some("env"));
        if let Some(keys) = env.and_then(|id| self.keys_of(OPTIONS, id)) {
            for (_, options) in entries.iter_mut().filter(|(key, _)| key == "options") {
                if let Value::Map(below) = &options.value {
                    options.value = Value::Map(self.belonging(below, OPTIONS, keys));
                }
            }
        }
        for (key, node) in above {
            let deeper = if section.is_none() { key } else { "" };
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = self.merge(old, node, Some(deeper)),
                None => entries.push((key.clone(), node.clone())),
            }
        }
        let written = if over.origin == Origin::Absent { base } else { over };
        Node { value: Value::Map(entries), origin: written.origin.clone() }
    }

    /// Those of `entries` that a kind of `section` with these `keys` has, or none.
    fn belonging(
        &self,
        entries: &[(String, Node)],
        section: &str,
        keys: &[String],
    ) -> Vec<(String, Node)> {
        let keep = |key: &String| keys.contains(key) || !self.known(section, key);
        entries.iter().filter(|(key, _)| keep(key)).cloned().collect()
    }

    /// Whether a `section` of the kind that `tree` chooses has no `key`, though another kind has.
    pub fn belongs_to_another_kind(&self, tree: &Node, section: &str, key: &str) -> bool {
        let kind = tree.get(section).and_then(|node| node.get("kind"));
        let keys = kind.and_then(|kind| self.keys_of(section, kind));
        keys.is_some_and(|keys| !keys.iter().any(|k| k == key) && self.known(section, key))
    }

    /// The keys of the kind that `node` names, in a section whose kinds differ in their keys.
    fn keys_of(&self, section: &str, node: &Node) -> Option<&[String]> {
        let Value::Text(name) = &node.value else { return None };
        let kind = self.kinds(section).iter().find(|(kind, _)| kind == name);
        kind.map(|(_, keys)| keys.as_slice())
    }

    fn known(&self, section: &str, key: &str) -> bool {
        self.kinds(section).iter().any(|(_, keys)| keys.iter().any(|k| k == key))
    }

    fn kinds(&self, section: &str) -> &[KindKeys] {
        let found = self.0.iter().find(|(name, _)| *name == section);
        found.map_or(&[], |(_, kinds)| kinds.as_slice())
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
    use crate::config::sections::kinded;
    use crate::yaml::parse;

    fn node(text: &str) -> Node {
        parse(text, &|_| Origin::Absent).unwrap()
    }

    #[test]
    fn maps_merge_and_other_values_are_replaced() {
        let base = node("env: {id: a, num_envs: 2}\nseeds: [1, 2]");
        let merged =
            kinded().overlay(&base, &node("env: {num_envs: 3}\nseeds: [4]\ntrain: {x: 1}"));
        assert_eq!(merged, node("env: {id: a, num_envs: 3}\nseeds: [4]\ntrain: {x: 1}"));
    }

    #[test]
    fn an_empty_section_changes_nothing_and_null_is_a_value() {
        let base = node("agent: {hidden: [8], max_grad_norm: 10}");
        assert_eq!(kinded().overlay(&base, &node("agent:")), base);
        let merged = kinded().overlay(&base, &node("agent: {max_grad_norm: null}"));
        assert_eq!(merged, node("agent: {hidden: [8], max_grad_norm: null}"));
    }

    #[test]
    fn a_new_kind_drops_inherited_keys_of_other_kinds_only() {
        let base = node("sparsity: {kind: rigl, sparsity: 0.9, drop_fraction: 0.3, sparsty: 1}");
        let merged = kinded().overlay(&base, &node("sparsity: {kind: static}"));
        assert_eq!(merged, node("sparsity: {kind: static, sparsity: 0.9, sparsty: 1}"));
        let merged = kinded().overlay(&base, &node("sparsity: {kind: dense, drop_fraction: 0.1}"));
        assert_eq!(merged, node("sparsity: {kind: dense, sparsty: 1, drop_fraction: 0.1}"));
    }

    #[test]
    fn another_env_drops_inherited_options_of_other_envs_only() {
        let base =
            node("env: {id: CartPole-v1, options: {sutton_barto_reward: true, nonsense: 1}}");
        let merged = kinded().overlay(&base, &node("env: {id: Acrobot-v1}"));
        assert_eq!(merged, node("env: {id: Acrobot-v1, options: {nonsense: 1}}"));
        let same = kinded().overlay(&base, &node("env: {id: CartPole-v0}"));
        assert_eq!(
            same,
            node("env: {id: CartPole-v0, options: {sutton_barto_reward: true, nonsense: 1}}")
        );
    }

    #[test]
    fn a_path_is_a_tree() {
        assert_eq!(nested(&["a", "b"], node("1")), node("a: {b: 1}"));
    }
}
