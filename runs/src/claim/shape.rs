//! How a claim has to be written, key by key, so that a mistake is told where it stands.

use crate::keys::{Checked, Problem, likely};
use crate::yaml::{Node, Number, Value};

const KEYS: [&str; 6] = ["says", "pairs", "of", "ratio", "difference", "paper"];
const BOUNDS: [&str; 3] = ["at_least", "at_most", "within"];
const MEASURES: [&str; 4] = ["return", "forward_flops", "training_flops", "active"];
const MEASURED_BY: [&str; 3] = ["under", "kept", "metric"];

/// A claim that is well written.
pub const EXAMPLE: &str =
    "{says: one beats other, pairs: [[one, other]], difference: {at_least: 0}}";

/// Refuses a claim `node`, below `key`, whose parts are not of the form that they have to have.
pub fn check(key: &str, node: &Node) -> Checked<()> {
    let Some(entries) = node.entries() else {
        let allowed = format!("a section of {}", KEYS.join(", "));
        return Err(Problem::at(node, key, node.value.to_string(), allowed, EXAMPLE));
    };
    for (name, below) in entries {
        let key = format!("{key}.{name}");
        match name.as_str() {
            "says" | "paper" => is_text(&key, below)?,
            "pairs" => pairs(&key, below)?,
            "of" => measure(&key, below)?,
            "ratio" | "difference" => bound(&key, below)?,
            other => {
                let hint = likely(other, KEYS).first().copied().unwrap_or("remove it");
                let found = format!("the unknown key {other}");
                return Err(Problem::at(below, key, found, KEYS.join(", "), hint));
            }
        }
    }
    Ok(())
}

fn is_text(key: &str, node: &Node) -> Checked<()> {
    match &node.value {
        Value::Text(_) => Ok(()),
        other => Err(Problem::at(node, key, other.to_string(), "words", "words in quotes")),
    }
}

fn pairs(key: &str, node: &Node) -> Checked<()> {
    let wrong = |node: &Node| {
        let allowed =
            "a list of pairs of variants, each by its name or as {variant: NAME, AXIS: VALUE}";
        Err(Problem::at(node, key, node.value.to_string(), allowed, "pairs: [[one, other]]"))
    };
    let Value::List(all) = &node.value else { return wrong(node) };
    for pair in all {
        let Value::List(pair_of) = &pair.value else { return wrong(pair) };
        if pair_of.len() != 2 {
            return wrong(pair);
        }
        for one in pair_of {
            let is_named = match &one.value {
                Value::Text(_) => true,
                Value::Map(_) => {
                    one.get("variant").is_some_and(|name| matches!(name.value, Value::Text(_)))
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => false,
            };
            if !is_named {
                return wrong(one);
            }
        }
    }
    Ok(())
}

fn measure(key: &str, node: &Node) -> Checked<()> {
    let allowed = format!("{}, or {{under: …}}, {{kept: …}}, {{metric: TAG}}", MEASURES.join(", "));
    let known = || MEASURES.into_iter().chain(MEASURED_BY);
    let (typed, is_known) = match &node.value {
        Value::Text(text) => (text.as_str(), MEASURES.contains(&text.as_str())),
        Value::Map(entries) => match entries.as_slice() {
            [(name, below)] if MEASURED_BY.contains(&name.as_str()) => {
                return measured_by(&format!("{key}.{name}"), name, below);
            }
            [(name, _)] => (name.as_str(), false),
            [..] => ("", false),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => ("", false),
    };
    if is_known {
        return Ok(());
    }
    let hint = likely(typed, known()).first().copied().unwrap_or("return");
    Err(Problem::at(node, key, told(node), allowed, hint))
}

/// What is to stand below the measure `name`.
fn measured_by(key: &str, name: &str, node: &Node) -> Checked<()> {
    let options = |node: &Node| matches!(node.value, Value::Map(_));
    let (is_right, allowed) = match name {
        "metric" => {
            (matches!(node.value, Value::Text(_)), "a tag of metrics.csv, such as losses/td")
        }
        "kept" => {
            let both = ["under", "of"].map(|part| node.get(part).is_some_and(options));
            let only = node.entries().is_some_and(|entries| entries.len() == 2);
            (only && both == [true; 2], "under and of, each with options of the env")
        }
        _ => (options(node), "options of the env, such as noise_sigma: 10"),
    };
    match is_right {
        true => Ok(()),
        false => Err(Problem::at(node, key, told(node), allowed, "of: return")),
    }
}

fn bound(key: &str, node: &Node) -> Checked<()> {
    let typed = match node.entries() {
        Some([(name, number)]) => {
            let is_finite = match number.value.number() {
                Some(Number::Real(number)) => number.is_finite(),
                Some(Number::Whole(_)) => true,
                None => false,
            };
            if BOUNDS.contains(&name.as_str()) && is_finite {
                return Ok(());
            }
            name.as_str()
        }
        Some(_) | None => "",
    };
    let hint = likely(typed, BOUNDS).first().copied().unwrap_or("at_least");
    let allowed = format!("one of {}, with a finite number", BOUNDS.join(", "));
    Err(Problem::at(node, key, told(node), allowed, format!("{{{hint}: 0}}")))
}

/// What is typed, the keys of a section by their names.
fn told(node: &Node) -> String {
    let Some(entries) = node.entries() else { return node.value.to_string() };
    let all: Vec<String> =
        entries.iter().map(|(name, below)| format!("{name}: {}", below.value)).collect();
    all.join(", ")
}
