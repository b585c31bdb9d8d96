//! The JSON Schema of a section, for editors and validators.

use serde_json::{Map, Value as Json, json};

use super::shape::{Field, Form, Kinds, Shape};

/// A section of a whole config or, whose keys may be anywhere, of a variant.
pub fn section(shape: &Shape, of_variant: bool) -> Json {
    match &shape.form {
        Form::Section(fields) => object(fields, !of_variant),
        Form::Kinds(kinds) => of_kinds(kinds, of_variant, of_variant),
        _ => of_shape(shape, of_variant),
    }
}

/// The keys of all kinds; where `strict`, those of one where it is named. Of a variant, what is below may be a part of
/// what the base has.
fn of_kinds(kinds: &Kinds, strict: bool, of_variant: bool) -> Json {
    let mut forms: Vec<(&str, Vec<Json>)> = Vec::new();
    for field in kinds.all.iter().flat_map(|kind| &kind.fields) {
        let schema = described(of_shape(&field.shape, of_variant), &field.help);
        match forms.iter_mut().find(|(key, _)| *key == field.key) {
            Some((_, all)) if all.contains(&schema) => {}
            Some((_, all)) => all.push(schema),
            None => forms.push((&field.key, vec![schema])),
        }
    }
    let one = |(key, mut all): (&str, Vec<Json>)| {
        let schema = if all.len() == 1 { all.remove(0) } else { json!({"anyOf": all}) };
        (key.to_owned(), schema)
    };
    let mut properties: Map<String, Json> = forms.into_iter().map(one).collect();
    properties.insert("kind".to_owned(), json!({"enum": kinds.names()}));
    let only = kinds.all.iter().map(|kind| {
        let mut keys: Vec<_> = kind.fields.iter().map(|field| field.key.as_str()).collect();
        keys.extend(["kind", "<<"]);
        json!({
            "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
            "then": {"propertyNames": {"enum": keys}},
        })
    });
    let mut schema = json!({
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    });
    if strict {
        schema["allOf"] = only.collect();
    }
    schema
}

fn object(fields: &[Field], complete: bool) -> Json {
    let property = |field: &Field| {
        let mut schema = described(of_shape(&field.shape, !complete), &field.help);
        if let Some(default) = &field.default {
            schema["default"] = default.clone();
        }
        (field.key.clone(), schema)
    };
    let required = fields.iter().filter(|field| complete && field.default.is_none());
    let required: Vec<_> = required.map(|field| field.key.as_str()).collect();
    json!({
        "type": ["object", "null"],
        "properties": fields.iter().map(property).collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

fn of_shape(shape: &Shape, of_variant: bool) -> Json {
    let schema = match &shape.form {
        Form::Any => json!({}),
        Form::Whole(least, most) => whole(*least, *most),
        Form::Real(bounds) => {
            let mut schema = json!({"type": ["number", "string"], "pattern": NUMBER});
            let bound = |open| if open { "exclusiveM" } else { "m" };
            if bounds.low.is_finite() {
                schema[format!("{}inimum", bound(bounds.low_open))] = bounds.low.into();
            }
            if bounds.high.is_finite() {
                schema[format!("{}aximum", bound(bounds.high_open))] = bounds.high.into();
            }
            schema
        }
        Form::Flag => json!({"type": "boolean"}),
        Form::Text => json!({"type": "string", "minLength": 1}),
        Form::Choice(names) => json!({"type": "string", "enum": names}),
        Form::List { item, unique } => {
            json!({"type": "array", "items": of_shape(item, false), "uniqueItems": unique})
        }
        Form::Section(fields) => object(fields, !of_variant),
        Form::Kinds(kinds) => {
            let mut schema = of_kinds(kinds, true, of_variant);
            if !of_variant {
                schema["required"] = json!(["kind"]);
            }
            schema
        }
        Form::Over(kinds) => of_kinds(kinds, false, of_variant),
        Form::Named(below) => {
            json!({"type": ["object", "null"], "additionalProperties": of_shape(below, of_variant)})
        }
    };
    match shape.nullable {
        true if shape.form != Form::Any => json!({"anyOf": [schema, {"type": "null"}]}),
        true | false => schema,
    }
}

/// `1_000_000`, which is a text to YAML.
const NUMBER: &str = r"^-?\d+(_\d+)+(\.\d+)?([eE][+-]?\d+)?$";

/// A whole number in these bounds.
pub fn whole(least: u64, most: u64) -> Json {
    json!({"type": ["integer", "string"], "minimum": least, "maximum": most, "pattern": NUMBER})
}

/// `schema` with its help.
pub fn described(mut schema: Json, help: &str) -> Json {
    schema["description"] = help.into();
    schema
}
