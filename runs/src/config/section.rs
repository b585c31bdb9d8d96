//! Reads the keys of one section. The keys that are asked for *are* the list of allowed keys, so
//! code and message cannot disagree.

use crate::yaml::{Node, Number, Origin, Step, Value};

use super::bounds::Bounds;
use super::problem::{Checked, MISSING, Problem, nearest};

static ABSENT: Origin = Origin::Absent;

/// What a key is when it is left out.
pub enum Otherwise<T> {
    /// This.
    Default(T),
    /// An error that gives this example.
    Required(T),
}

use Otherwise::{Default, Required};

impl<T> Otherwise<T> {
    fn value(&self) -> &T {
        match self {
            Default(value) | Required(value) => value,
        }
    }
}

/// A section that is being read.
pub struct Section<'a> {
    name: String,
    entries: &'a [(String, Node)],
    origin: &'a Origin,
    asked: Vec<&'static str>,
    listing: bool,
}

impl<'a> Section<'a> {
    /// The section `name` of the schema; `None` is one that was left out.
    pub fn new(name: impl Into<String>, node: Option<&'a Node>) -> Checked<Self> {
        let name = name.into();
        let (entries, origin) = match node {
            None => (&[][..], &ABSENT),
            Some(node) => (node.entries().ok_or_else(|| not_a_section(node, &name))?, &node.origin),
        };
        Ok(Self { name, entries, origin, asked: Vec::new(), listing: false })
    }

    /// The keys that `read` asks for.
    pub fn keys_of<T>(read: impl FnOnce(&mut Section<'_>) -> Checked<T>) -> Vec<&'static str> {
        let mut section = Section {
            name: String::new(),
            entries: &[],
            origin: &ABSENT,
            asked: Vec::new(),
            listing: true,
        };
        // Nothing is missing in a listing, so reading goes through to the last key.
        let _ = read(&mut section);
        section.asked
    }

    /// Its entries without those under `keys`, as a node of its own.
    pub fn without(&self, keys: &[&str]) -> Node {
        let kept = self.entries.iter().filter(|(key, _)| !keys.contains(&key.as_str()));
        Node { value: Value::Map(kept.cloned().collect()), origin: self.origin.clone() }
    }

    /// The value under `key`, where it is not yet read.
    pub fn peek(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Whether `key` is one that was asked for.
    pub fn asks(&self, key: &str) -> bool {
        self.asked.contains(&key)
    }

    /// The value under `key`, unread.
    pub fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.peek(key)
    }

    /// The section under `key`.
    pub fn section(&mut self, key: &'static str) -> Checked<Section<'a>> {
        let node = self.node(key);
        let mut section = Section::new(self.full(key), node)?;
        section.listing = self.listing;
        Ok(section)
    }

    /// A whole number.
    pub fn whole(
        &mut self,
        key: &'static str,
        otherwise: Otherwise<u64>,
        least: u64,
    ) -> Checked<u64> {
        /// So large that nobody means more, so small that products of two still fit or saturate.
        const MOST: u64 = 1_000_000_000_000_000;
        let allowed = format!("a whole number from {least} to 1e15, such as 50_000 or 1e6");
        let within = |n: &u64| (least..=MOST).contains(n);
        self.read(key, otherwise, &allowed, |node| whole(&node.value).filter(within))
    }

    /// A whole number that counts things in memory.
    pub fn count(&mut self, key: &'static str, otherwise: usize, least: u64) -> Checked<usize> {
        let n = self.whole(key, Default(otherwise as u64), least)?;
        usize::try_from(n).map_err(|_| self.problem(key, &n.to_string(), "a smaller number", ""))
    }

    /// A whole number that counts things in memory, or `null`, which it is where it is left out.
    pub fn optional_count(&mut self, key: &'static str, least: u64) -> Checked<Option<usize>> {
        if self.peek(key).is_none_or(|node| matches!(node.value, Value::Null)) {
            self.asked.push(key);
            return Ok(None);
        }
        self.count(key, 0, least).map(Some)
    }

    /// A finite number within bounds.
    pub fn number(
        &mut self,
        key: &'static str,
        otherwise: Otherwise<f64>,
        bounds: Bounds,
    ) -> Checked<f64> {
        self.read(key, otherwise, &bounds.to_string(), |node| bounds.take(&node.value))
    }

    /// A finite number within bounds, or `null`.
    pub fn optional_number(
        &mut self,
        key: &'static str,
        otherwise: Option<f64>,
        bounds: Bounds,
    ) -> Checked<Option<f64>> {
        let allowed = format!("{bounds}, or null");
        self.read(key, Default(otherwise), &allowed, |node| match &node.value {
            Value::Null => Some(None),
            value => bounds.take(value).map(Some),
        })
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str, otherwise: bool) -> Checked<bool> {
        self.read(key, Default(otherwise), "true or false", |node| match &node.value {
            Value::Bool(value) => Some(*value),
            _ => None,
        })
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &'static str, otherwise: Otherwise<String>) -> Checked<String> {
        self.read(key, otherwise, "a text", |node| match &node.value {
            Value::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        })
    }

    /// A list of whole numbers of at least 1.
    pub fn wholes(&mut self, key: &'static str, otherwise: &[usize]) -> Checked<Vec<usize>> {
        let allowed = "a list of whole numbers of at least 1";
        let one = |item: &Node| whole(&item.value).filter(|n| *n > 0)?.try_into().ok();
        let node = self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| &node.value);
        if let Some(Value::List(items)) = node
            && let Some(wrong) = items.iter().find(|item| one(item).is_none())
        {
            let hint = format!("{key}: {}", otherwise.to_vec().show());
            let found = wrong.value.to_string();
            return Err(Problem::at(wrong, self.full(key), found, allowed, hint));
        }
        self.read(key, Default(otherwise.to_vec()), allowed, |node| match &node.value {
            Value::List(items) => items.iter().map(one).collect(),
            _ => None,
        })
    }

    /// One of a few names.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        otherwise: Otherwise<&'static str>,
        options: &[(&'static str, T)],
    ) -> Checked<T> {
        let names = || options.iter().map(|(name, _)| *name);
        let taken = match (self.node(key), &otherwise, self.listing) {
            (Some(node), ..) => {
                let found = match &node.value {
                    Value::Text(text) => text.clone(),
                    other => other.to_string(),
                };
                names().find(|name| *name == found).ok_or_else(|| {
                    let list = names().collect::<Vec<_>>().join(", ");
                    let hint = nearest(&found, names()).unwrap_or(otherwise.value());
                    Problem::at(node, self.full(key), found.clone(), format!("one of {list}"), hint)
                })?
            }
            (None, Default(name), _) | (None, Required(name), true) => *name,
            (None, Required(example), false) => {
                let list = names().collect::<Vec<_>>().join(", ");
                return Err(self.missing(key, &format!("one of {list}"), example));
            }
        };
        let index = names().position(|name| name == taken).unwrap_or(0);
        Ok(options[index].1)
    }

    /// A list of some of a few names, each once; it may be empty.
    pub fn choices<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        otherwise: &[T],
        options: &[(&'static str, T)],
    ) -> Checked<Vec<T>> {
        let Some(node) = self.node(key) else { return Ok(otherwise.to_vec()) };
        let names = options.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let allowed = format!("a list of some of {names}, each once");
        let hint = format!("{key}: [{names}]");
        let wrong = |node: &Node, found: String| {
            Problem::at(node, self.full(key), found, allowed.clone(), hint.clone())
        };
        let Value::List(items) = &node.value else {
            return Err(wrong(node, node.value.to_string()));
        };
        let mut chosen = Vec::new();
        for item in items {
            let found = options
                .iter()
                .find(|(name, _)| matches!(&item.value, Value::Text(text) if text == name));
            match found {
                Some((name, option)) if chosen.contains(option) => {
                    return Err(wrong(item, format!("{name} a second time")));
                }
                Some((_, option)) => chosen.push(*option),
                None => return Err(wrong(item, item.value.to_string())),
            }
        }
        Ok(chosen)
    }

    /// Ends the reading: what was not asked for is unknown. `advice` may know more about a key
    /// than the nearest name.
    pub fn finish_with(&self, advice: impl Fn(&str) -> Option<String>) -> Checked<()> {
        for (key, node) in self.entries {
            if !self.asks(key) {
                let hint = advice(key)
                    .or_else(|| nearest(key, self.asked.iter().copied()).map(str::to_owned))
                    .unwrap_or_else(|| "remove it".to_owned());
                let found = format!("the unknown key {key}");
                let allowed = match self.asked.is_empty() {
                    true => "no key".to_owned(),
                    false => self.asked.join(", "),
                };
                return Err(Problem::at(node, self.full(key), found, allowed, hint));
            }
        }
        Ok(())
    }

    /// Ends the reading: what was not asked for is unknown.
    pub fn finish(&self) -> Checked<()> {
        self.finish_with(|_| None)
    }

    /// A mistake in the value of `key`, or in its default where it was left out.
    pub fn problem(&self, key: &str, found: &str, allowed: &str, hint: &str) -> Box<Problem> {
        let node = self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node);
        let origin = node.map_or(self.origin, |node| &node.origin).clone();
        let hint = if hint.is_empty() { "another value" } else { hint };
        Box::new(Problem {
            origin,
            key: self.full(key),
            found: found.to_owned(),
            allowed: allowed.to_owned(),
            hint: hint.to_owned(),
        })
    }

    /// The key's name from the root of the schema.
    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn missing(&self, key: &str, allowed: &str, example: &str) -> Box<Problem> {
        self.problem(key, MISSING, allowed, &format!("{key}: {example}"))
    }

    fn read<T: Clone + Show>(
        &mut self,
        key: &'static str,
        otherwise: Otherwise<T>,
        allowed: &str,
        read: impl Fn(&Node) -> Option<T>,
    ) -> Checked<T> {
        match (self.node(key), &otherwise) {
            (None, Required(example)) if !self.listing => {
                Err(self.missing(key, allowed, &example.show()))
            }
            (None, _) => Ok(otherwise.value().clone()),
            (Some(node), _) => read(node).ok_or_else(|| {
                let hint = match &otherwise {
                    Default(value) => format!("leave it out for the default {}", value.show()),
                    Required(example) => example.show(),
                };
                Problem::at(node, self.full(key), node.value.to_string(), allowed, hint)
            }),
        }
    }
}

/// The message for a value where a section has to be.
pub fn not_a_section(node: &Node, key: &str) -> Box<Problem> {
    let key = match (&node.origin, key) {
        (Origin::File(path), "") => match path.last() {
            Some(Step::Key(last)) => last.clone(),
            _ => "the file".to_owned(),
        },
        (_, key) => key.to_owned(),
    };
    let hint = format!("write keys below {key}, two spaces further in");
    Problem::at(node, key, node.value.to_string(), "a section of keys", hint)
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

/// A value in a message.
trait Show {
    fn show(&self) -> String;
}

impl Show for u64 {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Show for f64 {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Show for bool {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Show for String {
    fn show(&self) -> String {
        self.clone()
    }
}

impl Show for Option<f64> {
    fn show(&self) -> String {
        self.map_or("null".to_owned(), |x| x.to_string())
    }
}

impl Show for Vec<usize> {
    fn show(&self) -> String {
        format!("{self:?}")
    }
}
