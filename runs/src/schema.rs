//! `sparring schema`: a JSON Schema of configs, for editors and validators.

use serde_json::{Map, Value as Json, json};

use crate::config::sections::{SECTIONS, sections};
use crate::keys::Shape;
use crate::keys::schema::{described, section, whole};
use crate::normalise::Table;

/// The JSON Schema of a config.
///
/// It allows all that Sparring reads, and refuses unknown keys, wrong types and values out of bounds. Which
/// keys of another kind are in the way, and what fits together, is known to `sparring plan` alone.
pub fn schema() -> Json {
    let base: Map<String, Json> = section_schemas(false);
    let variant = json!({
        "type": ["object", "null"],
        "properties": section_schemas(true),
        "additionalProperties": false,
    });
    let seed = whole(0, u64::MAX);
    let mut properties = Map::from_iter([
        ("name".to_owned(), described(json!({"type": "string"}), "Names the run and its folder.")),
        (
            "variant".to_owned(),
            described(json!({"type": "string"}), "Names a config without variants."),
        ),
        (
            "seeds".to_owned(),
            described(
                json!({"anyOf": [
                    {"type": "array", "minItems": 1, "uniqueItems": true, "items": seed},
                    {"type": "string", "pattern": r"^\d+\.\.\d+$"},
                    seed,
                ]}),
                "Every variant is run with each: a list, a range such as 1..10, or one.",
            ),
        ),
        (
            "variants".to_owned(),
            described(
                json!({"type": "object", "minProperties": 1, "additionalProperties": variant}),
                "What is compared: by name, what each changes.",
            ),
        ),
        (
            "sweep".to_owned(),
            described(
                json!({
                    "type": "object",
                    "propertyNames": {"pattern": format!(r"^({})\.", SECTIONS.join("|"))},
                    "additionalProperties": {"type": "array", "minItems": 1},
                }),
                "Keys such as agent.discount, each with a list of values; all combinations are run.",
            ),
        ),
        (
            "baseline".to_owned(),
            described(
                json!({"type": ["string", "null"]}),
                "The variant that others are compared with.",
            ),
        ),
        ("normalise".to_owned(), normalise()),
        ("shared".to_owned(), described(json!({}), "A place for YAML anchors.")),
    ]);
    properties.extend(base);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sparring config",
        "type": "object",
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": false,
    })
}

fn normalise() -> Json {
    let number = json!({"type": "number"});
    let ends = json!({
        "type": "object",
        "properties": {"low": number, "high": number},
        "required": ["low", "high"],
        "additionalProperties": false,
    });
    let tables = Table::ALL.map(|(name, _)| name);
    let any = json!({"anyOf": [
        {"type": "null"},
        {"enum": tables},
        {"type": "object", "additionalProperties": ends},
    ]});
    described(
        any,
        "How returns of several envs come to one scale: a table, or low and high of an env.",
    )
}

fn section_schemas(of_variant: bool) -> Map<String, Json> {
    let of = |name: &str, shape: &Shape| (name.to_owned(), section(shape, of_variant));
    let mut all: Map<String, Json> =
        sections().iter().map(|known| of(known.name, &known.shape)).collect();
    all.entry("sparsity").or_insert_with(|| json!({"type": ["object", "null"]}));
    all
}
