//! What a config says of how its results are compared: `baseline` and `normalise`.

use std::collections::BTreeMap;

use crate::keys::{Checked, Problem, nearest};
use crate::names::{likely_variant, stands_for};
use crate::normalise::{Bounds, Normalise, Table};
use crate::registry::rows;
use crate::variant::Variant;
use crate::yaml::{Node, Number, Value};

/// The variant that others are compared with.
pub fn read_baseline(node: Option<&Node>, variants: &[Variant]) -> Checked<Option<String>> {
    let Some(node) = node.filter(|node| node.value != Value::Null) else { return Ok(None) };
    let names = || variants.iter().map(|variant| variant.at.name.as_str());
    let wrong = |found: String, hint: &str| {
        let allowed = format!("a variant: one of {}", names().collect::<Vec<_>>().join("; "));
        Problem::at(node, "baseline", found, allowed, hint)
    };
    match &node.value {
        Value::Text(name) if names().any(|known| stands_for(name, known)) => Ok(Some(name.clone())),
        Value::Text(name) => {
            let hint = likely_variant(name, names()).unwrap_or("remove it");
            Err(wrong(format!("the unknown variant {name}"), hint))
        }
        other => Err(wrong(other.to_string(), "remove it")),
    }
}

/// `human`, `paper`, `d4rl`, `min_max` or `max`; or ends of one's own: `{CartPole-v1: {low: 0, high: 500}}`. Where a config is
/// `scaled`, envs that this scale has not are left out, if there are such envs at all.
pub fn read_normalise(
    node: Option<&Node>,
    variants: &[Variant],
    scaled: bool,
) -> Checked<Option<Normalise>> {
    let Some(node) = node.filter(|node| node.value != Value::Null) else { return Ok(None) };
    let tables = Table::ALL.iter().map(|(name, _)| *name);
    let allowed = || {
        let names = Table::ALL.map(|(name, _)| name).join(", ");
        format!("one of {names}, or by the id of an env the two ends of its scale")
    };
    let example = "CartPole-v1: {low: 0, high: 500}";
    match (&node.value, node.entries()) {
        (Value::Text(name), _) => match Table::ALL.iter().find(|(known, _)| known == name) {
            Some((_, table)) => Ok(Some(Normalise { by: Some(*table), ..Normalise::default() })),
            None => {
                let hint = nearest(name, tables).unwrap_or(example);
                Err(Problem::at(node, "normalise", name, allowed(), hint))
            }
        },
        (_, Some(entries)) => {
            let here = |env: &str| variants.iter().any(|variant| variant.at.env == env);
            let elsewhere = |env: &str| scaled && rows().find_env(env).is_some();
            let own = entries.iter().filter(|(env, _)| here(env) || !elsewhere(env));
            let own = own.map(|(env, ends)| bounds(env, ends, variants));
            let own: BTreeMap<String, Bounds> = own.collect::<Checked<_>>()?;
            Ok(Some(Normalise { own, ..Normalise::default() }))
        }
        (other, None) => Err(Problem::at(node, "normalise", other.to_string(), allowed(), example)),
    }
}

fn bounds(env: &str, node: &Node, variants: &[Variant]) -> Checked<(String, Bounds)> {
    let key = format!("normalise.{env}");
    let envs = || variants.iter().map(|variant| variant.at.env.as_str());
    if !envs().any(|known| known == env) {
        let mut known: Vec<_> = envs().collect();
        known.dedup();
        let hint = nearest(env, envs()).unwrap_or("remove it");
        let allowed = format!("an env of this config: {}", known.join(", "));
        return Err(Problem::at(node, key, format!("the env {env}"), allowed, hint));
    }
    let number = |name: &str| match node.get(name)?.value.number()? {
        Number::Whole(n) => Some(n as f64),
        Number::Real(x) => Some(x),
    };
    let only = node
        .entries()
        .is_some_and(|entries| entries.iter().all(|(name, _)| name == "low" || name == "high"));
    match (number("low"), number("high")) {
        (Some(low), Some(high)) if only && low < high && (high - low).is_finite() => {
            Ok((env.to_owned(), Bounds { low, high }))
        }
        _ => {
            let told = |(name, below): &(String, Node)| format!("{name}: {}", below.value);
            let found = match node.entries() {
                Some(entries) if !entries.is_empty() => {
                    entries.iter().map(told).collect::<Vec<_>>().join(", ")
                }
                Some(_) | None => node.value.to_string(),
            };
            let allowed = "two numbers, low below high";
            Err(Problem::at(node, key, found, allowed, "{low: 0, high: 500}"))
        }
    }
}
