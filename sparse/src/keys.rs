//! Keys of a config, declared once: a documented struct beside what it configures.
//!
//! The struct derives `Serialize`, `Deserialize` and `JsonSchema`; its `Default` is what a config without the
//! key means, doc comments are the help, bounds stand in `#[schemars(range(..))]`. [`schema`] tells readers
//! of configs all of it, [`read`] makes the struct from what was typed. Extensions of JSON Schema:
//!
//! - `x-order`: the keys as the struct has them, since a JSON object has no order;
//! - `x-required`: it has no default, though its struct has one;
//! - `x-not-beside`: the sibling beside which it may not stand, since that says the same in other words;
//! - `x-when: {key: [values]}` beside a key: it exists only where a sibling has one of these values.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::{Map, Value};

/// A mistake in the value of a key: three parts of a message, of which the fourth, the place, is known to
/// whoever read the config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: found {found}; allowed: {allowed}; {hint}")]
pub struct KeyError {
    /// The key, below its section; dots lead into nested sections.
    pub key: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
    /// The nearest way out.
    pub hint: String,
}

impl KeyError {
    /// A mistake in the value of `key`.
    pub fn new(
        key: impl Into<String>,
        found: impl ToString,
        allowed: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            found: found.to_string(),
            allowed: allowed.into(),
            hint: hint.into(),
        }
    }
}

/// The keys as they are read; nothing where they cannot be written, which derived structs always can.
pub fn to_value<K: Serialize>(keys: &K) -> Value {
    serde_json::to_value(keys).unwrap_or_default()
}

/// The JSON Schema of the keys `K`, without references, with `x-order` and the defaults of `K::default()`.
pub fn schema<K: JsonSchema + Serialize + Default>() -> Schema {
    let settings = || SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut schema = settings().into_generator().into_root_schema_for::<K>();
    // To write a struct takes all of its fields, so that this one lists them, in their order.
    let written = settings().for_serialize().into_generator().into_root_schema_for::<K>();
    let mut value = std::mem::take(&mut schema).to_value();
    order(&mut value, written.as_value());
    if let Ok(defaults) = serde_json::to_value(K::default()) {
        fill(&mut value, &defaults);
    }
    Schema::try_from(value).unwrap_or_default()
}

/// Takes the order of keys from what `written` requires, at every level.
fn order(read: &mut Value, written: &Value) {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => {
            if let (true, Some(keys)) = (read.contains_key("properties"), written.get("required")) {
                read.insert("x-order".into(), keys.clone());
            }
            for (key, below) in read.iter_mut() {
                if let (Some(other), false) = (written.get(key), key == "x-order") {
                    order(below, other);
                }
            }
        }
        (Value::Array(read), Value::Array(written)) => {
            read.iter_mut().zip(written).for_each(|(read, written)| order(read, written));
        }
        _ => {}
    }
}

/// Puts `defaults` beside the properties of `schema`, at every level.
fn fill(schema: &mut Value, defaults: &Value) {
    let (Some(properties), Value::Object(defaults)) = (schema.get_mut("properties"), defaults)
    else {
        return;
    };
    let Value::Object(properties) = properties else { return };
    for (key, property) in properties {
        let Some(default) = defaults.get(key) else { continue };
        fill(property, default);
        if let Value::Object(property) = property {
            property.insert("default".into(), default.clone());
        }
    }
}

/// The keys `K` with `typed` laid over their defaults. A nested section of another `kind` than the default's
/// replaces it.
///
/// # Errors
/// What no value of `K` can be, with the key at which it is found.
pub fn read<K: DeserializeOwned + Serialize + Default>(typed: Value) -> serde_json::Result<K> {
    let all = laid_over(serde_json::to_value(K::default())?, typed);
    serde_path_to_error::deserialize(all)
        .map_err(|error| serde_json::Error::custom(format!("{}: {}", error.path(), error.inner())))
}

/// `typed` over `base`, object by object.
fn laid_over(base: Value, typed: Value) -> Value {
    match (base, typed) {
        (Value::Object(base), Value::Object(typed)) => {
            let kind = |of: &Map<String, Value>| of.get("kind").cloned();
            if kind(&typed).is_some_and(|new| kind(&base).is_some_and(|old| old != new)) {
                return Value::Object(typed);
            }
            let mut all = base;
            for (key, value) in typed {
                let below = all.remove(&key).unwrap_or(Value::Null);
                all.insert(key, laid_over(below, value));
            }
            Value::Object(all)
        }
        (_, typed) => typed,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        zeta: f64,
        alpha: u64,
    }

    impl Default for Inner {
        fn default() -> Self {
            Self { zeta: 0.5, alpha: 2 }
        }
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(default)]
    struct Keys {
        /// Help.
        #[schemars(range(min = 1))]
        width: u64,
        #[serde(flatten)]
        flat: Inner,
        below: Inner,
        maybe: Option<f64>,
    }

    impl Default for Keys {
        fn default() -> Self {
            let flat = Inner { zeta: 0.25, ..Inner::default() };
            Self { width: 4, flat, below: Inner::default(), maybe: None }
        }
    }

    #[test]
    fn schemas_have_order_help_bounds_and_the_defaults_of_the_whole() {
        let schema = schema::<Keys>().to_value();
        assert_eq!(schema["x-order"], json!(["width", "zeta", "alpha", "below", "maybe"]));
        assert_eq!(schema["properties"]["below"]["x-order"], json!(["zeta", "alpha"]));
        let width = &schema["properties"]["width"];
        assert_eq!((&width["description"], &width["minimum"]), (&json!("Help."), &json!(1)));
        assert_eq!(schema["properties"]["zeta"]["default"], json!(0.25));
        assert_eq!(schema["properties"]["below"]["properties"]["zeta"]["default"], json!(0.5));
    }

    #[test]
    fn what_is_typed_lies_over_the_defaults() {
        let keys: Keys = read(json!({"alpha": 9, "below": {"alpha": 3}})).unwrap();
        let flat = Inner { zeta: 0.25, alpha: 9 };
        let below = Inner { zeta: 0.5, alpha: 3 };
        assert_eq!(keys, Keys { width: 4, flat, below, maybe: None });
        let error = read::<Keys>(json!({"below": {"alpha": "x"}})).unwrap_err().to_string();
        assert!(error.starts_with("below.alpha: "), "{error}");
        let base = json!({"kind": "mlp", "hidden": [8]});
        let other = json!({"kind": "impala"});
        assert_eq!(laid_over(base, other.clone()), other);
    }
}
