//! The env of a data set: gymnasium's `EnvSpec` as a text of JSON, whose `kwargs` are our options.

use serde_json::{Map, Value as Json, json};
use sparring_envs::{EnvSpec, Options};

use super::space::readable;
use super::wrong::Wrong;
use crate::config::load_env;
use crate::error::Error;

/// An env as a data set names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its name and version.
    pub id: String,
    /// Its time limit.
    max_episode_steps: Option<u32>,
    /// Its options, as `--set` takes them.
    set: Vec<String>,
}

impl Named {
    /// Reads what the text names.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let key = "env_spec";
        let wrong = |found: &dyn std::fmt::Display| {
            let allowed = "a gymnasium EnvSpec, as its to_json() writes it";
            Wrong::new(key, found, allowed, "remove the key, and name the env by --env")
        };
        let json: Json = serde_json::from_str(&readable(text)).map_err(|error| wrong(&error))?;
        let id = json["id"].as_str().ok_or_else(|| wrong(&"no id"))?.to_owned();
        let limit = json["max_episode_steps"].as_u64();
        let max_episode_steps = limit.and_then(|limit| u32::try_from(limit).ok());
        let none = Map::new();
        let kwargs = json["kwargs"].as_object().unwrap_or(&none);
        let set = kwargs.iter().map(|(key, value)| format!("env.options.{key}={}", typed(value)));
        Ok(Self { id, max_episode_steps, set: set.collect() })
    }

    /// The env, as it is evaluated, with the set's time limit.
    ///
    /// # Errors
    /// One that this build does not have, and options that it does not take.
    pub fn spec(&self) -> Result<EnvSpec, Error> {
        let spec = load_env(&self.id, &self.set)?.for_evaluation();
        Ok(match self.max_episode_steps {
            Some(limit) => spec.limit(limit),
            None => spec,
        })
    }
}

/// A value as YAML has it.
fn typed(value: &Json) -> String {
    match value {
        Json::String(text) if text == "inf" => ".inf".to_owned(),
        Json::String(text) if text == "-inf" => "-.inf".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(typed).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => value.to_string(),
    }
}

/// The text that names `spec` with its `options`.
pub fn write(spec: &EnvSpec, options: &Options) -> String {
    let kwargs = serde_json::to_value(options).unwrap_or_default();
    let entries = kwargs.as_object().into_iter().flatten();
    let kwargs: Vec<_> =
        entries.map(|(key, value)| format!("{}: {}", json!(key), python(value))).collect();
    let limit = spec.max_episode_steps.map_or_else(|| "null".to_owned(), |limit| limit.to_string());
    let threshold = json!(spec.reward_threshold);
    format!(
        "{{\"id\": {}, \"entry_point\": null, \"reward_threshold\": {threshold}, \"nondeterministic\": false, \
         \"max_episode_steps\": {limit}, \"disable_env_checker\": false, \"kwargs\": {{{}}}, \
         \"additional_wrappers\": [], \"vector_entry_point\": null}}",
        json!(spec.id),
        kwargs.join(", ")
    )
}

/// A value as Python writes it. JSON has no infinity: of a pair, which alone may have one, it leaves a null at the end
/// that is open.
fn python(value: &Json) -> String {
    match value {
        Json::Array(items) => match items.as_slice() {
            [low, high] => {
                let end = |value: &Json, open: &str| match value {
                    Json::Null => open.to_owned(),
                    value => value.to_string(),
                };
                format!("[{}, {}]", end(low, "-Infinity"), end(high, "Infinity"))
            }
            _ => value.to_string(),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sparring_envs::OptionValue;

    #[test]
    fn options_come_back_as_they_are_typed() {
        let spec = sparring_envs::spec("CartPole-v1").unwrap();
        let options = Options::default()
            .with("range", OptionValue::Pair([0.7, f64::INFINITY]))
            .with("open", OptionValue::Pair([f64::NEG_INFINITY, 1.0]))
            .with("mode", OptionValue::Text("wrap".into()))
            .with("sticky", OptionValue::Real(0.25))
            .with("clip", OptionValue::Flag(true));
        let text = write(&spec, &options);
        assert!(text.contains("\"range\": [0.7, Infinity]") && text.contains("500"), "{text}");
        let named = Named::read(&text).unwrap();
        assert_eq!((named.id.as_str(), named.max_episode_steps), ("CartPole-v1", Some(500)));
        for typed in [
            "env.options.range=[0.7, .inf]",
            "env.options.open=[-.inf, 1.0]",
            "env.options.mode=wrap",
            "env.options.sticky=0.25",
            "env.options.clip=true",
        ] {
            assert!(named.set.iter().any(|set| set == typed), "{typed}: {:?}", named.set);
        }
        let plain = Named::read(&write(&spec, &Options::default())).unwrap().spec().unwrap();
        assert_eq!((plain.id, plain.max_episode_steps), ("CartPole-v1", Some(500)));
        assert!(Named::read("{\"id\": 3}").unwrap_err().found.contains("no id"));
    }
}
