//! The env of the section `env`: its id and its options.

use std::borrow::Cow;

use sparring_envs::{EnvError, EnvOption, EnvRow, EnvSpec, OptionValue, Options};

use super::problem::{Checked, nearest};
use super::section::{Section, whole};
use crate::yaml::{Node, Number, Value};

/// The env of this id with the options of the section `s`, defaults filled in.
pub fn read(s: &mut Section<'_>, id: &str) -> Checked<(Options, EnvSpec)> {
    let row = sparring_envs::find(id).map_err(|_| {
        let ids = || sparring_envs::registry().iter().map(|row| row.id);
        let allowed = format!("one of {}", ids().collect::<Vec<_>>().join(", "));
        s.problem("id", id, &allowed, nearest(id, ids()).unwrap_or("CartPole-v1"))
    })?;
    if let Some(feature) = row.missing() {
        let found = format!("{id}, which needs the feature {feature}");
        let allowed = "an env that this build has; sparring list envs shows which";
        return Err(s.problem("id", &found, allowed, &feature.way()));
    }
    let options = read_options(&mut s.section("options")?, row)?;
    let built = options.resolve(row.id, row.options).and_then(|all| Ok((row.spec(&all)?, all)));
    let (spec, options) = built.map_err(|error| unbuildable(s, id, &error))?;
    Ok((options, spec))
}

/// The options that are written.
fn read_options(s: &mut Section<'_>, row: &EnvRow) -> Checked<Options> {
    let mut options = Options::default();
    for option in row.options {
        let Some(node) = s.node(option.key) else { continue };
        let value = value(node, option).filter(|value| option.takes(value)).ok_or_else(|| {
            let found = show(&node.value);
            let hint = format!("leave it out for the default {}", option.default);
            s.problem(option.key, &found, &option.allowed(), &hint)
        })?;
        options = options.with(option.key, value);
    }
    s.finish()?;
    Ok(options)
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

/// An env that its options or what it is made from do not give.
fn unbuildable(s: &Section<'_>, id: &str, error: &EnvError) -> Box<super::problem::Problem> {
    s.problem(
        "id",
        &error.to_string(),
        &format!("options and files of which {id} can be made"),
        "what the first line says",
    )
}
