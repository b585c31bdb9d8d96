//! The line of a path in a document.

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::node::Step;

/// The line, from 1, of the key or list item that `path` ends in.
pub fn line_of(text: &str, path: &[Step]) -> Option<usize> {
    let error = Walk(path).deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    error.location().map(|at| at.line())
}

/// Walks down `path` and fails at its end, so that the parser's error holds the position.
struct Walk<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the path")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted), rest)) = self.0.split_first() else {
            return Err(A::Error::custom("here"));
        };
        while let Some(found) = map.next_key_seed(KeyIs { wanted, last: rest.is_empty() })? {
            if found {
                map.next_value_seed(Walk(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((Step::Index(wanted), rest)) = self.0.split_first() else {
            return Err(A::Error::custom("here"));
        };
        for _ in 0..*wanted {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Walk(rest))?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Err(E::custom("here"))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Err(E::custom("here"))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        Err(E::custom("here"))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Err(E::custom("here"))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Err(E::custom("here"))
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom("here"))
    }
}

/// Compares a key, and fails on the one that ends the path.
struct KeyIs<'a> {
    wanted: &'a str,
    last: bool,
}

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a key")
    }

    fn visit_u64<E: serde::de::Error>(self, key: u64) -> Result<bool, E> {
        self.visit_str(&key.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        match (key == self.wanted, self.last) {
            (true, true) => Err(E::custom("here")),
            (found, _) => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, path: &[&str]) -> Option<usize> {
        let step = |part: &&str| match part.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key((*part).to_owned()),
        };
        line_of(text, &path.iter().map(step).collect::<Vec<_>>())
    }

    const TEXT: &str = "\
# a comment
name: x   # one more

seeds:
  - 1

  - 2
agent: {learning_rate: 1,
        epsilon: {start: 1.0,
                  end: 0.1}}
variants:
  rigl:
    sparsity:
      kind: >-
        rigl
      layers: {hidden.0: 0.5}
  nothing:
last: &anchor {a: 1}
again: *anchor
";

    #[test]
    fn lines_of_keys_items_and_flow_maps() {
        assert_eq!(line(TEXT, &["name"]), Some(2));
        assert_eq!(line(TEXT, &["seeds"]), Some(4));
        assert_eq!(line(TEXT, &["seeds", "1"]), Some(7));
        assert_eq!(line(TEXT, &["agent", "learning_rate"]), Some(8));
        assert_eq!(line(TEXT, &["agent", "epsilon", "end"]), Some(10));
        assert_eq!(line(TEXT, &["variants", "rigl", "sparsity", "kind"]), Some(14));
        assert_eq!(line(TEXT, &["variants", "rigl", "sparsity", "layers", "hidden.0"]), Some(16));
        assert_eq!(line(TEXT, &["variants", "nothing"]), Some(17));
        assert_eq!(line(TEXT, &["again"]), Some(19));
    }

    #[test]
    fn a_path_that_is_not_there_has_no_line() {
        assert_eq!(line(TEXT, &["variants", "set"]), None);
        assert_eq!(line(TEXT, &["seeds", "7"]), None);
    }
}
