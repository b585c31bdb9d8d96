//! The one reader: a tree of YAML beside the shape of what it may be. All mistakes of a section are
//! gathered, and what was typed comes out as JSON, numbers such as `1e6` and `1_000_000` made whole.

use serde_json::{Map, Number as JsonNumber, Value as Json};
use sparring_sparse::KeyError;

use super::problem::{MISSING, Problem, nearest};
use super::shape::{Field, Form, Kind, Kinds, Shape, show};
use super::synonyms::meant;
use crate::yaml::{Node, Number, Origin, Step, Value};

/// More mistakes than anybody reads at once; each is looked up in the file.
const MOST: usize = 100;

/// Reads sections and keeps their mistakes.
#[derive(Default)]
pub struct Reader {
    /// In the order in which they were found.
    pub problems: Vec<Problem>,
    /// How many there were, those that were told before among them.
    pub mistakes: usize,
}

/// A key on its way through the reader: its name from the root of the config, and what it may be.
struct Place<'a> {
    key: String,
    shape: &'a Shape,
    hint: String,
}

impl Reader {
    /// What is typed in the section `name`, which is left out where there is no node.
    pub fn section(&mut self, name: &str, node: Option<&Node>, shape: &Shape) -> Map<String, Json> {
        let absent = Node::absent();
        let place = Place { key: name.to_owned(), shape, hint: String::new() };
        match self.value(node.unwrap_or(&absent), &place) {
            Some(Json::Object(typed)) => typed,
            _ => Map::new(),
        }
    }

    /// Keeps a mistake.
    pub fn refuse(&mut self, problem: Problem) {
        self.mistakes += 1;
        if self.problems.len() < MOST && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// What `read` makes of values that the shape allows; a value that is none all the same is a mistake.
    pub fn keep<T>(
        &mut self,
        name: &str,
        section: &Node,
        read: impl FnOnce() -> serde_json::Result<T>,
    ) -> Option<T> {
        read()
            .map_err(|error| {
                let (found, allowed) = (error.to_string(), "values that fit each other");
                self.refuse(*Problem::at(
                    section,
                    name,
                    found,
                    allowed,
                    "what the first line says",
                ));
            })
            .ok()
    }

    /// Keeps what a check of the section `name` found, at the value that it names.
    pub fn blame(&mut self, name: &str, section: &Node, error: KeyError) {
        let KeyError { key, found, allowed, hint } = error;
        let origin = within(section, &key).unwrap_or(section).origin.clone();
        let key = if key.is_empty() { name.to_owned() } else { format!("{name}.{key}") };
        self.refuse(Problem { origin, key, found, allowed, hint });
    }

    fn value(&mut self, node: &Node, place: &Place<'_>) -> Option<Json> {
        if matches!(node.value, Value::Null) && place.shape.nullable {
            return Some(Json::Null);
        }
        let read = match (&place.shape.form, &node.value) {
            (Form::Any | Form::Over(_), _) => return None,
            (Form::Section(fields), _) => {
                let entries = self.entries(node, &place.key)?;
                return Some(self.fields(node, entries, fields, &place.key, None));
            }
            (Form::Kinds(kinds), _) => {
                let entries = self.entries(node, &place.key)?;
                return self.kinds(node, entries, kinds, &place.key);
            }
            (Form::Named(shape), _) => {
                let mut all = Map::new();
                for (name, node) in self.entries(node, &place.key)? {
                    let key = format!("{}.{name}", place.key);
                    let place = Place { key, shape, hint: example_of(shape) };
                    all.extend(self.value(node, &place).map(|value| (name.clone(), value)));
                }
                return Some(Json::Object(all));
            }
            (Form::List { item, unique }, Value::List(items)) => {
                return self.list(items, item, *unique, place);
            }
            (Form::Choice(names), value) => {
                let text = as_text(value);
                if names.contains(&text) {
                    return Some(Json::String(text));
                }
                let near = nearest(&text, names.iter().map(String::as_str)).map(str::to_owned);
                let hint = near.unwrap_or_else(|| place.hint.clone());
                let found = match value {
                    Value::Text(_) if !place.key.contains("compute_layers") => text,
                    other => other.to_string(),
                };
                self.refuse(*Problem::at(node, &place.key, found, place.shape.allowed(), hint));
                return None;
            }
            (Form::Whole(least, most), value) => {
                whole(value).filter(|n| (least..=most).contains(&n)).map(Json::from)
            }
            (Form::Real(bounds), value) => {
                bounds.take(value).and_then(JsonNumber::from_f64).map(Json::Number)
            }
            (Form::Flag, Value::Bool(flag)) => Some(Json::Bool(*flag)),
            (Form::Text, Value::Text(text)) if !text.is_empty() => Some(Json::from(text.as_str())),
            (Form::List { .. } | Form::Flag | Form::Text, _) => None,
        };
        if read.is_none() {
            self.wrong(node, place);
        }
        read
    }

    fn wrong(&mut self, node: &Node, place: &Place<'_>) {
        let (found, allowed) = (node.value.to_string(), place.shape.allowed());
        self.refuse(*Problem::at(node, &place.key, found, allowed, &place.hint));
    }

    fn list(
        &mut self,
        items: &[Node],
        item: &Shape,
        unique: bool,
        place: &Place<'_>,
    ) -> Option<Json> {
        let mut read = Vec::new();
        let mut inner = Reader::default();
        for node in items {
            let below = Place { key: String::new(), shape: item, hint: String::new() };
            match inner.value(node, &below) {
                Some(value) if unique && read.contains(&value) => {
                    let found = format!("{} a second time", show(&value));
                    let allowed = place.shape.allowed();
                    self.refuse(*Problem::at(node, &place.key, found, allowed, &place.hint));
                    return None;
                }
                Some(value) => read.push(value),
                None => {
                    self.wrong(node, place);
                    return None;
                }
            }
        }
        Some(Json::Array(read))
    }

    fn entries<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n [(String, Node)]> {
        let entries = node.entries();
        if entries.is_none() {
            self.refuse(*not_a_section(node, key));
        }
        entries
    }

    fn kinds(
        &mut self,
        node: &Node,
        entries: &[(String, Node)],
        kinds: &Kinds,
        name: &str,
    ) -> Option<Json> {
        let key = if name.is_empty() { "kind".to_owned() } else { format!("{name}.kind") };
        let typed = node.get("kind").map(|node| (node, as_text(&node.value)));
        let chosen = typed.as_ref().map(|(_, text)| text).or(kinds.default.as_ref());
        let allowed = format!("one of {}", kinds.names().join(", "));
        let Some(kind) = chosen.and_then(|name| kinds.find(name)) else {
            let problem = match typed {
                Some((node, text)) => {
                    let hint = nearest(&text, kinds.names()).unwrap_or(&kinds.example).to_owned();
                    Problem::at(node, key, text, allowed, hint)
                }
                None => {
                    Problem::at(node, key, MISSING, allowed, format!("kind: {}", kinds.example))
                }
            };
            self.refuse(*problem);
            return None;
        };
        let mut all = self.fields(node, entries, &kind.fields, name, Some((kinds, kind)));
        all["kind"] = Json::String(kind.name.clone());
        Some(all)
    }

    /// The keys of a section, without those that are left out.
    fn fields(
        &mut self,
        node: &Node,
        entries: &[(String, Node)],
        fields: &[Field],
        name: &str,
        of: Option<(&Kinds, &Kind)>,
    ) -> Json {
        let full = |key: &str| if name.is_empty() { key.into() } else { format!("{name}.{key}") };
        let mut typed = Map::new();
        let there = |field: &Field| match &field.when {
            None => true,
            Some(when) => {
                let default = fields.iter().find(|other| other.key == when.key);
                let default = default.and_then(|other| other.default.as_ref()?.as_str());
                let value = node.get(&when.key).map(|node| as_text(&node.value));
                let value = value.or(default.map(str::to_owned)).unwrap_or_default();
                when.values.contains(&value)
            }
        };
        for field in fields.iter().filter(|field| there(field)) {
            let key = full(&field.key);
            let written = |key: &String| node.get(key).filter(|node| node.value != Value::Null);
            let other = field.not_beside.iter().find(|other| written(other).is_some());
            if let (Some(other), Some(below)) = (other, written(&field.key)) {
                let found = format!("{} beside {other}", field.key);
                let hint = "remove one; network: {kind: mlp, hidden: [512, 512]} is the long form";
                self.refuse(*Problem::at(below, key, found, "one of the two", hint));
                continue;
            }
            match (node.get(&field.key), &field.default) {
                (Some(below), _) => {
                    let place = Place { key, shape: &field.shape, hint: hint(field) };
                    let value = self.value(below, &place);
                    typed.extend(value.map(|value| (field.key.clone(), value)));
                }
                (None, Some(_)) => {}
                (None, None) => {
                    let allowed = field.shape.allowed();
                    let problem = Problem::at(node, key, MISSING, allowed, hint(field));
                    self.refuse(*problem);
                }
            }
        }
        let kind = of.is_some().then_some("kind");
        let known: Vec<&str> = fields.iter().filter(|f| there(f)).map(|f| f.key.as_str()).collect();
        let known: Vec<&str> = kind.into_iter().chain(known).collect();
        for (key, below) in entries.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let elsewhere = of.map(|(kinds, _)| (kinds.noun, kinds.knowing(key)));
            let elsewhere = elsewhere.filter(|(_, names)| !names.is_empty());
            let conditional = fields.iter().find(|field| field.key == *key);
            let belongs =
                |noun: &str, names: String| format!("remove it; it belongs to {noun}{names}");
            let hint = match (conditional.and_then(|field| field.when.as_ref()), elsewhere) {
                (Some(when), _) => belongs(&format!("{} ", when.key), when.values.join(", ")),
                (None, elsewhere) => meant(name, key, &known)
                    .or_else(|| elsewhere.map(|(noun, names)| belongs(noun, names.join(", "))))
                    .or_else(|| nearest(key, known.iter().copied()).map(str::to_owned))
                    .unwrap_or_else(|| "remove it".to_owned()),
            };
            let found = format!("the unknown key {key}");
            let allowed = if known.is_empty() { "no key".to_owned() } else { known.join(", ") };
            self.refuse(*Problem::at(below, full(key), found, allowed, hint));
        }
        Json::Object(typed)
    }
}

/// The value of a dotted `key` below `section`; names of layers have dots of their own.
pub fn within<'a>(section: &'a Node, key: &str) -> Option<&'a Node> {
    let found = |(name, node): &'a (String, Node)| match key.strip_prefix(name.as_str())? {
        "" => Some(node),
        rest => within(node, rest.strip_prefix('.')?),
    };
    section.entries()?.iter().find_map(found)
}

fn hint(field: &Field) -> String {
    match (&field.default, &field.example) {
        (None, Some(example)) => format!("{}: {}", field.key, show(example)),
        (None, None) => format!("{}: a value", field.key),
        (Some(_), Some(example)) => format!("{}: {}", field.key, show(example)),
        (Some(default), None) => match &field.shape.form {
            Form::List { .. } => format!("{}: {}", field.key, show(default)),
            _ => format!("leave it out for the default {}", show(default)),
        },
    }
}

fn example_of(shape: &Shape) -> String {
    match &shape.form {
        Form::Choice(names) => names.first().cloned().unwrap_or_default(),
        _ => "0.5".to_owned(),
    }
}

/// What has the keys of the first level.
const THE_FILE: &str = "the file";

/// Sections whose kind one may take for their value.
const KINDED: [&str; 4] = ["agent", "network", "algebra", "sparsity"];

/// The message for a value where a section has to be.
pub fn not_a_section(node: &Node, key: &str) -> Box<Problem> {
    let key = match (&node.origin, key) {
        (Origin::File(path), "") => match path.last() {
            Some(Step::Key(last)) => last.clone(),
            _ => THE_FILE.to_owned(),
        },
        (_, key) => key.to_owned(),
    };
    let last = key.rsplit('.').next().unwrap_or(&key);
    let hint = match (key.as_str(), &node.value) {
        (THE_FILE, _) => {
            "keys such as env, agent and train; sparring init CartPole-v1 prints a config"
                .to_owned()
        }
        (_, Value::Text(typed)) if last == "env" => format!("{last}: {{id: {typed}}}"),
        (_, Value::Text(typed)) if KINDED.contains(&last) => format!("{last}: {{kind: {typed}}}"),
        (_, Value::Bool(true)) => format!("{last}: {{}}"),
        (key, _) => format!("write keys below {key}, two spaces further in"),
    };
    Problem::at(node, key, node.value.to_string(), "a section of keys", hint)
}

/// What is typed for a name.
fn as_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A whole number, also as `1e6`.
pub fn whole(value: &Value) -> Option<u64> {
    /// Above this, neighbouring whole numbers share one f64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.number()? {
        Number::Whole(n) => u64::try_from(n).ok(),
        Number::Real(x) if x.fract() == 0.0 && (0.0..=EXACT).contains(&x) => Some(x as u64),
        Number::Real(_) => None,
    }
}
