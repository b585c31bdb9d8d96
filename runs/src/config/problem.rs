//! A mistake in a config before its place in the file is looked up.

use crate::error::{Error, Refusal};
use crate::yaml::{Node, Origin, display_path, line_of};

/// What reading a config gives.
pub type Checked<T> = Result<T, Box<Problem>>;

/// A mistake: where it was written and the other three parts of its message.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where the value was written.
    pub origin: Origin,
    /// The key's name where the origin does not tell it.
    pub key: String,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub allowed: String,
    /// The nearest way out.
    pub hint: String,
}

impl Problem {
    /// A mistake in the value of `node`, which the schema calls `key`.
    pub fn at(
        node: &Node,
        key: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
        hint: impl Into<String>,
    ) -> Box<Self> {
        Box::new(Self {
            origin: node.origin.clone(),
            key: key.into(),
            found: found.into(),
            allowed: allowed.into(),
            hint: hint.into(),
        })
    }

    /// The message, with the line looked up in the text of the file.
    pub fn locate(self, file: &str, text: &str) -> Error {
        let place = match &self.origin {
            Origin::Argument(argument) => format!("{argument}: {}", self.key),
            Origin::Absent => format!("{file}: {}", self.key),
            Origin::File(path) => {
                let key = self.written_key(&display_path(path));
                match line_of(text, path) {
                    Some(line) if !path.is_empty() => format!("{file}:{line}: {key}"),
                    _ => format!("{file}: {key}"),
                }
            }
        };
        let Self { found, allowed, hint, .. } = self;
        Error::Refused(Box::new(Refusal { place, found, allowed, hint }))
    }

    /// The key as the file has it. One that is missing is reported at the section that lacks it,
    /// and named as it would be written there.
    fn written_key(&self, written: &str) -> String {
        let ends_in = |key: &str| written == key || written.ends_with(&format!(".{key}"));
        match self.key.rsplit_once('.') {
            _ if written.is_empty() => self.key.clone(),
            _ if ends_in(&self.key) => written.to_owned(),
            Some((section, last)) if ends_in(section) => format!("{written}.{last}"),
            _ => written.to_owned(),
        }
    }
}

/// What is found where a key has to be and is not.
pub const MISSING: &str = "nothing; the key is missing";

/// The option that looks most like what was found, if one does.
pub fn nearest<'a>(found: &str, options: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_lowercase();
    options
        .into_iter()
        .map(|option| {
            (strsim::normalized_damerau_levenshtein(&found, &option.to_lowercase()), option)
        })
        .filter(|(likeness, _)| *likeness > 0.3)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, option)| option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_or_none() {
        assert_eq!(nearest("lerning_rate", ["loss", "learning_rate"]), Some("learning_rate"));
        assert_eq!(nearest("cartpole-v1", ["CartPole-v0", "CartPole-v1"]), Some("CartPole-v1"));
        assert_eq!(nearest("qqqq", ["loss", "tau"]), None);
    }
}
