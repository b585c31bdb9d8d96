//! How large a document may grow while it is read: an alias stands for all that its anchor names, so that some
//! hundred bytes of them can stand for gigabytes.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// What a document of any length may grow to: values, and bytes of their texts.
const ALWAYS: usize = 1 << 18;

/// What it may grow to for each of its bytes.
const PER_BYTE: usize = 4;

/// Why `text` may not be read: its aliases make too much of it. Whatever else is wrong with it is for its reader
/// to tell.
pub fn check(text: &str) -> Result<(), String> {
    // Without an anchor nothing stands for more than it says, which is most of what is read.
    if !text.contains('&') {
        return Ok(());
    }
    let most = ALWAYS + PER_BYTE * text.len();
    let left = Cell::new(Some(most));
    let read = Count(&left).deserialize(serde_yaml::Deserializer::from_str(text));
    match (read, left.get()) {
        (Err(_), None) => Err(format!(
            "its aliases stand for more than {most} values and letters, the most that {} bytes may",
            text.len()
        )),
        (Ok(()) | Err(_), _) => Ok(()),
    }
}

/// Counts down what a document stands for, and keeps nothing of it. None where there was not enough.
#[derive(Clone, Copy)]
struct Count<'a>(&'a Cell<Option<usize>>);

impl Count<'_> {
    fn take<E: serde::de::Error>(self, letters: usize) -> Result<(), E> {
        let left = self.0.get().and_then(|left| left.checked_sub(1 + letters));
        self.0.set(left);
        left.map(drop).ok_or_else(|| E::custom("too much"))
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a document")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.take(0)
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.take(0)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<(), E> {
        self.take(0)
    }

    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<(), E> {
        self.take(0)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.take(0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.take(text.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.take(0)?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.take(0)?;
        while map.next_key_seed(self)?.is_some() {
            map.next_value_seed(self)?;
        }
        Ok(())
    }

    /// A value behind a tag.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let ((), value) = tagged.variant_seed(self)?;
        value.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Origin, from_text, parse};

    /// Some hundred bytes that stand for 9⁹ values, which the parser refuses by itself.
    fn bomb() -> String {
        let mut text = "x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for n in 1..9 {
            let below = vec![format!("*x{}", n - 1); 9].join(", ");
            text += &format!("x{n}: &x{n} [{below}]\n");
        }
        text
    }

    /// Texts that are long, aliases that are many: the square of what is written.
    fn long() -> String {
        format!("a: &a {}\nb: [{}]\n", "y".repeat(40_000), vec!["*a"; 10_000].join(", "))
    }

    #[test]
    fn aliases_cannot_stand_for_what_no_memory_holds() {
        for (text, why) in [(bomb(), "repetition"), (long(), "aliases")] {
            let refused = parse(&text, &|_| Origin::Absent).unwrap_err().message;
            assert!(refused.contains(why), "{refused}");
            let read = from_text::<std::collections::BTreeMap<String, serde_json::Value>>(&text);
            assert!(read.unwrap_err().contains(why));
        }
        assert!(check(&long()).unwrap_err().contains("aliases"));
    }

    #[test]
    fn what_people_write_may_be_said_often() {
        let some =
            format!("a: &a {{b: [1, 2.5, ~, true, text]}}\nc: [{}]", vec!["*a"; 999].join(", "));
        assert_eq!(check(&some), Ok(()));
        assert_eq!(check("a: !tag {b: 1}\n"), Ok(()));
        // For others to tell.
        assert_eq!(check("a: [1"), Ok(()));
    }
}
