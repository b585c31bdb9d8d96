//! `scale` and `scales`: one config in several sizes, each laid over it before all else.

use crate::config::sections::kinded;
use crate::keys::{Checked, Problem, nearest, not_a_section};
use crate::yaml::{Node, Origin, Value};

const KEY: &str = "scale";
const ALL: &str = "scales";

/// Keys of which a scale, or `--set`, leaves out what it gives null.
pub const LEFT_OUT: [&str; 4] = ["variants", "sweep", "normalise", "claims"];

/// `document` with that of its scales laid over it which the last of the `arguments` of `--set` chooses, or its own key.
pub fn chosen(document: Node, arguments: &[String]) -> Checked<Node> {
    let typed = arguments.iter().rev().find_map(|argument| {
        let (_, name) = argument.split_once('=').filter(|(key, _)| key.trim() == KEY)?;
        let origin = Origin::Argument(format!("--set {argument}"));
        Some(Node { value: Value::Text(name.trim().to_owned()), origin })
    });
    let choice = typed.or_else(|| document.get(KEY).cloned());
    let written = document.get(ALL).filter(|all| all.value != Value::Null);
    let (all, choice) = match (written, choice) {
        (None, None) => return Ok(document),
        (None, Some(choice)) => {
            let (found, allowed) =
                (choice.value.to_string(), "no scale in a config without scales");
            return Err(Problem::at(&choice, KEY, found, allowed, "remove it"));
        }
        (Some(all), choice) => (all, choice),
    };
    let Some(entries) = all.entries() else { return Err(not_a_section(all, ALL)) };
    let names = || entries.iter().map(|(name, _)| name.as_str());
    let allowed = || format!("one of {}", names().collect::<Vec<_>>().join(", "));
    let first = || names().next().unwrap_or_default().to_owned();
    let Some(choice) = choice else {
        let hint = format!("scale: {}", first());
        return Err(Problem::at(all, ALL, "scales of which none is chosen", allowed(), hint));
    };
    let name = named_by(&choice);
    let Some((_, scale)) = entries.iter().find(|(known, _)| *known == name) else {
        let hint = nearest(&name, names()).map_or_else(first, str::to_owned);
        return Err(Problem::at(&choice, KEY, name, allowed(), hint));
    };
    if scale.entries().is_none() {
        return Err(not_a_section(scale, &format!("{ALL}.{name}")));
    }
    if let Some(key) = [KEY, ALL, "name"].iter().find(|key| scale.get(key).is_some()) {
        let (found, allowed) = (format!("the key {key}"), "what a config has but for its name");
        return Err(Problem::at(scale, format!("{ALL}.{name}"), found, allowed, "remove it"));
    }
    let mut laid = kinded().overlay(&document, scale);
    if let Value::Map(entries) = &mut laid.value {
        let is_null = |key: &str| scale.get(key).is_some_and(|said| said.value == Value::Null);
        entries.retain(|(key, _)| {
            key != KEY && key != ALL && !(LEFT_OUT.contains(&key.as_str()) && is_null(key))
        });
        for (key, below) in entries.iter_mut().filter(|(key, _)| LEFT_OUT.contains(&key.as_str())) {
            let is_left_out = |name: &str| {
                let said = scale.get(key).and_then(|of_scale| of_scale.get(name));
                said.is_some_and(|said| said.value == Value::Null)
            };
            if let Value::Map(named) = &mut below.value {
                named.retain(|(name, _)| !is_left_out(name));
            }
        }
        entries.push((KEY.to_owned(), choice));
    }
    Ok(Node { origin: document.origin, ..laid })
}

/// The name of a run at the scale of `document`, so that another scale has a folder of its own.
pub fn named(name: String, document: &Node) -> String {
    match document.get(KEY) {
        Some(scale) => format!("{name}-{}", named_by(scale)),
        None => name,
    }
}

fn named_by(choice: &Node) -> String {
    match &choice.value {
        Value::Text(name) => name.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    const TEXT: &str = "seeds: [1]\ntrain: {x: 1, y: 2}\nscale: small\nscales:\n  small: {train: {x: 3}}\n  full: {seeds: [1, 2]}";

    fn node(text: &str) -> Node {
        parse(text, &|_| Origin::Absent).unwrap()
    }

    #[test]
    fn the_chosen_one_is_laid_over_the_rest() {
        let small = chosen(node(TEXT), &[]).unwrap();
        assert_eq!(small, node("seeds: [1]\ntrain: {x: 3, y: 2}\nscale: small"));
        assert_eq!(named("a".to_owned(), &small), "a-small");
        let full = chosen(node(TEXT), &["scale=small".to_owned(), "scale = full".to_owned()]);
        assert_eq!(full.unwrap().get("seeds"), node("seeds: [1, 2]").get("seeds"));
        for key in LEFT_OUT {
            let text = format!(
                "{key}: {{a: {{}}, b: {{}}}}\nscale: s\nscales: {{s: {{{key}: {{a: null}}}}}}"
            );
            let fewer = chosen(node(&text), &[]).unwrap();
            assert_eq!(fewer.get(key), node(&format!("{key}: {{b: {{}}}}")).get(key));
            let none = text.replace("{a: null}", "null");
            assert_eq!(chosen(node(&none), &[]).unwrap().get(key), None);
        }
        let plain = chosen(node("seeds: [1]"), &["train.x=2".to_owned()]).unwrap();
        assert_eq!(named("a".to_owned(), &plain), "a");
    }

    #[test]
    fn what_is_no_scale_is_refused() {
        let refused = |text: &str, arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
            chosen(node(text), &arguments).unwrap_err()
        };
        let unknown = refused(TEXT, &["scale=ful"]);
        assert_eq!(
            (unknown.allowed.as_str(), unknown.hint.as_str()),
            ("one of small, full", "full")
        );
        assert!(refused("seeds: 1", &["scale=full"]).allowed.contains("without scales"));
        assert!(refused("scales: {a: {}}", &[]).hint.contains("scale: a"));
        assert!(refused("scale: a\nscales: {a: {name: x}}", &[]).found.contains("name"));
        assert_eq!(refused("scale: a\nscales: 3", &[]).key, "scales");
        assert_eq!(refused("scale: a\nscales: {a: [1]}", &[]).key, "scales.a");
    }
}
