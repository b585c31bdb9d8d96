//! The section `sparsity`.

use std::collections::BTreeMap;

use sparring_sparse::config::{Decay, Distribution, DropGrow, Method, Pruning, SparsityConfig};

use super::bounds::Bounds;
use super::problem::{Checked, Problem};
use super::section::Otherwise::{Default, Required};
use super::section::Section;

/// The methods by name, with one line each.
pub const KINDS: [(&str, Kind, &str); 5] = [
    ("dense", Kind::Dense, "every weight is active: the baseline"),
    ("static", Kind::Static, "a random topology, drawn once, that never changes"),
    ("set", Kind::Set, "drop the smallest weights, grow at random (Mocanu et al. 2018)"),
    (
        "rigl",
        Kind::Rigl,
        "drop the smallest weights, grow where the dense gradient is largest (Evci et al. 2020)",
    ),
    (
        "pruning",
        Kind::Pruning,
        "from dense, remove the smallest weights on a cubic schedule (Zhu & Gupta 2018)",
    ),
];

/// A method, before its numbers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// See [`Method::Dense`].
    Dense,
    /// See [`Method::Static`].
    Static,
    /// See [`Method::Set`].
    Set,
    /// See [`Method::Rigl`].
    Rigl,
    /// See [`Method::Pruning`].
    Pruning,
}

/// The section as typed: times are fractions of a run whose length is not yet known.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    method: TypedMethod,
    sparsity: f64,
    distribution: Distribution,
    layers: BTreeMap<String, f64>,
    sparsity_aware_init: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum TypedMethod {
    Dense,
    Static,
    DropGrow { rigl: bool, every: u64, until: f64, drop_fraction: f64, decay: Decay },
    Pruning { every: u64, from: f64, until: f64 },
}

const INTERVAL: u64 = 1_000;
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
            method: TypedMethod::Dense,
            sparsity: 0.0,
            distribution: Distribution::Uniform,
            layers: BTreeMap::new(),
            sparsity_aware_init: false,
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
    let layers = read_layers(s)?;
    // Pruning starts dense, so its weights are drawn as a dense network's (PAPERS 1.9).
    let sparsity_aware_init = kind != Kind::Pruning && s.flag("sparsity_aware_init", true)?;
    let method = match kind {
        Kind::Dense | Kind::Static => TypedMethod::Static,
        Kind::Set | Kind::Rigl => {
            let decays = [
                ("cosine", Decay::Cosine),
                ("linear", Decay::Linear),
                ("constant", Decay::Constant),
            ];
            TypedMethod::DropGrow {
                rigl: kind == Kind::Rigl,
                every: s.whole("update_every_gradient_steps", Default(INTERVAL), 1)?,
                until: s.number("update_until", Default(0.75), Bounds::above_to(0.0, 1.0))?,
                drop_fraction: s.number("drop_fraction", Default(0.5), Bounds::within(0.0, 1.0))?,
                decay: s.choice("drop_schedule", Default("cosine"), &decays)?,
            }
        }
        Kind::Pruning => {
            let every = s.whole("prune_every_gradient_steps", Default(INTERVAL), 1)?;
            let from = s.number("prune_from", Default(0.2), Bounds::below(0.0, 1.0))?;
            let until = s.number("prune_until", Default(0.75), Bounds::above_to(0.0, 1.0))?;
            if until <= from {
                let (found, allowed) =
                    (until.to_string(), format!("more than prune_from = {from}"));
                return Err(s.problem(
                    "prune_until",
                    &found,
                    &allowed,
                    "0.75, with prune_from 0.2",
                ));
            }
            TypedMethod::Pruning { every, from, until }
        }
    };
    Ok(Typed { method, sparsity, distribution, layers, sparsity_aware_init })
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
        let at = |fraction: f64| (fraction * gradient_steps as f64).round() as u64;
        let method = match self.method {
            TypedMethod::Dense => Method::Dense,
            TypedMethod::Static => Method::Static,
            TypedMethod::DropGrow { rigl, every, until, drop_fraction, decay } => {
                let drop_grow = DropGrow { every, until: at(until), drop_fraction, decay };
                if rigl { Method::Rigl(drop_grow) } else { Method::Set(drop_grow) }
            }
            TypedMethod::Pruning { every, from, until } => {
                let (start, last) = (at(from), at(until));
                let times = last.saturating_sub(start) / every;
                if times == 0 {
                    let allowed = format!(
                        "at most {}, the gradient steps from {start} (prune_from) to {last} (prune_until)",
                        last.saturating_sub(start)
                    );
                    let hint =
                        format!("{}, or a longer run", (last.saturating_sub(start) / 20).max(1));
                    let key = "prune_every_gradient_steps";
                    return Err(s.problem(key, &every.to_string(), &allowed, &hint));
                }
                Method::Pruning(Pruning { start, end: start + times * every, every })
            }
        };
        let Self { sparsity, distribution, layers, sparsity_aware_init, .. } = self;
        Ok(SparsityConfig { method, sparsity, distribution, layers, sparsity_aware_init })
    }
}
