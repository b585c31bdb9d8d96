//! From a YAML file to a [`Plan`]: as typed → merged and expanded → checked and resolved.
//!
//! Nothing is written before all of this has passed.

pub mod agent;
mod bounds;
mod compute;
mod diagnostics;
mod env;
mod expand;
pub mod method;
mod overlay;
mod plan;
mod problem;
mod section;
pub mod settings;
pub mod sparsity;

use std::fs;
use std::path::Path;

use section::Section;
use sparring_envs::EnvSpec;

use crate::error::{Error, Refusal};
use crate::yaml::{self, Node, Origin, Value};
use expand::{Expanded, SECTIONS, expand, reaches};
use overlay::{nested, overlay, split_path};
use problem::{Checked, Problem};
use settings::Settings;

pub use plan::{Job, Plan, Variant};
pub use problem::nearest;

/// Reads `file`, changed by `--set` and `--seeds`, and checks all of it.
pub fn load(file: &Path, set: &[String], seeds: Option<&[u64]>) -> Result<Plan, Error> {
    let shown = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| unreadable(&shown, &error))?;
    let mut document = parse_file(&shown, &text)?;
    for argument in set {
        document = overlay(&document, &parse_set(argument, &document)?);
    }
    check(&document, file, set, seeds)
        .map(|(name, seeds, variants)| Plan {
            name,
            file: file.to_path_buf(),
            text: text.clone(),
            set: set.to_vec(),
            seeds,
            variants,
        })
        .map_err(|problem| (*problem).locate(&shown, &text))
}

/// The env `id` with the options that `--set` gives it, as the section `env` of a config has them.
pub fn load_env(id: &str, set: &[String]) -> Result<EnvSpec, Error> {
    let typed =
        Node { value: Value::Text(id.to_owned()), origin: Origin::Argument(format!("--env {id}")) };
    let mut document = nested(&["env", "id"], typed);
    for argument in set {
        document = overlay(&document, &parse_set(argument, &document)?);
    }
    read_env(&document, id).map_err(|problem| (*problem).locate("--env", ""))
}

fn read_env(document: &Node, id: &str) -> Checked<EnvSpec> {
    let mut top = Section::new("", Some(document))?;
    let mut section = top.section("env")?;
    section.text("id", section::Otherwise::Required(id.to_owned()))?;
    top.finish()?;
    let (_, spec) = env::read(&mut section, id)?;
    section.finish()?;
    Ok(spec)
}

fn unreadable(file: &str, error: &std::io::Error) -> Error {
    let hint = "the path of a config, such as configs/quickstart.yaml";
    Refusal::argument(file, error.to_string(), "a readable file of UTF-8 text", hint)
}

fn parse_file(file: &str, text: &str) -> Result<Node, Error> {
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
                let key = yaml::display_path(&path);
                let found = format!("the key a second time; the first is in line {first}");
                Refusal::argument(
                    format!("{file}{line}: {key}"),
                    found,
                    "every key once",
                    "remove one of the two",
                )
            }
            None => Refusal::argument(
                format!("{file}{line}"),
                error.message,
                "one YAML document",
                "check indentation, brackets and quotes near this line",
            ),
        }
    })
}

/// `key=value`, the value in YAML, as a tree to lay over `document`.
fn parse_set(argument: &str, document: &Node) -> Result<Node, Error> {
    let place = format!("--set {argument}");
    let refused = |found: &str, allowed: &str| {
        Refusal::argument(&place, found, allowed, "--set agent.learning_rate=1e-3")
    };
    let (path, value) =
        argument.split_once('=').ok_or_else(|| refused("no = sign", "key=value"))?;
    let steps = split_path(path.trim());
    if steps.iter().any(|step| step.is_empty()) {
        return Err(refused(path, "a path of keys joined by dots"));
    }
    if let ["variants", name, _, ..] = steps[..] {
        let variants = document.get("variants").and_then(Node::entries).unwrap_or_default();
        let names = || variants.iter().map(|(name, _)| name.as_str());
        if !names().any(|known| known == name) {
            let found = format!("the unknown variant {name}");
            let allowed = format!("one of {}", names().collect::<Vec<_>>().join(", "));
            let hint = nearest(name, names()).unwrap_or("a variant of the config");
            return Err(Refusal::argument(place, found, allowed, hint));
        }
    }
    let value = if value.trim().is_empty() { "null" } else { value };
    let origin = |_: &[yaml::Step]| Origin::Argument(place.clone());
    let value = yaml::parse(value, &origin)
        .map_err(|error| refused(&error.message, "a YAML value after the = sign"))?;
    Ok(nested(&steps, value))
}

fn check(
    document: &Node,
    file: &Path,
    set: &[String],
    seeds: Option<&[u64]>,
) -> Checked<(String, Vec<u64>, Vec<Variant>)> {
    let stem = file.file_stem().map_or("run".into(), |stem| stem.to_string_lossy().into_owned());
    let mut top = Section::new("", Some(document))?;
    let name = top.text("name", section::Otherwise::Default(stem))?;
    let typed_seeds = top.node("seeds");
    let sections: Vec<_> = SECTIONS.iter().map(|key| (*key, top.node(key))).collect();
    let (variants, sweep) = (top.node("variants"), top.node("sweep"));
    top.finish()?;
    if name.contains(['/', '\\']) || name.starts_with('.') {
        let hint = name.replace(['/', '\\', '.'], "-");
        return Err(top.problem("name", &name, "a text that can name a folder", &hint));
    }
    let seeds = match seeds {
        Some(seeds) => seeds.to_vec(),
        None => read_seeds(typed_seeds)?,
    };

    let present =
        sections.into_iter().filter_map(|(key, node)| Some((key.to_owned(), node?.clone())));
    let base = Node { value: Value::Map(present.collect()), origin: document.origin.clone() };
    let expanded = expand(&base, variants, sweep)?;
    for argument in set {
        check_reached(argument, &expanded)?;
    }
    let mut all: Vec<Variant> = Vec::new();
    let unchanged = variants.and_then(|_| Settings::read(&base).ok());
    for one in &expanded {
        let (settings, spec) = Settings::read(&one.tree)?;
        if unchanged.as_ref().is_some_and(|(base, _)| *base == settings) {
            return Err(changes_nothing(one, &one.variant, "the base"));
        }
        if let Some(at) = all.iter().position(|other| other.settings == settings) {
            let of_its_own = expanded[at].variant != one.variant;
            let blamed = if of_its_own { &one.variant } else { &one.cause };
            return Err(changes_nothing(one, blamed, &all[at].name));
        }
        let variant = Variant::new(&one.name, &one.tree, settings, spec, &all)?;
        all.push(variant);
    }
    Ok((name, seeds, all))
}

fn changes_nothing(one: &Expanded, blamed: &Node, equal: &str) -> Box<Problem> {
    let found = format!("the variant {}, which is equal to {equal}", one.name);
    let hint =
        "change a key, or remove it; what only some variants have belongs in them, not in the base";
    Problem::at(blamed, &one.name, found, "variants that differ", hint)
}

/// A `--set` that every variant overrules would be silently without effect.
fn check_reached(argument: &str, expanded: &[Expanded]) -> Checked<()> {
    let place = format!("--set {argument}");
    let path = argument.split('=').next().unwrap_or_default();
    let in_section = SECTIONS.contains(&split_path(path)[0]);
    if !in_section || reaches(&place, expanded) {
        return Ok(());
    }
    let node = Node { value: Value::Null, origin: Origin::Argument(place) };
    let found = "a value that every variant or sweep axis overrules, or whose key its kind has not";
    let hint = format!("--set variants.<name>.{argument}");
    Err(Problem::at(&node, path, found, "a value that at least one job has", hint))
}

fn read_seeds(node: Option<&Node>) -> Checked<Vec<u64>> {
    let allowed = "a list of whole numbers, each once, such as [1, 2, 3]";
    let Some(node) = node else { return Ok(vec![1]) };
    let items = match &node.value {
        Value::List(items) if !items.is_empty() => items,
        Value::List(_) => {
            return Err(Problem::at(node, "seeds", "an empty list", allowed, "[1, 2, 3]"));
        }
        other => return Err(Problem::at(node, "seeds", other.to_string(), allowed, "[1, 2, 3]")),
    };
    let mut seeds = Vec::new();
    for item in items {
        let seed = section::whole(&item.value).ok_or_else(|| {
            Problem::at(item, "seeds", item.value.to_string(), allowed, "[1, 2, 3]")
        })?;
        if seeds.contains(&seed) {
            let found = format!("{seed} a second time");
            return Err(Problem::at(item, "seeds", found, allowed, "remove it"));
        }
        seeds.push(seed);
    }
    Ok(seeds)
}
