//! What a section may hold, made from the JSON Schema of the struct that declares its keys.
//!
//! Reading, defaults, messages, the merging of variants and `sparring list keys` all go by these shapes.

use std::fmt;

use serde_json::Value as Json;

use super::bounds::Bounds;

/// What stands under a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Which values there are.
    pub form: Form,
    /// Whether `null` is one of them.
    pub nullable: bool,
}

/// Which values there are.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A whole number of these bounds.
    Whole(u64, u64),
    /// A number.
    Real(Bounds),
    /// `true` or `false`.
    Flag,
    /// A text that is not empty.
    Text,
    /// One of these names.
    Choice(Vec<String>),
    /// Anything: whoever knows more reads it.
    Any,
    /// A list; of names that stand once each, where `unique`.
    List {
        /// What its items are.
        item: Box<Shape>,
        /// Whether each item stands once.
        unique: bool,
    },
    /// A section of these keys.
    Section(Vec<Field>),
    /// A section whose key `kind` decides which others there are.
    Kinds(Kinds),
    /// Keys laid over a section of these kinds, whose kind they may change; who knows the section reads both.
    Over(Kinds),
    /// A section of any keys, all alike: names of layers.
    Named(Box<Shape>),
}

/// A key of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub key: String,
    /// What it means.
    pub help: String,
    /// What it may be.
    pub shape: Shape,
    /// What it is where it is left out; none where it has to be there.
    pub default: Option<Json>,
    /// What a message proposes.
    pub example: Option<Json>,
    /// It is there only where the sibling of this name has one of these values.
    pub when: Option<When>,
    /// It may not stand beside these siblings, which say the same in other words.
    pub not_beside: Vec<String>,
}

/// A sibling and the values under which a key is there.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    /// The sibling's key.
    pub key: String,
    /// Its values.
    pub values: Vec<String>,
}

/// The kinds of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct Kinds {
    /// What stands before their names in messages: `agent`, or nothing.
    pub noun: &'static str,
    /// The kind of a section that does not say.
    pub default: Option<String>,
    /// The kind that a message proposes.
    pub example: String,
    /// All of them.
    pub all: Vec<Kind>,
}

/// One kind of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// One line.
    pub about: String,
    /// Its keys, without `kind`.
    pub fields: Vec<Field>,
}

/// So large that nobody means more, so small that products of two still fit or saturate.
const MOST: u64 = 1_000_000_000_000_000;

impl Kinds {
    /// The kind `name`.
    pub fn find(&self, name: &str) -> Option<&Kind> {
        self.all.iter().find(|kind| kind.name == name)
    }

    /// The names of all.
    pub fn names(&self) -> Vec<&str> {
        self.all.iter().map(|kind| kind.name.as_str()).collect()
    }

    /// The kinds that have `key`.
    pub fn knowing(&self, key: &str) -> Vec<&str> {
        let knows = |kind: &&Kind| key == "kind" || kind.fields.iter().any(|f| f.key == key);
        self.all.iter().filter(knows).map(|kind| kind.name.as_str()).collect()
    }
}

impl Shape {
    /// That of a JSON Schema as [`sparring_sparse::keys::schema`] makes it.
    pub fn of(schema: &Json) -> Self {
        if let Some(any) = schema.get("anyOf").and_then(Json::as_array)
            && let Some(one) = any.iter().find(|one| one["type"] != "null")
        {
            let nullable = any.len() > 1 || Self::of(one).nullable;
            return Self { nullable, ..Self::of(one) };
        }
        let of_type = |name: &str| match &schema["type"] {
            Json::String(one) => one == name,
            Json::Array(some) => some.iter().any(|one| one == name),
            _ => false,
        };
        let nullable = of_type("null");
        Self { form: Form::of(schema, &of_type), nullable }
    }

    /// The fields of a section of this schema.
    pub fn fields(schema: &Json) -> Vec<Field> {
        let texts = |list: &Json| -> Vec<String> {
            let items = list.as_array().into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let properties = schema["properties"].as_object();
        let mut keys = texts(&schema["x-order"]);
        let others = properties.into_iter().flat_map(|all| all.keys());
        keys.extend(others.filter(|key| !keys.contains(key)).cloned().collect::<Vec<_>>());
        let required = texts(&schema["required"]);
        let is_required = |own: &Json, key: &String| {
            required.contains(key) || own["x-required"] == Json::Bool(true)
        };
        let field = |key: String| {
            let own = properties?.get(&key)?;
            let when = own["x-when"].as_object().and_then(|when| when.iter().next());
            Some(Field {
                help: own["description"].as_str().unwrap_or_default().replace('\n', " "),
                shape: Self::of(own),
                default: own.get("default").filter(|_| !is_required(own, &key)).cloned(),
                example: own["examples"].get(0).cloned(),
                not_beside: texts(&own["x-not-beside"]),
                when: when.map(|(key, values)| When { key: key.clone(), values: texts(values) }),
                key,
            })
        };
        keys.into_iter().filter_map(field).collect()
    }

    /// What a message says may stand there.
    pub fn allowed(&self) -> String {
        if self.nullable { format!("{}, or null", self.form) } else { self.form.to_string() }
    }

    /// The kinds of a section with the keys of each, `kind` among them.
    pub fn kinds(&self) -> Vec<(String, Vec<String>)> {
        let Form::Kinds(kinds) = &self.form else { return Vec::new() };
        let keys = |kind: &Kind| {
            let keys = kind.fields.iter().map(|field| field.key.clone());
            (kind.name.clone(), keys.chain(["kind".to_owned()]).collect())
        };
        kinds.all.iter().map(keys).collect()
    }

    /// The fields of a section, those of all kinds where it has kinds.
    pub fn below(&self) -> Vec<&Field> {
        match &self.form {
            Form::Section(fields) => fields.iter().collect(),
            Form::Kinds(kinds) | Form::Over(kinds) => {
                kinds.all.iter().flat_map(|kind| &kind.fields).collect()
            }
            Form::Any | Form::Whole(..) | Form::Real(_) | Form::Flag | Form::Text => vec![],
            Form::Choice(_) | Form::List { .. } | Form::Named(_) => vec![],
        }
    }
}

impl Form {
    fn of(schema: &Json, of_type: &dyn Fn(&str) -> bool) -> Self {
        let bound = |name: &str| schema[name].as_f64();
        let names = |list: &Json, get: fn(&Json) -> Option<&str>| -> Vec<String> {
            let items = list.as_array().into_iter().flatten();
            items.filter_map(|item| get(item).map(str::to_owned)).collect()
        };
        if of_type("integer") {
            let whole = |name: &str| schema[name].as_u64();
            return Self::Whole(whole("minimum").unwrap_or(0), whole("maximum").unwrap_or(MOST));
        }
        if of_type("number") {
            let low = bound("minimum").or(bound("exclusiveMinimum"));
            let high = bound("maximum").or(bound("exclusiveMaximum"));
            return Self::Real(Bounds {
                low: low.unwrap_or(f64::NEG_INFINITY),
                high: high.unwrap_or(f64::INFINITY),
                low_open: bound("exclusiveMinimum").is_some() || low.is_none(),
                high_open: bound("exclusiveMaximum").is_some() || high.is_none(),
            });
        }
        if of_type("boolean") {
            return Self::Flag;
        }
        if of_type("array") {
            let unique = schema["uniqueItems"] == Json::Bool(true);
            return Self::List { item: Box::new(Shape::of(&schema["items"])), unique };
        }
        if let Some(all) = schema["oneOf"].as_array() {
            if all.iter().all(|one| one.get("const").is_some() || one.get("enum").is_some()) {
                let consts = names(&schema["oneOf"], |one| one["const"].as_str());
                let lists = all.iter().flat_map(|one| names(&one["enum"], Json::as_str));
                return Self::Choice(lists.chain(consts).collect());
            }
            let kind = |one: &Json| {
                let mut fields = Shape::fields(one);
                fields.retain(|field| field.key != "kind");
                let name = one["properties"]["kind"]["const"].as_str().unwrap_or_default();
                let about = one["description"].as_str().unwrap_or_default().to_owned();
                Kind { name: name.to_owned(), about, fields }
            };
            let all: Vec<_> = all.iter().map(kind).collect();
            let example = schema["x-example"].as_str().unwrap_or_default().to_owned();
            return Self::Kinds(Kinds { noun: "kind ", default: None, example, all });
        }
        if of_type("string") {
            let all = names(&schema["enum"], Json::as_str);
            return if all.is_empty() { Self::Text } else { Self::Choice(all) };
        }
        match &schema["additionalProperties"] {
            Json::Bool(true) => Self::Any,
            below @ Json::Object(_) => Self::Named(Box::new(Shape::of(below))),
            _ => Self::Section(Shape::fields(schema)),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(least, MOST) => {
                write!(f, "a whole number from {least} to 1e15, such as 50_000 or 1e6")
            }
            Self::Whole(least, most) => write!(f, "a whole number in [{least}, {most}]"),
            Self::Real(bounds) => bounds.fmt(f),
            Self::Flag => f.write_str("true or false"),
            Self::Text => f.write_str("a text"),
            Self::Choice(names) => write!(f, "one of {}", names.join(", ")),
            Self::Kinds(kinds) => write!(f, "one of {}", kinds.names().join(", ")),
            Self::List { item, unique: true } => {
                let item = item.form.to_string();
                write!(f, "a list of some of {}, each once", item.trim_start_matches("one of "))
            }
            Self::List { item, .. } => match &item.form {
                Self::Whole(least, _) => write!(f, "a list of whole numbers of at least {least}"),
                other => write!(f, "a list, of each: {other}"),
            },
            Self::Section(_) | Self::Over(_) | Self::Named(_) | Self::Any => {
                f.write_str("a section of keys")
            }
        }
    }
}

/// A value as a config has it.
pub fn show(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Json::Number(number) => match number.as_f64() {
            Some(x) if !number.is_u64() && !number.is_i64() => x.to_string(),
            _ => number.to_string(),
        },
        Json::Object(entries) => {
            let show = |(key, value): (&String, &Json)| format!("{key}: {}", show(value));
            format!("{{{}}}", entries.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Json::Null | Json::Bool(_) => value.to_string(),
    }
}
