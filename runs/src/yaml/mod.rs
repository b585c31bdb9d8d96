//! The one place that knows the YAML parser: text to [`Node`] tree, tree path to line, and plain
//! serde in and out for the files of a run folder.
//!
//! serde_yaml gives positions only in errors. So the line of a path is found by reading the text
//! once more with a visitor that walks to the path and fails there: exact, and no second parser.

mod locate;
mod node;
mod overlay;
mod size;

use std::cell::RefCell;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

pub use locate::line_of;
use node::MERGE;
pub use node::{Node, Number, Origin, Path, Step, Value, display_path};
pub use overlay::{Kinded, OPTIONS, nested};

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: Option<usize>,
    /// What the parser says.
    pub message: String,
    /// The key that was given twice, if that is what is wrong.
    pub repeated: Option<Path>,
}

/// Reads one YAML document; `origin` names where a value at a path was written.
pub fn parse(text: &str, origin: &dyn Fn(&[Step]) -> Origin) -> Result<Node, SyntaxError> {
    let too_large = |message| SyntaxError { line: None, message, repeated: None };
    size::check(text).map_err(too_large)?;
    let reader = Reader { origin, path: RefCell::default(), repeated: RefCell::default() };
    NodeSeed(&reader).deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let line = error.location().map(|at| at.line());
        SyntaxError { line, message: error.to_string(), repeated: reader.repeated.take() }
    })
}

/// A value as YAML.
pub fn to_text<T: Serialize>(value: &T) -> Result<String, String> {
    serde_yaml::to_string(value).map_err(|error| error.to_string())
}

/// A value from YAML that [`to_text`] wrote.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    size::check(text)?;
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}

struct Reader<'a> {
    origin: &'a dyn Fn(&[Step]) -> Origin,
    path: RefCell<Path>,
    repeated: RefCell<Option<Path>>,
}

impl Reader<'_> {
    fn node(&self, value: Value) -> Node {
        Node { value, origin: (self.origin)(&self.path.borrow()) }
    }

    fn below<T>(&self, step: Step, read: impl FnOnce() -> T) -> T {
        self.path.borrow_mut().push(step);
        let result = read();
        self.path.borrow_mut().pop();
        result
    }
}

struct NodeSeed<'a, 'b>(&'a Reader<'b>);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_, '_> {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a number, a text, a list or a section, without !tags")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(self.0.node(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(self.0.node(Value::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(self.0.node(Value::Number(Number::Whole(value.into()))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(self.0.node(Value::Number(Number::Whole(value.into()))))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(self.0.node(Value::Number(Number::Whole(value))))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        let number = i128::try_from(value).map_or(Number::Real(value as f64), Number::Whole);
        Ok(self.0.node(Value::Number(number)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(self.0.node(Value::Number(Number::Real(value))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(self.0.node(Value::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        loop {
            let step = Step::Index(list.len());
            match self.0.below(step, || items.next_element_seed(NodeSeed(self.0)))? {
                Some(item) => list.push(item),
                None => return Ok(self.0.node(Value::List(list))),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut under = Vec::new();
        while let Some(key) = map.next_key_seed(KeySeed { reader: self.0, seen: &entries })? {
            let step = Step::Key(key.clone());
            let node = self.0.below(step, || map.next_value_seed(NodeSeed(self.0)))?;
            match (key == MERGE, node.value) {
                (true, Value::Map(below)) => under.extend(below),
                (true, Value::List(maps)) => {
                    under.extend(maps.iter().filter_map(Node::entries).flatten().cloned());
                }
                (_, value) => entries.push((key, Node { value, ..node })),
            }
        }
        for (key, node) in under {
            if !entries.iter().any(|(name, _)| *name == key) {
                entries.push((key, node));
            }
        }
        Ok(self.0.node(Value::Map(entries)))
    }
}

/// Reads a key; one that the map has already is an error at its second place.
struct KeySeed<'a, 'b> {
    reader: &'a Reader<'b>,
    seen: &'a [(String, Node)],
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_, '_> {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a key: a text or a whole number")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<String, E> {
        if self.seen.iter().any(|(name, _)| name == key) {
            let mut path = self.reader.path.borrow().clone();
            path.push(Step::Key(key.to_owned()));
            *self.reader.repeated.borrow_mut() = Some(path);
            return Err(E::custom("repeated key"));
        }
        Ok(key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, SyntaxError> {
        parse(text, &|path| Origin::File(path.to_vec()))
    }

    fn value(text: &str) -> Value {
        read(&format!("a: {text}")).unwrap().get("a").unwrap().value.clone()
    }

    #[test]
    fn numbers_as_people_write_them() {
        let number = |text: &str| value(text).number();
        assert_eq!(number("101000"), Some(Number::Whole(101_000)));
        assert_eq!(number("1_000_000"), Some(Number::Whole(1_000_000)));
        assert_eq!(number("-1_000"), Some(Number::Whole(-1_000)));
        assert_eq!(number("1e6"), Some(Number::Real(1e6)));
        assert_eq!(number("99999999999999999999"), Some(Number::Whole(99_999_999_999_999_999_999)));
        assert_eq!(
            number("-99999999999999999999"),
            Some(Number::Whole(-99_999_999_999_999_999_999))
        );
        assert_eq!(number("1_0.5"), Some(Number::Real(10.5)));
        assert!(matches!(number(".nan"), Some(Number::Real(x)) if x.is_nan()));
        for text in ["\"1000\"", "_1", "1_", "1__0", "a_1", "1_0x", "yes", "true", "[1]"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(value("2026_11"), Value::Text("2026_11".into()));
    }

    #[test]
    fn a_repeated_key_is_found_at_its_second_place() {
        let error = read("a: 1\nb: {c: 1,\n  d: 2,\n  c: 3}\n").unwrap_err();
        assert_eq!(error.line, Some(4));
        assert_eq!(display_path(&error.repeated.unwrap()), "b.c");
    }

    #[test]
    fn a_merge_key_lays_maps_under_the_map_that_has_it() {
        let text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: *x, b: 9}\nw: {<<: [*x, *y]}\n";
        let doc = read(text).unwrap();
        let of = |key: &str| doc.get(key).unwrap().to_json().to_string();
        assert_eq!(of("z"), r#"{"a":1,"b":9}"#);
        assert_eq!(of("w"), r#"{"a":1,"b":2,"c":4}"#);
        let Origin::File(path) = &doc.get("z").unwrap().get("a").unwrap().origin else { panic!() };
        // Its line is that of the anchor, where it is written.
        assert_eq!((display_path(path), line_of(text, path)), ("z.a".to_owned(), Some(1)));
    }

    #[test]
    fn order_and_origins_are_kept() {
        let node = read("z: 1\na: [5, {k: v}]\n").unwrap();
        let keys: Vec<_> = node.entries().unwrap().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["z", "a"]);
        let Value::List(items) = &node.get("a").unwrap().value else { panic!() };
        let Origin::File(path) = &items[1].get("k").unwrap().origin else { panic!() };
        assert_eq!(display_path(path), "a[1].k");
    }

    #[test]
    fn infinite_numbers_are_written_as_they_are_read() {
        let node = read("range: [-.inf, 0.5, .inf]").unwrap();
        assert_eq!(to_text(&node).unwrap(), "range:\n- -.inf\n- 0.5\n- .inf\n");
    }

    #[test]
    fn what_is_no_document_says_where() {
        assert_eq!(read("a: [1, 2\nb: 3\n").unwrap_err().line, Some(2));
        assert!(read("a: !tag {b: 1}").unwrap_err().message.contains("!tags"));
        assert!(read("").is_err());
    }
}
