//! From a YAML file to a [`Plan`]: as typed → merged and expanded → checked and resolved.
//!
//! Nothing is written before all of this has passed.

mod agent;
mod blame;
mod budget;
pub mod env;
mod file;
mod offline;
mod read;
pub mod sections;
mod sparsity;

use std::collections::BTreeMap;
use std::path::Path;

use sparring_envs::EnvSpec;

use crate::claim::{Claim, read_claims, read_claims_alone};
use crate::comparison::keys::{read_baseline, read_normalise};
use crate::error::{Error, Refusal};
use crate::expand::{Expanded, apply, expand, named, reaches, split_path};
use crate::keys::{
    Checked, MISSING, Problem, Reader, locate, meant, nearest, not_a_section, whole,
};
use crate::normalise::Normalise;
use crate::plan::Plan;
use crate::published::{Published, read_published};
use crate::seeds::{MOST_SEEDS, range};
use crate::variant::Variant;
use crate::yaml::{Node, Origin, Value, nested};
use blame::unmade;

use file::document;
use read::settings;
use sections::{SECTIONS, kinded};

/// Reads `file`, changed by `--set` and `--seeds`, and checks all of it.
pub fn load(file: &Path, set: &[String], seeds: Option<&[u64]>) -> Result<Plan, Error> {
    load_text(file, file::read_text(file)?, set, seeds)
}

/// Reads `text`, which is that of `file`, as [`load`] does.
pub fn load_text(
    file: &Path,
    text: String,
    set: &[String],
    seeds: Option<&[u64]>,
) -> Result<Plan, Error> {
    let shown = file.display().to_string();
    let document = document(&shown, &text, set)?;
    let checked = check(&document, file, set, seeds);
    let Checks { name, seeds, baseline, normalise, published, claims, left_out, variants } =
        checked.map_err(|problems| locate(problems, &shown, &text))?;
    let (file, set) = (file.to_path_buf(), set.to_vec());
    Ok(Plan {
        name,
        file,
        text,
        set,
        seeds,
        baseline,
        normalise,
        published,
        claims,
        left_out,
        variants,
    })
}

/// The claims of `file`: the section of that name of a config, or of a file that has no other.
pub fn load_claims(file: &Path) -> Result<BTreeMap<String, Claim>, Error> {
    let (shown, text) = (file.display().to_string(), file::read_text(file)?);
    let document = document(&shown, &text, &[])?;
    let mut reader = Reader::default();
    let Some(section) = document.get("claims") else {
        let hint =
            "claims: {NAME: {says: .., pairs: [[VARIANT, VARIANT]], difference: {at_least: 0}}}";
        let place = format!("{shown}: claims");
        return Err(Refusal::argument(place, MISSING, "a section of claims", hint));
    };
    let known: Vec<_> = AROUND.iter().chain(&SECTIONS).copied().collect();
    unknown_keys(&mut reader, &document, &known);
    let claims = read_claims_alone(&mut reader, section);
    match reader.problems.is_empty() {
        true => Ok(claims),
        false => Err(locate(reader.problems, &shown, &text)),
    }
}

/// The env `id` with the options that `--set` gives it, as the section `env` of a config has them.
pub fn load_env(id: &str, set: &[String]) -> Result<EnvSpec, Error> {
    let typed =
        Node { value: Value::Text(id.to_owned()), origin: Origin::Argument(format!("--env {id}")) };
    let mut document = nested(&["env", "id"], typed);
    for argument in set {
        document = file::set(&document, argument)?;
    }
    let mut reader = Reader::default();
    unknown_keys(&mut reader, &document, &["env"]);
    let section = document.get("env");
    let keys = section.and_then(Node::entries).unwrap_or_default();
    for (key, node) in keys.iter().filter(|(key, _)| key != "id" && key != "options") {
        let found = format!("the unknown key {key}, where nothing is trained");
        reader.refuse(*Problem::at(node, format!("env.{key}"), found, "id, options", "remove it"));
    }
    match env::read(&mut reader, section, id) {
        Some((_, spec)) if reader.problems.is_empty() => Ok(spec),
        _ => Err(locate(reader.problems, "--env", "")),
    }
}

/// What a config says, checked.
struct Checks {
    name: String,
    seeds: Vec<u64>,
    baseline: Option<String>,
    normalise: Option<Normalise>,
    published: Option<Published>,
    claims: BTreeMap<String, Claim>,
    left_out: Vec<String>,
    variants: Vec<Variant>,
}

/// The keys of a config beside its sections.
const AROUND: [&str; 11] = [
    "name",
    "seeds",
    "variant",
    "scale",
    "baseline",
    "normalise",
    "published",
    "claims",
    "variants",
    "sweep",
    "when",
];

fn check(
    document: &Node,
    file: &Path,
    set: &[String],
    seeds: Option<&[u64]>,
) -> Result<Checks, Vec<Problem>> {
    let mut reader = Reader::default();
    let known: Vec<_> = AROUND[..2].iter().chain(&SECTIONS).chain(&AROUND[2..]).copied().collect();
    unknown_keys(&mut reader, document, &known);
    let stem = file.file_stem().map_or("run".into(), |stem| stem.to_string_lossy().into_owned());
    let name = keep(&mut reader, read_name(document, "name", stem)).unwrap_or_default();
    let name = named(name, document);
    let only = keep(&mut reader, read_name(document, "variant", "base".into())).unwrap_or_default();
    let seeds = match seeds {
        Some(seeds) => seeds.to_vec(),
        None => keep(&mut reader, read_seeds(document.get("seeds"))).unwrap_or_default(),
    };
    let present =
        SECTIONS.iter().filter_map(|key| Some(((*key).into(), document.get(key)?.clone())));
    let base = Node { value: Value::Map(present.collect()), origin: document.origin.clone() };
    let (variants, sweep) = (document.get("variants"), document.get("sweep"));
    let narrowed = document.get("scale").is_some() || !set.is_empty();
    let mut expanded =
        keep(&mut reader, expand(&base, variants, sweep, kinded())).unwrap_or_default();
    // Of what cannot be expanded no clause can be met.
    if !expanded.is_empty() {
        keep(&mut reader, apply(document.get("when"), &mut expanded, kinded(), narrowed));
    }
    if let [one] = expanded.as_mut_slice()
        && one.name == "base"
    {
        one.name = only;
    }
    let names = variants.and_then(Node::entries).unwrap_or_default();
    let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
    for argument in set {
        keep(&mut reader, check_reached(argument, &names, &expanded));
    }
    if !set.is_empty() && !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let variants = read_variants(&mut reader, &expanded, variants.map(|_| &base));
    // Of variants that cannot be read there are no names.
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let of = |key: &str| document.get(key);
    let baseline = keep(&mut reader, read_baseline(of("baseline"), &variants)).flatten();
    let scaled = of("scale").is_some();
    let normalise = keep(&mut reader, read_normalise(of("normalise"), &variants, scaled)).flatten();
    let published =
        keep(&mut reader, read_published(of("published"), &variants, narrowed)).flatten();
    let (claims, left_out) = read_claims(&mut reader, of("claims"), &variants, scaled);
    match reader.problems.is_empty() {
        true => {
            Ok(Checks { name, seeds, baseline, normalise, published, claims, left_out, variants })
        }
        false => Err(reader.problems),
    }
}

/// The variants, of which each differs from the others and from the `base` of those that have one. Only one that is
/// written as `{}` may be the base itself: a control.
fn read_variants(reader: &mut Reader, expanded: &[Expanded], base: Option<&Node>) -> Vec<Variant> {
    let mut all: Vec<Variant> = Vec::new();
    let unchanged = base.and_then(|base| settings(&mut Reader::default(), base));
    for one in expanded {
        let Some((chosen, spec)) = settings(reader, &one.tree) else { continue };
        let equal = |blamed: &Node, equal: &str, reader: &mut Reader| {
            // Under a sweep one variant is equal many times over.
            if !reader.problems.iter().any(|problem| problem.origin == blamed.origin) {
                reader.refuse(*changes_nothing(one, blamed, equal));
            }
        };
        let is_control = one.variant.entries().is_some_and(|entries| entries.is_empty());
        if !is_control && unchanged.as_ref().is_some_and(|(base, _)| *base == chosen) {
            equal(&one.variant, "the base", reader);
        } else if let Some(other) = all.iter().find(|other| other.settings == chosen) {
            let same = expanded.iter().find(|earlier| earlier.name == other.at.name);
            let of_its_own = same.is_some_and(|same| same.variant != one.variant);
            equal(if of_its_own { &one.variant } else { &one.cause }, &other.at.name, reader);
        } else {
            let (name, of, axes) = (one.name.clone(), one.of.clone(), one.axes.clone());
            let spec_of = spec.clone();
            let variant = Variant::new(name, of, axes, (chosen, spec), &all);
            all.extend(keep(reader, variant.map_err(|error| unmade(&one.tree, &spec_of, error))));
        }
    }
    all
}

fn keep<T>(reader: &mut Reader, checked: Checked<T>) -> Option<T> {
    checked.map_err(|problem| reader.refuse(*problem)).ok()
}

/// Refuses the keys of the whole config that are not `known`. `x-…` and `shared` are for anchors.
fn unknown_keys(reader: &mut Reader, document: &Node, known: &[&str]) {
    let Some(entries) = document.entries() else {
        return reader.refuse(*not_a_section(document, ""));
    };
    let is_known = |key: &str| known.contains(&key) || key.starts_with("x-") || key == "shared";
    for (key, node) in entries.iter().filter(|(key, _)| !is_known(key)) {
        let hint = meant("", key, known)
            .or_else(|| nearest(key, known.iter().copied()).map(str::to_owned))
            .unwrap_or_else(|| "remove it; anchors stand below shared or x-…".to_owned());
        let found = format!("the unknown key {key}");
        reader.refuse(*Problem::at(node, key, found, known.join(", "), hint));
    }
}

/// A text that can name a folder.
fn read_name(document: &Node, key: &str, otherwise: String) -> Checked<String> {
    let Some(node) = document.get(key) else { return Ok(otherwise) };
    let Value::Text(name) = &node.value else {
        return Err(Problem::at(node, key, node.value.to_string(), "a text", otherwise));
    };
    if name.is_empty() {
        return Err(Problem::at(
            node,
            key,
            "an empty text",
            "a text that can name a folder",
            otherwise,
        ));
    }
    if name.contains(['/', '\\']) || name.starts_with('.') {
        let hint = name.replace(['/', '\\', '.'], "-");
        return Err(Problem::at(node, key, name, "a text that can name a folder", hint));
    }
    Ok(name.clone())
}

fn changes_nothing(one: &Expanded, blamed: &Node, equal: &str) -> Box<Problem> {
    let found = format!("the variant {}, which is equal to {equal}", one.name);
    let hint =
        "change a key, or remove it; what only some variants have belongs in them, not in the base";
    Problem::at(blamed, &one.name, found, "variants that differ", hint)
}

/// A `--set` that every variant overrules would be silently without effect.
fn check_reached(argument: &str, variants: &[&str], expanded: &[Expanded]) -> Checked<()> {
    let place = format!("--set {argument}");
    let path = argument.split('=').next().unwrap_or_default();
    let in_section = split_path(path, variants).first().is_some_and(|key| SECTIONS.contains(key));
    if !in_section || expanded.is_empty() || reaches(&place, expanded) {
        return Ok(());
    }
    let node = Node { value: Value::Null, origin: Origin::Argument(place) };
    let found = "a value that every variant or sweep axis overrules, or whose key its kind has not";
    let hint = format!("--set variants.<name>.{argument}");
    Err(Problem::at(&node, path, found, "a value that at least one job has", hint))
}

/// `[1, 2, 3]`, `1..10` with both ends, or one number.
fn read_seeds(node: Option<&Node>) -> Checked<Vec<u64>> {
    let allowed = "a list of whole numbers, each once, such as [1, 2, 3], a range such as 1..10, or one number";
    let Some(node) = node else { return Ok(vec![1]) };
    let wrong =
        |node: &Node, found: String| Problem::at(node, "seeds", found, allowed, "[1, 2, 3]");
    let items = match &node.value {
        Value::List(items) if items.is_empty() => {
            return Err(wrong(node, "an empty list".to_owned()));
        }
        Value::List(items) if items.len() as u64 > MOST_SEEDS => {
            return Err(wrong(node, format!("{} seeds", items.len())));
        }
        Value::List(items) => items,
        Value::Text(text) if text.contains("..") => {
            let seeds = range(text).unwrap_or_else(|| Err(node.value.to_string()));
            return seeds.map_err(|found| wrong(node, found));
        }
        one => {
            let seed = whole(one).ok_or_else(|| wrong(node, node.value.to_string()))?;
            return Ok(vec![seed]);
        }
    };
    let mut seeds = Vec::new();
    for item in items {
        let seed = whole(&item.value).ok_or_else(|| wrong(item, item.value.to_string()))?;
        if seeds.contains(&seed) {
            let found = format!("{seed} a second time");
            return Err(Problem::at(item, "seeds", found, allowed, "remove it"));
        }
        seeds.push(seed);
    }
    Ok(seeds)
}
