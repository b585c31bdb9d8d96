//! Variants and sweep axes, multiplied out.

use std::collections::BTreeMap;

use super::path::split_path;
use crate::config::sections::SECTIONS;
use crate::keys::{Checked, Problem, nearest, not_a_section};
use crate::names::FILES;
use crate::yaml::{Kinded, Node, Number, Origin, Value, nested};

/// More variants than this are a slip of the keyboard.
const MOST_VARIANTS: usize = 1_000;

/// One variant: its name and its sections, merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Expanded {
    /// `rigl,sparsity=0.9`.
    pub name: String,
    /// The name of the variant alone; empty without variants.
    pub of: String,
    /// The values of the sweep that it has, by key.
    pub axes: BTreeMap<String, serde_json::Value>,
    /// The merged sections.
    pub tree: Node,
    /// The variant as typed, for messages about it.
    pub variant: Node,
    /// The last sweep value laid over it, or the variant where there is none.
    pub cause: Node,
}

/// The variants of `base`, each for every combination of the values of the sweep's axes.
///
/// An axis whose key belongs to another kind of a variant's section leaves that variant alone: one
/// sweep over `sparsity.sparsity` serves a config that compares sparse variants with a dense one.
pub fn expand(
    base: &Node,
    variants: Option<&Node>,
    sweep: Option<&Node>,
    kinded: &Kinded,
) -> Checked<Vec<Expanded>> {
    let mut axes = sweep.map_or(Ok(Vec::new()), read_axes)?;
    // A kind decides which keys there are, so it is chosen before they are.
    axes.sort_by_key(|axis| axis.path.last() != Some(&"kind"));
    let mut all = Vec::new();
    let mut used = vec![false; axes.len()];
    for start in read_variants(base, variants, kinded)? {
        Multiply { axes: &axes, kinded, used: &mut used, all: &mut all }.go(
            start,
            0,
            &mut Vec::new(),
        );
    }
    if all.len() > MOST_VARIANTS {
        let node = sweep.or(variants).unwrap_or(base);
        let found = format!("more than {MOST_VARIANTS} variants");
        let allowed = format!("at most {MOST_VARIANTS}");
        return Err(Problem::at(node, "sweep", found, allowed, "fewer values, or several configs"));
    }
    if let Some(idle) = used.iter().position(|used| !used) {
        let axis = &axes[idle];
        let found = format!("{}, which no variant's kind has", axis.key);
        let allowed = "a key that at least one variant has";
        return Err(Problem::at(axis.node, axis.key, found, allowed, "remove the axis"));
    }
    Ok(all)
}

fn read_variants(base: &Node, variants: Option<&Node>, kinded: &Kinded) -> Checked<Vec<Expanded>> {
    let start = |name: &str, tree, cause: &Node| Expanded {
        name: name.to_owned(),
        of: name.to_owned(),
        axes: BTreeMap::new(),
        tree,
        variant: cause.clone(),
        cause: cause.clone(),
    };
    let Some(variants) = variants else { return Ok(vec![start("", base.clone(), base)]) };
    let entries = variants.entries().ok_or_else(|| not_a_section(variants, "variants"))?;
    if entries.is_empty() {
        let hint = "add a variant, or remove variants";
        return Err(Problem::at(variants, "variants", "no variant", "at least one", hint));
    }
    let read = |(name, node): &(String, Node)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            let allowed = "letters, digits, and . _ - after the first: it names a folder";
            let hint = name.replace(|c| !plain(c), "-");
            return Err(Problem::at(node, name, name, allowed, hint));
        }
        if FILES.contains(&name.as_str()) {
            let allowed = format!("any name but {}, the files beside it", FILES.join(", "));
            let hint = format!("{}-1", name.replace('.', "-"));
            return Err(Problem::at(node, name, name, allowed, hint));
        }
        let keys = node.entries().ok_or_else(|| not_a_section(node, name))?;
        check_sections(keys.iter().map(|(key, node)| (key.as_str(), node)))?;
        Ok(start(name, kinded.overlay(base, node), node))
    };
    entries.iter().map(read).collect()
}

/// Refuses a key that is no section.
pub fn check_sections<'a>(mut keys: impl Iterator<Item = (&'a str, &'a Node)>) -> Checked<()> {
    match keys.find(|(key, _)| !SECTIONS.contains(key)) {
        None => Ok(()),
        Some((key, node)) => {
            let hint = nearest(key, SECTIONS).unwrap_or("remove it");
            let found = format!("the unknown key {key}");
            Err(Problem::at(node, key, found, SECTIONS.join(", "), hint))
        }
    }
}

struct Axis<'a> {
    key: &'a str,
    path: Vec<&'a str>,
    label: &'a str,
    node: &'a Node,
    values: &'a [Node],
}

fn read_axes(sweep: &Node) -> Checked<Vec<Axis<'_>>> {
    let entries = sweep.entries().ok_or_else(|| not_a_section(sweep, "sweep"))?;
    let mut axes = Vec::new();
    for (key, node) in entries {
        let path = split_path(key, &[]);
        check_sections([(path[0], node)].into_iter())?;
        let values = match &node.value {
            Value::List(values) if !values.is_empty() && values.len() <= MOST_VARIANTS => values,
            other => {
                let hint = format!("{key}: [0.5, 0.9], or remove the axis");
                let allowed = format!("a list of at least one value and at most {MOST_VARIANTS}");
                return Err(Problem::at(node, key, other.to_string(), allowed, hint));
            }
        };
        for (at, value) in values.iter().enumerate() {
            if label(value).is_none() {
                let allowed = "a number, a text, true, false, or a list of these";
                let hint = "variants, which can change several keys at once";
                return Err(Problem::at(value, key, value.value.to_string(), allowed, hint));
            }
            if values[..at].iter().any(|earlier| label(earlier) == label(value)) {
                let found = format!("{} twice", value.value);
                return Err(Problem::at(value, key, found, "every value once", "remove one"));
            }
        }
        axes.push(Axis { key, path, label: key, node, values });
    }
    // The last part of a key is enough of a name unless two axes share it.
    let last = |axis: &Axis<'_>| axis.path.last().copied().unwrap_or_default().to_owned();
    let lasts: Vec<_> = axes.iter().map(last).collect();
    for (axis, short) in axes.iter_mut().zip(&lasts) {
        if lasts.iter().filter(|other| *other == short).count() == 1 {
            axis.label = axis.path.last().copied().unwrap_or(axis.key);
        }
    }
    Ok(axes)
}

/// Multiplies variants by the axes of a sweep.
struct Multiply<'a> {
    axes: &'a [Axis<'a>],
    kinded: &'a Kinded,
    /// Whether an axis has changed any variant.
    used: &'a mut [bool],
    all: &'a mut Vec<Expanded>,
}

impl Multiply<'_> {
    /// Goes on with the axes from `depth`, of whose values `parts` name those that were chosen before.
    fn go(&mut self, start: Expanded, depth: usize, parts: &mut Vec<String>) {
        if self.all.len() > MOST_VARIANTS {
            return;
        }
        let Some(axis) = self.axes.get(depth) else {
            let own = (!start.name.is_empty()).then(|| start.name.clone());
            let name = own.into_iter().chain(parts.iter().cloned()).collect::<Vec<_>>().join(",");
            let name = if name.is_empty() { "base".to_owned() } else { name };
            return self.all.push(Expanded { name, ..start });
        };
        let elsewhere = |[section, key, ..]: &[&str; 2]| {
            self.kinded.belongs_to_another_kind(&start.tree, section, key)
        };
        if axis.path.first_chunk().is_some_and(elsewhere) {
            return self.go(start, depth + 1, parts);
        }
        self.used[depth] = true;
        for value in axis.values {
            let tree = self.kinded.overlay(&start.tree, &nested(&axis.path, value.clone()));
            parts.push(format!("{}={}", axis.label, label(value).unwrap_or_default()));
            let mut next = Expanded { tree, cause: value.clone(), ..start.clone() };
            next.axes.insert(axis.key.to_owned(), value.to_json());
            self.go(next, depth + 1, parts);
            parts.pop();
        }
    }
}

/// A value as part of a name: `0.9`, `huber`, `256x256`.
fn label(node: &Node) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' };
    match &node.value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(Number::Whole(value)) => Some(value.to_string()),
        Value::Number(Number::Real(value)) => Some(format!("{value:?}")),
        Value::Text(text) => Some(text.chars().map(plain).collect()),
        Value::List(items) => {
            let parts: Option<Vec<_>> = items.iter().map(label).collect();
            parts.map(|parts| parts.join("x"))
        }
        Value::Map(_) => None,
    }
}

/// Whether a `--set` argument reached at least one of `trees`.
pub fn reaches(argument: &str, trees: &[Expanded]) -> bool {
    fn holds(node: &Node, argument: &str) -> bool {
        let here = matches!(&node.origin, Origin::Argument(text) if text == argument);
        match &node.value {
            Value::Map(entries) => entries.iter().any(|(_, node)| holds(node, argument)),
            Value::List(items) => here || items.iter().any(|node| holds(node, argument)),
            _ => here,
        }
    }
    trees.iter().any(|expanded| holds(&expanded.tree, argument))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sections::kinded;
    use crate::yaml::parse;

    fn names(text: &str) -> Vec<String> {
        let doc = parse(text, &|path| Origin::File(path.to_vec())).unwrap();
        let base = kinded().overlay(&Node::absent(), doc.get("base").unwrap());
        let all = expand(&base, doc.get("variants"), doc.get("sweep"), kinded()).unwrap();
        all.into_iter().map(|expanded| expanded.name).collect()
    }

    #[test]
    fn no_variants_and_no_sweep_is_one_job() {
        assert_eq!(names("base: {sparsity: {kind: dense}}"), ["base"]);
    }

    #[test]
    fn axes_multiply_and_name() {
        let text =
            "base: {}\nsweep: {agent.learning_rate: [1e-3, 1e-4], agent.hidden: [[64, 64], [8]]}";
        let expected = [
            "learning_rate=0.001,hidden=64x64",
            "learning_rate=0.001,hidden=8",
            "learning_rate=0.0001,hidden=64x64",
            "learning_rate=0.0001,hidden=8",
        ];
        assert_eq!(names(text), expected);
    }

    #[test]
    fn an_axis_of_another_kind_leaves_a_variant_alone() {
        let text = "
base: {sparsity: {sparsity: 0.8}}
variants: {dense: {sparsity: {kind: dense}}, rigl: {sparsity: {kind: rigl}}}
sweep: {sparsity.sparsity: [0.5, 0.9]}";
        assert_eq!(names(text), ["dense", "rigl,sparsity=0.5", "rigl,sparsity=0.9"]);
    }

    #[test]
    fn a_swept_kind_is_chosen_first() {
        let text = "
base: {sparsity: {sparsity: 0.8}}
sweep: {sparsity.sparsity: [0.5, 0.9], sparsity.kind: [dense, set]}";
        assert_eq!(names(text), ["kind=dense", "kind=set,sparsity=0.5", "kind=set,sparsity=0.9"]);
    }

    #[test]
    fn axes_that_end_alike_are_named_in_full() {
        let text = "base: {}\nsweep: {env.num_envs: [1], eval.num_envs: [2, 3]}";
        assert_eq!(
            names(text),
            ["env.num_envs=1,eval.num_envs=2", "env.num_envs=1,eval.num_envs=3"]
        );
    }
}
