//! Which variants a claim is about.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::keys::{is_one_of, same};
use crate::names::stands_for;
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

impl Selector {
    /// The variant's name.
    pub fn variant(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::At(at) => &at.variant,
        }
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

    /// The place of the variant among `others` that it means beside `one`: on the same environment, at the same values of
    /// all axes that both have, but for those that it names itself.
    pub fn beside<'a>(
        &self,
        one: &Coordinates,
        mut others: impl Iterator<Item = &'a Coordinates>,
    ) -> Option<usize> {
        let named = |key: &String| match self {
            Self::Name(_) => false,
            Self::At(at) => at.axes.contains_key(key),
        };
        let agrees = |other: &Coordinates| {
            other.axes.iter().all(|(key, value)| {
                named(key) || one.axes.get(key).is_none_or(|own| same(own, value))
            })
        };
        others.position(|other| {
            self.means(other) && other.env == one.env && other.name != one.name && agrees(other)
        })
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
    fn beside_a_cell_stands_the_one_of_the_same_axes() {
        let all = [
            at("static", &[("s", json!(0.5))]),
            at("static", &[("s", json!(0.9))]),
            at("dense", &[]),
            at("rigl", &[("s", json!(0.9))]),
        ];
        let beside = |name: &str| Selector::Name(name.to_owned()).beside(&all[3], all.iter());
        assert_eq!((beside("static"), beside("dense"), beside("rigl")), (Some(1), Some(2), None));
        let named = json!({"variant": "static", "s": 0.5});
        let named: Selector = serde_json::from_value(named).unwrap();
        assert_eq!(named.beside(&all[3], all.iter()), Some(0));
        assert_eq!(Selector::Name("static".to_owned()).beside(&all[0], all.iter()), None);
    }
}
