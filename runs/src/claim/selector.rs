//! Which variants a claim is about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::keys::{is_one_of, nearest, same};
use crate::names::{distinct, stands_for};
use crate::variant::Coordinates;

/// A variant by its name, at all values of the sweep or at some.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Selector {
    /// At all values.
    Name(String),
    /// Where the axes have these values.
    At(At),
}

/// A variant at some values of the sweep's axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct At {
    /// Its name.
    pub variant: String,
    /// By key, a value of the axis or a list of some.
    #[serde(flatten)]
    pub axes: BTreeMap<String, Json>,
}

/// What a selector names and there is not.
pub struct Missing {
    /// In words.
    pub found: String,
    /// What there is.
    pub allowed: String,
    /// What was probably meant.
    pub hint: String,
}

impl Selector {
    /// The variant's name.
    pub fn variant(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::At(at) => &at.variant,
        }
    }

    /// The first axis that it names and no variant of its name among `known` has.
    pub fn missing_axis(&self, known: &[&Coordinates]) -> Option<Missing> {
        let Self::At(At { variant, axes }) = self else { return None };
        let named = known.iter().filter(|at| stands_for(variant, &at.name));
        let keys: BTreeSet<&String> = named.flat_map(|at| at.axes.keys()).collect();
        let key = axes.keys().find(|key| !keys.contains(key))?;
        let told: Vec<&str> = keys.into_iter().map(String::as_str).collect();
        let hint = nearest(key, told.iter().copied()).unwrap_or(variant).to_owned();
        let allowed = match told.len() {
            0 => format!("{variant} alone, which no sweep has made several of"),
            _ => format!("an axis of {variant}: {}", told.join("; ")),
        };
        Some(Missing { found: format!("{key}, which {variant} has not"), allowed, hint })
    }

    /// The first axis or value that it names and no variant of its name among `known` has.
    pub fn missing(&self, known: &[&Coordinates]) -> Option<Missing> {
        let Self::At(At { variant, axes }) = self else { return None };
        if let Some(axis) = self.missing_axis(known) {
            return Some(axis);
        }
        let values = |key: &String| {
            let named = known.iter().filter(|at| stands_for(variant, &at.name));
            distinct(named.filter_map(|at| at.axes.get(key)))
        };
        for (key, wanted) in axes {
            let known = values(key);
            let asked = match wanted.as_array() {
                Some(several) if !known.iter().any(|value| same(value, wanted)) => {
                    several.iter().collect()
                }
                Some(_) | None => vec![wanted],
            };
            let told: Vec<String> = known.iter().map(ToString::to_string).collect();
            let allowed = format!("a value of {key} that {variant} has: {}", told.join(", "));
            let hint = format!("{key}: {}", told.first().map_or("", String::as_str));
            if asked.is_empty() {
                return Some(Missing { found: format!("{key}: no value"), allowed, hint });
            }
            let is_none = |one: &&&Json| !known.iter().any(|value| same(value, one));
            if let Some(one) = asked.iter().find(is_none) {
                let found = format!("{key}: {one}, which {variant} has not");
                return Some(Missing { found, allowed, hint });
            }
        }
        None
    }

    /// Whether it means the variant `at`.
    pub fn means(&self, at: &Coordinates) -> bool {
        let has = |(key, wanted): (&String, &Json)| {
            at.axes.get(key).is_some_and(|value| is_one_of(value, wanted))
        };
        let fits = match self {
            Self::Name(_) => true,
            Self::At(of) => of.axes.iter().all(has),
        };
        fits && stands_for(self.variant(), &at.name)
    }

    /// Whether it means `other` beside `one`: on the same environment, at the same values of all axes that both have, but for
    /// those that it names itself.
    pub fn beside(&self, one: &Coordinates, other: &Coordinates) -> bool {
        let named = |key: &String| match self {
            Self::Name(_) => false,
            Self::At(at) => at.axes.contains_key(key),
        };
        let agrees = |(key, value): (&String, &Json)| {
            named(key) || one.axes.get(key).is_none_or(|own| same(own, value))
        };
        self.means(other)
            && other.env == one.env
            && other.name != one.name
            && other.axes.iter().all(agrees)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.variant())?;
        if let Self::At(at) = self {
            at.axes.iter().try_for_each(|(key, value)| write!(f, ", {key}: {value}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(variant: &str, axes: &[(&str, Json)]) -> Coordinates {
        let told = axes.iter().map(|(key, value)| format!(",{key}={value}"));
        Coordinates {
            name: format!("{variant}{}", told.collect::<String>()),
            variant: variant.to_owned(),
            env: "Chain-v0".to_owned(),
            axes: axes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            ..Coordinates::default()
        }
    }

    #[test]
    fn a_selector_means_a_variant_at_values_of_axes() {
        let of = |text: &str| serde_json::from_str::<Selector>(text).unwrap();
        let rigl = at("rigl", &[("s", json!(0.9)), ("t", json!(2))]);
        assert!(of(r#""rigl""#).means(&rigl) && !of(r#""set""#).means(&rigl));
        assert!(of(r#"{"variant": "rigl", "s": [0.5, 0.9], "t": 2.0}"#).means(&rigl));
        assert!(!of(r#"{"variant": "rigl", "s": 0.5}"#).means(&rigl));
        assert!(!of(r#"{"variant": "rigl", "u": 0.5}"#).means(&rigl));
    }

    #[test]
    fn what_no_variant_has_is_missing() {
        let all =
            [at("rigl", &[("s", json!(0.5))]), at("rigl", &[("s", json!(0.9))]), at("set", &[])];
        let missing = |of: Json| {
            let of: Selector = serde_json::from_value(of).unwrap();
            of.missing(&all.iter().collect::<Vec<_>>()).map(|it| (it.found, it.allowed))
        };
        assert_eq!(missing(json!("rigl")), None);
        assert_eq!(missing(json!({"variant": "rigl", "s": [0.9, 0.5]})), None);
        let (found, allowed) = missing(json!({"variant": "rigl", "s": [0.9, 0.97]})).unwrap();
        assert_eq!(found, "s: 0.97, which rigl has not");
        assert_eq!(allowed, "a value of s that rigl has: 0.5, 0.9");
        let (found, allowed) = missing(json!({"variant": "rigl", "t": 1})).unwrap();
        assert_eq!(
            (found.as_str(), allowed.as_str()),
            ("t, which rigl has not", "an axis of rigl: s")
        );
        assert!(missing(json!({"variant": "rigl", "s": []})).is_some());
        assert!(missing(json!({"variant": "rigl", "s": "0.9"})).is_some());
        assert!(missing(json!({"variant": "set", "s": 0.9})).is_some());
    }

    #[test]
    fn beside_a_cell_stands_the_one_of_the_same_axes() {
        let all = [
            at("static", &[("s", json!(0.5))]),
            at("static", &[("s", json!(0.9))]),
            at("dense", &[]),
            at("rigl", &[("s", json!(0.9))]),
        ];
        let beside = |of: &Selector, one: &Coordinates| -> Vec<usize> {
            (0..all.len()).filter(|at| of.beside(one, &all[*at])).collect()
        };
        let named = |name: &str| Selector::Name(name.to_owned());
        assert_eq!(beside(&named("static"), &all[3]), [1]);
        assert_eq!(beside(&named("dense"), &all[3]), [2]);
        assert!(beside(&named("rigl"), &all[3]).is_empty());
        // As many as the other way round.
        assert_eq!(beside(&named("static"), &all[2]), [0, 1]);
        let at_half = json!({"variant": "static", "s": 0.5});
        assert_eq!(beside(&serde_json::from_value(at_half).unwrap(), &all[3]), [0]);
        assert!(beside(&named("static"), &all[0]).is_empty());
    }
}
