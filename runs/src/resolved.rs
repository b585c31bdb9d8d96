//! A job as a config: every value that it has, in the keys that are read.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::config::sections::{of_network, shape};
use crate::envs::Mode;
use crate::keys::{Field, Form, Shape};
use crate::plan::{Job, Plan};
use crate::yaml::{self, Node, Number, Origin, Value};

/// The text of a config that plans `job` of `plan` alone.
pub fn resolved(plan: &Plan, job: Job<'_>) -> Result<String, String> {
    let settings = &job.variant.settings;
    let mut entries = vec![
        ("name".to_owned(), text(&plan.name)),
        ("variant".to_owned(), text(&job.variant.at.name)),
        ("seeds".to_owned(), written(&[job.seed])?),
        ("env".to_owned(), written(&settings.env)?),
        ("train".to_owned(), ordered(&serde_json::json!(settings.train), shape("train"))),
        ("eval".to_owned(), ordered(&serde_json::json!(settings.eval), shape("eval"))),
        ("agent".to_owned(), ordered(&serde_json::json!(settings.agent), shape("agent"))),
    ];
    if let Some(data) = &settings.data {
        entries.push(("data".to_owned(), ordered(&serde_json::json!(data), shape("data"))));
    }
    entries.push(("sparsity".to_owned(), sparsity(&settings.sparsity)));
    if let Some(diagnostics) = &settings.diagnostics {
        entries.push(("diagnostics".to_owned(), written(diagnostics)?));
    }
    if let Some(robustness) = &settings.robustness {
        entries.push(("robustness".to_owned(), written(robustness)?));
    }
    entries.push(("checkpoint".to_owned(), written(&settings.checkpoint)?));
    entries.push(("tensorboard".to_owned(), written(&settings.tensorboard)?));
    let axes = job.variant.at.axes.iter().map(|(key, value)| format!(", {key}: {value}"));
    let steps = job.variant.estimate.gradient_steps;
    let waits = match settings.env.mode {
        Mode::Sync => "",
        Mode::Async => "; deterministic: false",
    };
    let axes = axes.collect::<String>();
    let of = format!("# {}{axes}: {steps} gradient steps{waits}", job.path());
    let text = yaml::to_text(&map(entries))?;
    Ok(format!("{of}\n{IDENTITY}{}\n{text}", job.identity()))
}

/// The begin of the line that tells a job's identity.
const IDENTITY: &str = "# job ";

/// The identity that the text of a job's `resolved.yaml` tells.
pub fn identity_of(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix(IDENTITY))
}

/// The section, with those of an actor and its critics where it has them.
fn sparsity(section: &Json) -> Node {
    let mut node = ordered(section, shape("sparsity"));
    if let Value::Map(entries) = &mut node.value {
        for (_, below) in entries.iter_mut().filter(|(key, _)| key == "actor" || key == "critic") {
            *below = ordered(&below.to_json(), of_network(false));
        }
    }
    node
}

fn map(entries: Vec<(String, Node)>) -> Node {
    Node { value: Value::Map(entries), origin: Origin::Absent }
}

fn text(text: &str) -> Node {
    Node { value: Value::Text(text.to_owned()), origin: Origin::Absent }
}

/// What serde makes of a struct, in its order.
fn written<T: Serialize>(value: &T) -> Result<Node, String> {
    yaml::parse(&yaml::to_text(value)?, &|_| Origin::Absent).map_err(|error| error.message)
}

/// The keys of `value` in the order of `shape`, without those that are null by default.
fn ordered(value: &Json, shape: &Shape) -> Node {
    let empty = Map::new();
    let entries = value.as_object().unwrap_or(&empty);
    let value = match (&shape.form, value) {
        (Form::Section(fields), Json::Object(_)) => return map(keys(entries, fields)),
        (Form::Kinds(kinds), Json::Object(_)) => {
            let name = entries.get("kind").and_then(Json::as_str).unwrap_or_default();
            let fields = kinds.find(name).map_or(&[][..], |kind| kind.fields.as_slice());
            let kind = ("kind".to_owned(), text(name));
            return map([kind].into_iter().chain(keys(entries, fields)).collect());
        }
        (_, Json::Object(_)) => {
            let plain = |(key, value): (&String, &Json)| (key.clone(), ordered(value, &ANY));
            return map(entries.iter().map(plain).collect());
        }
        (_, Json::Null) => Value::Null,
        (_, Json::Bool(flag)) => Value::Bool(*flag),
        (_, Json::String(text)) => Value::Text(text.clone()),
        (_, Json::Array(items)) => {
            Value::List(items.iter().map(|one| ordered(one, &ANY)).collect())
        }
        (_, Json::Number(number)) => Value::Number(match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Number::Whole(whole.into()),
            (None, real) => Number::Real(real.unwrap_or(f64::NAN)),
        }),
    };
    Node { value, origin: Origin::Absent }
}

static ANY: Shape = Shape { form: Form::Any, nullable: true };

fn keys(entries: &Map<String, Json>, fields: &[Field]) -> Vec<(String, Node)> {
    let there = |field: &&Field| {
        let value = entries.get(&field.key);
        let idle = value.is_none_or(Json::is_null) && field.default == Some(Json::Null);
        let fits = field.when.as_ref().is_none_or(|when| {
            let of = entries.get(&when.key).and_then(Json::as_str).unwrap_or_default();
            when.values.iter().any(|value| value == of)
        });
        let is_said = |other: &String| entries.get(other).is_some_and(|value| !value.is_null());
        fits && !idle && !field.not_beside.iter().any(is_said)
    };
    let entry =
        |field: &Field| Some((field.key.clone(), ordered(entries.get(&field.key)?, &field.shape)));
    fields.iter().filter(there).filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{identity_of, resolved};
    use crate::config::load;
    use crate::error::Error;

    fn shipped(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => shipped(&path, all),
                false if path.extension().is_some_and(|ending| ending == "yaml") => all.push(path),
                false => {}
            }
        }
    }

    #[test]
    fn every_variant_of_every_shipped_config_is_a_config_that_plans_the_same() {
        let mut files = Vec::new();
        shipped(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs"), &mut files);
        let folder = tempfile::tempdir().unwrap();
        let again = folder.path().join("resolved.yaml");
        let mut jobs = 0;
        for file in files {
            let plan = match load(&file, &[], None) {
                Ok(plan) => plan,
                // An env of a simulator that this build has not.
                Err(Error::Refused(refusal)) if refusal.found.contains("needs the feature") => {
                    continue;
                }
                Err(error) => panic!("{}: {error}", file.display()),
            };
            // Jobs of one variant differ by their seed alone, and an emulator takes its time.
            for job in plan.jobs().into_iter().filter(|job| job.seed == plan.seeds[0]) {
                let text = resolved(&plan, job).unwrap();
                fs::write(&again, &text).unwrap();
                let same =
                    load(&again, &[], None).unwrap_or_else(|error| panic!("{error}\n{text}"));
                let [only] = same.jobs()[..] else { panic!("{text}") };
                assert_eq!(only.path(), job.path());
                assert_eq!(only.variant.settings, job.variant.settings, "{text}");
                assert_eq!(only.variant.estimate, job.variant.estimate, "{text}");
                let without_comment = |text: &str| text.split_once('\n').unwrap().1.to_owned();
                assert_eq!(identity_of(&text).unwrap(), only.identity());
                assert_eq!(
                    without_comment(&resolved(&same, only).unwrap()),
                    without_comment(&text)
                );
                jobs += 1;
            }
        }
        assert!(jobs > 20, "{jobs}");
    }
}
