//! The tree that a config is read into: plain YAML values that remember where they were written.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

/// One step on the way from the root of a document to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// The way from the root of a document to a value.
pub type Path = Vec<Step>;

/// The key whose value, a map or a list of maps, is laid under the map that has it.
pub const MERGE: &str = "<<";

/// `variants.rigl.sparsity.layers.hidden.0`, `seeds[2]`.
pub fn display_path(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            // What `<<` brings in stands, for whoever reads the section, in the section.
            Step::Key(key) if key == MERGE => {}
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the config file, at this path.
    File(Path),
    /// In an argument of the command line, as typed.
    Argument(String),
    /// Nowhere: it stands for a section that was left out.
    Absent,
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// A YAML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that YAML knows as one.
    Number(Number),
    /// A string, quoted or not.
    Text(String),
    /// `[…]` or lines that begin with a dash.
    List(Vec<Node>),
    /// `{…}` or `key: value` lines, in the order of writing.
    Map(Vec<(String, Node)>),
}

/// A number, as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Without point or exponent.
    Whole(i128),
    /// Any other.
    Real(f64),
}

impl Value {
    /// The number that this is, also where it is grouped: `1_000_000` is a text to YAML.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => grouped(text),
            _ => None,
        }
    }
}

/// A number with underscores between its digits.
fn grouped(text: &str) -> Option<Number> {
    let bytes = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let between_digits = |at: usize| {
        at > 0
            && bytes[at - 1].is_ascii_digit()
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    let grouped = bytes.contains(&b'_')
        && (0..bytes.len()).all(|at| bytes[at] != b'_' || between_digits(at))
        && bytes.iter().all(|b| b.is_ascii_digit() || b"_.eE+-".contains(b));
    if !grouped {
        return None;
    }
    let plain = text.replace('_', "");
    let whole = plain.parse().map(Number::Whole).ok();
    whole.or_else(|| plain.parse().map(Number::Real).ok())
}

impl Node {
    /// A section that was left out.
    pub fn absent() -> Self {
        Self { value: Value::Map(Vec::new()), origin: Origin::Absent }
    }

    /// The entries of a map; a key that is followed by nothing is an empty section.
    pub fn entries(&self) -> Option<&[(String, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Null => Some(&[]),
            _ => None,
        }
    }

    /// It without what stands at `path`; none where nothing does.
    pub fn without(&self, path: &[&str]) -> Option<Self> {
        let (first, deeper) = path.split_first()?;
        let mut entries = self.entries()?.to_vec();
        let at = entries.iter().position(|(key, _)| key == first)?;
        match deeper {
            [] => drop(entries.remove(at)),
            [..] => entries[at].1 = entries[at].1.without(deeper)?,
        }
        Some(Self { value: Value::Map(entries), origin: self.origin.clone() })
    }

    /// The value as JSON; what YAML groups, such as `1_000`, is a number.
    pub fn to_json(&self) -> Json {
        match (&self.value, self.value.number()) {
            (_, Some(Number::Whole(n))) => {
                i64::try_from(n).map(Json::from).unwrap_or_else(|_| Json::from(n as f64))
            }
            (_, Some(Number::Real(x))) => Json::from(x),
            (Value::Bool(flag), None) => Json::from(*flag),
            (Value::Text(text), None) => Json::from(text.as_str()),
            (Value::List(items), None) => items.iter().map(Self::to_json).collect(),
            (Value::Map(entries), None) => {
                entries.iter().map(|(key, node)| (key.clone(), node.to_json())).collect()
            }
            (Value::Null | Value::Number(_), None) => Json::Null,
        }
    }

    /// The value under `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Map(entries) => {
                let mut map = to.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, node)| map.serialize_entry(key, node))?;
                map.end()
            }
            Value::List(items) => items.serialize(to),
            // YAML has infinite numbers, and JSON has none.
            Value::Number(Number::Real(x)) => to.serialize_f64(*x),
            Value::Null | Value::Bool(_) | Value::Number(Number::Whole(_)) | Value::Text(_) => {
                self.to_json().serialize(to)
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => write!(f, "nothing"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(Number::Whole(value)) => write!(f, "{value}"),
            Self::Number(Number::Real(value)) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "the text \"{text}\""),
            Self::List(items) => write!(f, "a list of {}", items.len()),
            Self::Map(entries) => write!(f, "a section of {} keys", entries.len()),
        }
    }
}
