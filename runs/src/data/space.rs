//! Spaces as Minari writes them: a text of JSON within JSON, with Python's `Infinity`.

use serde_json::Value as Json;
use sparring_envs::{Dtype, Space};

use super::wrong::Wrong;

/// A space as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// The space.
    pub space: Space,
    /// What stands for 0 of a discrete one.
    pub start: i64,
}

impl From<Space> for Declared {
    fn from(space: Space) -> Self {
        Self { space, start: 0 }
    }
}

/// What can be read.
const ALLOWED: &str = "a Box of float32, float64, uint8 or whole numbers, or a Discrete";
/// What can be done about others.
const HINT: &str = "a set of flat observations and actions, as of gymnasium's FlattenObservation";

/// Reads the space that `text` declares under `key`.
pub fn read(key: &str, text: &str) -> Result<Declared, Wrong> {
    let wrong = |found: String| Wrong::new(key, found, ALLOWED, HINT);
    let json: Json =
        serde_json::from_str(&readable(text)).map_err(|error| wrong(error.to_string()))?;
    let number = |name: &str| json[name].as_i64();
    match json["type"].as_str() {
        Some("Discrete") => {
            let n = number("n").and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
            let n = n.ok_or_else(|| wrong(format!("a Discrete with n = {}", json["n"])))?;
            Ok(Declared { space: Space::Discrete { n }, start: number("start").unwrap_or(0) })
        }
        Some("Box") => {
            let dtype = match json["dtype"].as_str() {
                Some("uint8") => Dtype::U8,
                Some("float32" | "float64" | "int8" | "int16" | "int32" | "int64") => Dtype::F32,
                other => return Err(wrong(format!("a Box of {}", other.unwrap_or("nothing")))),
            };
            let sizes = json["shape"].as_array().map(Vec::as_slice).unwrap_or_default();
            let size = |size: &Json| size.as_u64().and_then(|size| usize::try_from(size).ok());
            let shape: Option<Vec<usize>> = sizes.iter().map(size).collect();
            let shape = shape.ok_or_else(|| wrong(format!("the shape {}", json["shape"])))?;
            let [low, high] = ["low", "high"].map(|name| {
                let mut all = Vec::new();
                bounds(&json[name], &mut all).then_some(all)
            });
            let dim = shape.iter().try_fold(1usize, |dim, size| dim.checked_mul(*size));
            match (low, high, dim) {
                (Some(low), Some(high), Some(dim))
                    if dim > 0 && low.len() == dim && high.len() == dim =>
                {
                    Ok(Space::Box { shape, low, high, dtype }.into())
                }
                _ => Err(wrong(format!("bounds that do not fit the shape {shape:?}"))),
            }
        }
        other => Err(wrong(format!("a {}", other.unwrap_or("space without a type")))),
    }
}

/// The text with the words for which JSON has none, and which Python writes, as texts. No name within holds one.
pub fn readable(text: &str) -> String {
    text.replace("-Infinity", "\"-inf\"").replace("Infinity", "\"inf\"").replace("NaN", "\"nan\"")
}

/// The numbers of nested lists, in order; false where something is none.
fn bounds(json: &Json, all: &mut Vec<f32>) -> bool {
    match json {
        Json::Array(items) => items.iter().all(|item| bounds(item, all)),
        Json::Number(number) => {
            all.extend(number.as_f64().map(|x| x as f32));
            true
        }
        Json::String(text) if text == "inf" => {
            all.push(f32::INFINITY);
            true
        }
        Json::String(text) if text == "-inf" => {
            all.push(f32::NEG_INFINITY);
            true
        }
        Json::String(_) | Json::Bool(_) | Json::Null | Json::Object(_) => false,
    }
}

/// The text that declares `space`, as Python writes it.
pub fn write(space: &Space) -> String {
    match space {
        Space::Discrete { n } => {
            format!("{{\"type\": \"Discrete\", \"dtype\": \"int64\", \"start\": 0, \"n\": {n}}}")
        }
        Space::Box { shape, low, high, dtype } => {
            let name = match dtype {
                Dtype::F32 => "float32",
                Dtype::U8 => "uint8",
            };
            let nested = |bounds: &[f32]| nested(bounds, shape, *dtype);
            format!(
                "{{\"type\": \"Box\", \"dtype\": \"{name}\", \"shape\": {shape:?}, \"low\": {}, \"high\": {}}}",
                nested(low),
                nested(high)
            )
        }
    }
}

/// Lists within lists, as deep as the shape.
fn nested(values: &[f32], shape: &[usize], dtype: Dtype) -> String {
    match shape.split_first() {
        None => values.first().map_or_else(|| "0".to_owned(), |value| bound(*value, dtype)),
        Some((count, inner)) => {
            let each = values.len() / (*count).max(1);
            let parts: Vec<_> =
                values.chunks(each.max(1)).map(|part| nested(part, inner, dtype)).collect();
            format!("[{}]", parts.join(", "))
        }
    }
}

/// A bound as Python writes it: a float's exact value in 8 bytes.
fn bound(value: f32, dtype: Dtype) -> String {
    match (dtype, value) {
        (_, f32::INFINITY) => "Infinity".to_owned(),
        (_, f32::NEG_INFINITY) => "-Infinity".to_owned(),
        (Dtype::F32, value) => format!("{:?}", f64::from(value)),
        (Dtype::U8, value) => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let inf = f32::INFINITY;
        let spaces = [
            Space::Discrete { n: 4 },
            Space::vector(&[-1.5, -inf], &[3.402_823_5e38, inf]),
            Space::bytes(&[2, 3, 2]),
            Space::bytes_to(&[10, 10, 4], 1),
            Space::uniform(&[2, 2], -0.1, 0.1),
        ];
        for space in spaces {
            assert_eq!(read("space", &write(&space)).unwrap(), space.into());
        }
        let text = write(&Space::vector(&[-inf], &[0.5]));
        assert_eq!(
            text,
            r#"{"type": "Box", "dtype": "float32", "shape": [1], "low": [-Infinity], "high": [0.5]}"#
        );
    }

    #[test]
    fn spaces_of_others_are_read_or_named() {
        let discrete = r#"{"type": "Discrete", "dtype": "int64", "start": -1, "n": 3}"#;
        let read = |text: &str| read("action_space", text);
        assert_eq!(
            read(discrete).unwrap(),
            Declared { space: Space::Discrete { n: 3 }, start: -1 }
        );
        let wide =
            r#"{"type": "Box", "dtype": "float64", "shape": [1], "low": [-1], "high": [1e3]}"#;
        assert_eq!(read(wide).unwrap().space, Space::vector(&[-1.0], &[1000.0]));
        for (text, found) in [
            (r#"{"type": "Dict", "subspaces": {}}"#, "a Dict"),
            (r#"{"type": "MultiDiscrete", "nvec": [2]}"#, "a MultiDiscrete"),
            (r#"{"type": "Discrete", "n": 0}"#, "n = 0"),
            (r#"{"type": "Box", "dtype": "bool", "shape": [1]}"#, "a Box of bool"),
            (
                r#"{"type": "Box", "dtype": "uint8", "shape": [2], "low": [0], "high": [1]}"#,
                "bounds",
            ),
            (
                r#"{"type": "Box", "dtype": "float32", "shape": [1], "low": [NaN], "high": [1]}"#,
                "bounds",
            ),
            ("{", "EOF"),
        ] {
            let wrong = read(text).unwrap_err();
            assert!(wrong.found.contains(found) && wrong.at == "action_space", "{wrong:?}");
        }
    }
}
