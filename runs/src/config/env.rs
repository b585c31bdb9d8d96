//! The env of the section `env`: its id and its options.

use std::borrow::Cow;

use sparring_envs::{EnvOption, EnvRow, EnvSpec, OptionValue, Options};
use sparring_sparse::KeyError;

use crate::keys::{Problem, Reader, env_id, likely, nearest, not_a_section, whole};
use crate::registry::rows;
use crate::yaml::{Node, Number, Value};

/// The env of this id with the options of the section, defaults filled in.
pub fn read(reader: &mut Reader, section: Option<&Node>, id: &str) -> Option<(Options, EnvSpec)> {
    let absent = Node::absent();
    let section = section.unwrap_or(&absent);
    let made = row(id).and_then(|row| {
        let given = options(reader, section.get("options"), row);
        let Some(given) = given else { return Ok(None) };
        let built = given.resolve(row.id, row.options).and_then(|all| Ok((row.spec(&all)?, all)));
        built.map(|(spec, all)| Some((all, spec))).map_err(|error| {
            let allowed = format!("options and files of which {id} can be made");
            KeyError::new("id", error, allowed, "what the first line says")
        })
    });
    made.unwrap_or_else(|error| {
        reader.blame("env", section, error);
        None
    })
}

/// The row of an env that this build has.
pub fn row(id: &str) -> Result<&'static EnvRow, KeyError> {
    let row = rows().find_env(id).ok_or_else(|| {
        let ids = || rows().envs().iter().map(|row| row.id);
        let wanted = env_id(id);
        let same = ids().find(|known| *known == wanted);
        let near = likely(&wanted, ids()).into_iter().take(3).collect::<Vec<_>>();
        let allowed = match near.as_slice() {
            [] => "an env of `sparring list envs`".to_owned(),
            near => format!("an env of `sparring list envs`, such as {}", near.join(", ")),
        };
        let hint = same.or(nearest(&wanted, ids())).unwrap_or("sparring list envs");
        KeyError::new("id", id, allowed, hint)
    })?;
    match row.missing() {
        None => Ok(row),
        Some(feature) => {
            let found = format!("{id}, which needs the feature {feature}");
            let allowed = "an env that this build has; sparring list envs shows which";
            Err(KeyError::new("id", found, allowed, feature.way()))
        }
    }
}

/// The options that are written; nothing where one is wrong.
fn options(reader: &mut Reader, node: Option<&Node>, row: &EnvRow) -> Option<Options> {
    let before = reader.mistakes;
    let mut options = Options::default();
    let Some(node) = node else { return Some(options) };
    let Some(entries) = node.entries() else {
        reader.refuse(*not_a_section(node, "env.options"));
        return None;
    };
    for (key, node) in entries {
        let full = format!("env.options.{key}");
        let Some(option) = known(reader, row, key, node, &full) else { continue };
        if let Some(value) = typed(reader, node, &full, option) {
            options = options.with(option.key, value);
        }
    }
    (reader.mistakes == before).then_some(options)
}

/// The option `key` of `row`, if it has one.
pub fn known<'a>(
    reader: &mut Reader,
    row: &'a EnvRow,
    key: &str,
    node: &Node,
    full: &str,
) -> Option<&'a EnvOption> {
    let found = row.options.iter().find(|option| option.key == key);
    if found.is_none() {
        let known: Vec<_> = row.options.iter().map(|option| option.key).collect();
        let hint = nearest(key, known.iter().copied()).unwrap_or("remove it");
        let allowed = if known.is_empty() { "no key".to_owned() } else { known.join(", ") };
        let found = format!("the unknown key {key}");
        reader.refuse(*Problem::at(node, full, found, allowed, hint));
    }
    found
}

/// The value in `node` as `option` takes it, if it does.
pub fn typed(
    reader: &mut Reader,
    node: &Node,
    full: &str,
    option: &EnvOption,
) -> Option<OptionValue> {
    let value = value(node, option).filter(|value| option.takes(value));
    if value.is_none() {
        let hint = format!("leave it out for the default {}", option.default);
        reader.refuse(*Problem::at(node, full, show(&node.value), option.allowed(), hint));
    }
    value
}

/// The value as the option's type, if it is of that.
fn value(node: &Node, option: &EnvOption) -> Option<OptionValue> {
    match (&option.default, &node.value) {
        (OptionValue::Flag(_), Value::Bool(flag)) => Some(OptionValue::Flag(*flag)),
        (OptionValue::Whole(_), value) => Some(OptionValue::Whole(whole(value)?.try_into().ok()?)),
        (OptionValue::Real(_), value) => Some(OptionValue::Real(real(value)?)),
        (OptionValue::Pair(_), Value::List(items)) => {
            let [low, high] = items.as_slice() else { return None };
            Some(OptionValue::Pair([real(&low.value)?, real(&high.value)?]))
        }
        (OptionValue::Text(_), Value::Text(text)) if !text.is_empty() => {
            Some(OptionValue::Text(Cow::Owned(text.clone())))
        }
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    Some(match value.number()? {
        Number::Whole(n) => n as f64,
        Number::Real(x) => x,
    })
}

/// A value in a message; of a list its items.
fn show(value: &Value) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| item.value.to_string()).collect();
            format!("[{}]", items.join(", "))
        }
        value => value.to_string(),
    }
}
