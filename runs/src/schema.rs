//! `sparring schema`: a JSON Schema of configs, for editors and validators.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use crate::claim::Claim;
use crate::config::sections::{SECTIONS, sections};
use crate::keys::Shape;
use crate::keys::schema::{described, section, whole};
use crate::normalise::Table;
use crate::published::Published;

/// The JSON Schema of a config.
///
/// It allows all that Sparring reads, and refuses unknown keys, wrong types and values out of bounds. Which
/// keys of another kind are in the way, and what fits together, is known to `sparring plan` alone.
pub fn schema() -> Json {
    let variant = json!({
        "type": ["object", "null"],
        "properties": section_schemas(true),
        "additionalProperties": false,
    });
    let around = around(&variant);
    let mut of_scale = section_schemas(true);
    of_scale.extend(around.clone());
    let scale = json!({
        "type": ["object", "null"],
        "properties": of_scale,
        "additionalProperties": false,
    });
    let scales = json!({"type": "object", "minProperties": 1, "additionalProperties": scale});
    let named = |help: &str| described(json!({"type": "string"}), help);
    let mut properties = Map::from_iter([
        ("name".to_owned(), named("Names the run and its folder.")),
        ("variant".to_owned(), named("Names a config without variants.")),
        ("scale".to_owned(), named("Which of the scales is run.")),
        (
            "scales".to_owned(),
            described(scales, "Sizes of the run: by name, what is laid over all else."),
        ),
        ("shared".to_owned(), described(json!({}), "A place for YAML anchors.")),
    ]);
    properties.extend(around);
    properties.extend(section_schemas(false));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sparring config",
        "type": "object",
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": false,
    })
}

/// The keys beside sections that a scale may have, too, where a variant may have `variant`.
fn around(variant: &Json) -> Map<String, Json> {
    let seed = whole(0, u64::MAX);
    let seeds = json!({"anyOf": [
        {"type": "array", "minItems": 1, "uniqueItems": true, "items": seed},
        {"type": "string", "pattern": r"^\d+\.\.\d+$"},
        seed,
    ]});
    let variants = json!({"type": "object", "minProperties": 1, "additionalProperties": variant});
    let sweep = json!({
        "type": "object",
        "propertyNames": {"pattern": format!(r"^({})\.", SECTIONS.join("|"))},
        "additionalProperties": {"type": "array", "minItems": 1},
    });
    let clause = json!({
        "type": "object",
        "properties": {"if": {"type": "object"}, "then": variant},
        "required": ["if", "then"],
        "additionalProperties": false,
    });
    let when = json!({"type": ["array", "null"], "items": clause});
    let baseline = json!({"type": ["string", "null"]});
    let of = |key: &str, schema: Json, help: &str| (key.to_owned(), described(schema, help));
    Map::from_iter([
        of(
            "seeds",
            seeds,
            "Every variant is run with each: a list, a range such as 1..10, or one.",
        ),
        of("variants", variants, "What is compared: by name, what each changes."),
        of(
            "sweep",
            sweep,
            "Keys such as agent.discount, each with a list of values; all combinations are run.",
        ),
        of(
            "when",
            when,
            "What changes where other keys have certain values: a list of if and then.",
        ),
        of("baseline", baseline, "The variant that others are compared with."),
        ("normalise".to_owned(), normalise()),
        of("published", inline::<Published>(), "What others published of it, along one axis."),
        of("claims", claims(), "What the run is to show: contrasts of variants with a bound."),
    ])
}

fn claims() -> Json {
    json!({"type": ["object", "null"], "additionalProperties": inline::<Claim>()})
}

/// The schema of `K` without references.
fn inline<K: JsonSchema>() -> Json {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<K>().to_value();
    if let Some(keys) = schema.as_object_mut() {
        keys.remove("$schema");
        keys.remove("title");
    }
    schema
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
