//! The text of a config as a tree, and what `--set` changes of it.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::sections::kinded;
use crate::error::{Error, Refusal};
use crate::expand::{LEFT_OUT, chosen, split_path};
use crate::keys::{locate, nearest};
use crate::yaml::{self, Node, Origin, Value, nested};

/// No config is longer.
const MOST_BYTES: u64 = 1 << 20;

/// The text of `file`.
pub fn read_text(file: &Path) -> Result<String, Error> {
    let shown = file.display().to_string();
    let mut text = String::new();
    let read =
        fs::File::open(file).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text));
    match read {
        Err(error) => Err(unreadable(&shown, &error)),
        Ok(_) if text.len() as u64 > MOST_BYTES => {
            let hint = "configs/quickstart.yaml, to see what one looks like";
            Err(Refusal::argument(shown, "more than 1 MiB", "a config, which is shorter", hint))
        }
        // Editors of Windows begin a text with the mark of its encoding.
        Ok(_) => match text.strip_prefix('\u{feff}') {
            Some(text) => Ok(text.to_owned()),
            None => Ok(text),
        },
    }
}

/// The tree of the text of `file`, changed by the arguments `--set`.
pub fn document(file: &str, text: &str, arguments: &[String]) -> Result<Node, Error> {
    let (of_scales, others): (Vec<_>, Vec<_>) =
        arguments.iter().cloned().partition(|argument| argument.starts_with("scales."));
    let mut document = parse(file, text)?;
    for argument in &of_scales {
        document = set(&document, argument)?;
    }
    let laid = chosen(document, &others);
    let mut document = laid.map_err(|problem| locate(vec![*problem], file, text))?;
    for argument in &others {
        document = set(&document, argument)?;
    }
    Ok(document)
}

fn unreadable(file: &str, error: &std::io::Error) -> Error {
    let hint = "the path of a config, such as configs/quickstart.yaml";
    Refusal::argument(file, error.to_string(), "a readable file of UTF-8 text", hint)
}

fn parse(file: &str, text: &str) -> Result<Node, Error> {
    let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(blank) {
        let hint = "start from a copy of configs/quickstart.yaml";
        return Err(Refusal::argument(file, "an empty file", "a config", hint));
    }
    yaml::parse(text, &|path| Origin::File(path.to_vec())).map_err(|error| {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        match error.repeated {
            Some(path) => {
                let first = yaml::line_of(text, &path).unwrap_or_default();
                let place = format!("{file}{line}: {}", yaml::display_path(&path));
                let found = format!("the key a second time; the first is in line {first}");
                Refusal::argument(place, found, "every key once", "remove one of the two")
            }
            None => {
                let hint = "check indentation, brackets and quotes near this line";
                let place = format!("{file}{line}");
                Refusal::argument(place, error.message, "one YAML document", hint)
            }
        }
    })
}

/// `document` with the value of `key=value`, whose value is YAML. All `variants`, or the whole `sweep`, are
/// replaced; what stands in a section is laid over it; and a variant, an axis, an env's scale or a claim that is null is
/// left out.
pub fn set(document: &Node, argument: &str) -> Result<Node, Error> {
    let place = format!("--set {argument}");
    let refused = |found: &str, allowed: &str| {
        Refusal::argument(&place, found, allowed, "--set agent.learning_rate=1e-3")
    };
    let (path, value) =
        argument.split_once('=').ok_or_else(|| refused("no = sign", "key=value"))?;
    let variants = document.get("variants").and_then(Node::entries).unwrap_or_default();
    let names: Vec<_> = variants.iter().map(|(name, _)| name.as_str()).collect();
    let steps = split_path(path.trim(), &names);
    if steps.iter().any(|step| step.is_empty()) {
        return Err(refused(path, "a path of keys joined by dots"));
    }
    if let ["variants", name, _, ..] = steps[..]
        && !names.contains(&name)
    {
        let found = format!("the unknown variant {name}");
        let allowed = format!("one of {}", names.join(", "));
        let hint = nearest(name, names).unwrap_or("a variant of the config");
        return Err(Refusal::argument(place, found, allowed, hint));
    }
    let value = if value.trim().is_empty() { "null" } else { value };
    let origin = |_: &[yaml::Step]| Origin::Argument(place.clone());
    let value = yaml::parse(value, &origin)
        .map_err(|error| refused(&error.message, "a YAML value after the = sign"))?;
    if let ([section, ..], 1 | 2, Value::Null) = (&steps[..], steps.len(), &value.value)
        && LEFT_OUT.contains(section)
    {
        return document.without(&steps).ok_or_else(|| {
            let there = document.get(section).and_then(Node::entries).unwrap_or_default();
            let names: Vec<&str> = there.iter().map(|(name, _)| name.as_str()).collect();
            let found = format!("no {path} that could be left out");
            let hint = nearest(steps[steps.len() - 1], names.iter().copied());
            let allowed = match names.is_empty() {
                true => format!("no {section}, of which the config has none"),
                false => format!("one that the config has: {}", names.join(", ")),
            };
            Refusal::argument(&place, found, allowed, hint.unwrap_or("remove it"))
        });
    }
    let mut below = document.clone();
    if let (["variants" | "sweep"], Value::Map(entries)) = (&steps[..], &mut below.value) {
        entries.retain(|(key, _)| key != steps[0]);
    }
    Ok(kinded().overlay(&below, &nested(&steps, value)))
}
