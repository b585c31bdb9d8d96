//! Which variants a claim is about.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

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
            let Some(value) = at.axes.get(key) else { return false };
            match wanted {
                Json::Array(several) => several.iter().any(|one| same(one, value)),
                one => same(one, value),
            }
        };
        let fits = match self {
            Self::Name(_) => true,
            Self::At(of) => of.axes.iter().all(has),
        };
        fits && stands_for(self.variant(), &at.name)
    }

    /// The place of the variant among `others` that it means beside `one`: on the same environment, and of several the
    /// first of those that share most axes with it.
    pub fn beside<'a>(
        &self,
        one: &Coordinates,
        others: impl Iterator<Item = &'a Coordinates>,
    ) -> Option<usize> {
        let shared = |other: &Coordinates| {
            let equal = |(key, value): &(&String, &Json)| one.axes.get(*key) == Some(*value);
            other.axes.iter().filter(equal).count()
        };
        let fits = |other: &&Coordinates| {
            self.means(other) && other.env == one.env && other.name != one.name
        };
        let fitting = others.enumerate().filter(|(_, other)| fits(other));
        let mut best: Option<(usize, usize)> = None;
        for (place, other) in fitting {
            let count = shared(other);
            if best.is_none_or(|(_, most)| count > most) {
                best = Some((place, count));
            }
        }
        best.map(|(place, _)| place)
    }
}

/// Numbers are the same whether they are written as whole ones or not.
fn same(one: &Json, other: &Json) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        (Some(_), None) | (None, Some(_)) => false,
        (None, None) => one == other,
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
    }
}
