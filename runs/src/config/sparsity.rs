//! The section `sparsity`.

use std::collections::BTreeMap;

use sparring_sparse::config::{Distribution, Pattern, SparsityConfig};

use super::bounds::Bounds;
use super::compute::TypedForms;
use super::method::{KINDS, Kind, TypedMethod};
use super::problem::{Checked, Problem};
use super::section::Otherwise::{Default, Required};
use super::section::Section;

/// The section as typed: times are fractions of a run whose length is not yet known.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    method: TypedMethod,
    sparsity: f64,
    distribution: Distribution,
    pattern: Pattern,
    layers: BTreeMap<String, f64>,
    sparsity_aware_init: bool,
    compute: TypedForms,
}

const SPARSITY: Bounds = Bounds::below(0.0, 1.0);

/// The keys of a kind, `kind` among them.
pub fn keys_of(kind: Kind) -> Vec<&'static str> {
    let mut keys = Section::keys_of(|s| read_kind(s, kind));
    keys.push("kind");
    keys
}

/// Reads the section.
pub fn read(s: &mut Section<'_>) -> Checked<Typed> {
    let kinds = KINDS.map(|(name, kind, _)| (name, kind));
    let kind = s.choice("kind", Required("rigl"), &kinds)?;
    let typed = read_kind(s, kind)?;
    s.finish_with(|key| {
        let knowing = KINDS.iter().filter(|(_, kind, _)| keys_of(*kind).contains(&key));
        let names: Vec<_> = knowing.map(|(name, ..)| *name).collect();
        (!names.is_empty()).then(|| format!("remove it; it belongs to {}", names.join(", ")))
    })?;
    Ok(typed)
}

fn read_kind(s: &mut Section<'_>, kind: Kind) -> Checked<Typed> {
    if kind == Kind::Dense {
        return Ok(Typed {
            method: TypedMethod::read(s, kind, 0.0)?,
            sparsity: 0.0,
            distribution: Distribution::Uniform,
            pattern: Pattern::Unstructured,
            layers: BTreeMap::new(),
            sparsity_aware_init: false,
            compute: TypedForms::DENSE,
        });
    }
    let sparsity = s.number("sparsity", Required(0.9), SPARSITY)?;
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
    let method = TypedMethod::read(s, kind, sparsity)?;
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
    /// Fractions become gradient steps of a run that has `gradient_steps` of them.
    pub fn resolve(self, gradient_steps: u64, s: &Section<'_>) -> Checked<SparsityConfig> {
        Ok(SparsityConfig {
            method: self.method.resolve(gradient_steps, s)?,
            sparsity: self.sparsity,
            distribution: self.distribution,
            pattern: self.pattern,
            layers: self.layers,
            sparsity_aware_init: self.sparsity_aware_init,
            compute: self.compute.resolve(),
        })
    }
}
