//! A mistake in a config before its place in the file is looked up.

use serde::de::DeserializeOwned;

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

    /// The message and its line, looked up in the text of the file.
    fn locate(self, file: &str, text: &str) -> (Option<usize>, Refusal) {
        let mut at = None;
        let place = match &self.origin {
            Origin::Argument(argument) => format!("{argument}: {}", self.key),
            Origin::Absent => format!("{file}: {}", self.key),
            Origin::File(path) => {
                let key = self.written_key(&display_path(path));
                at = line_of(text, path).filter(|_| !path.is_empty());
                match at {
                    Some(line) => format!("{file}:{line}: {key}"),
                    None => format!("{file}: {key}"),
                }
            }
        };
        let Self { found, allowed, hint, .. } = self;
        (at, Refusal { place, found, allowed, hint, more: Vec::new() })
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

/// What `node` says as a `T`, or what is wrong with it, and where.
pub fn as_typed<T: DeserializeOwned>(node: &Node) -> Result<T, String> {
    serde_path_to_error::deserialize(node.to_json()).map_err(|error| {
        match error.path().to_string().as_str() {
            "." => error.inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        }
    })
}

/// All mistakes of a file in one error, in the order of its lines.
pub fn locate(problems: Vec<Problem>, file: &str, text: &str) -> Error {
    let mut all: Vec<_> = problems.into_iter().map(|one| one.locate(file, text)).collect();
    all.sort_by_key(|(line, _)| *line);
    // The values of one axis of a sweep tend to share their mistake, but for what they are.
    let mut refusals: Vec<Refusal> = Vec::new();
    for (_, refusal) in all {
        let same = |other: &Refusal| {
            let axis = |place: &str| place.rsplit_once('[').map(|(axis, _)| axis.to_owned());
            let place = axis(&other.place) == axis(&refusal.place) && axis(&other.place).is_some();
            place && (&other.found, &other.hint) == (&refusal.found, &refusal.hint)
        };
        if !refusals.iter().any(same) {
            refusals.push(refusal);
        }
    }
    let mut refusals = refusals.into_iter();
    let first = refusals.next().unwrap_or_default();
    Error::Refused(Box::new(Refusal { more: refusals.collect(), ..first }))
}

/// What is found where a key has to be and is not.
pub const MISSING: &str = "nothing; the key is missing";

/// The option that looks most like what was found, if one does.
pub fn nearest<'a>(found: &str, options: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    likely(found, options).first().copied()
}

/// The options that look like what was found, the likest first.
pub fn likely<'a>(found: &str, options: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    /// Below it, more letters differ than agree.
    const BAR: f64 = 0.5;
    /// No key is longer, and likeness costs the product of both lengths.
    const LONGEST: usize = 100;
    if found.len() > LONGEST {
        return Vec::new();
    }
    let found = found.to_lowercase();
    let likeness =
        |option: &str| strsim::normalized_damerau_levenshtein(&found, &option.to_lowercase());
    let mut all: Vec<_> = options.into_iter().map(|option| (likeness(option), option)).collect();
    all.retain(|(likeness, _)| *likeness > BAR);
    all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    all.into_iter().map(|(_, option)| option).collect()
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
