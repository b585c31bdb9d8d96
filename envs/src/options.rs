//! Options of an env: what its constructor takes besides its id, each with a key, a default and limits.
//!
//! ```
//! use sparring_envs::{EnvOption, Limits, OptionValue, Options};
//!
//! const SKIP: EnvOption = EnvOption {
//!     key: "frame_skip",
//!     default: OptionValue::Whole(5),
//!     limits: Limits::AtLeast(1.0),
//!     about: "simulator steps per step",
//! };
//! let options = Options::default().with("frame_skip", OptionValue::Whole(2));
//! let resolved = options.resolve("Ant-v5", &[SKIP])?;
//! assert_eq!(resolved.u32("frame_skip")?, 2);
//! assert_eq!(Options::default().resolve("Ant-v5", &[SKIP])?.u32("frame_skip")?, 5);
//! let wrong = Options::default().with("frame_skip", OptionValue::Whole(0));
//! let error = wrong.resolve("Ant-v5", &[SKIP]).unwrap_err().to_string();
//! assert!(error.contains("a whole number of at least 1"));
//! # Ok::<(), sparring_envs::EnvError>(())
//! ```

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::EnvError;

/// A value of an option. The variant of its default is the option's type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OptionValue {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Whole(u32),
    /// A finite number.
    Real(f64),
    /// Two numbers, the first not above the second; either may be infinite.
    Pair([f64; 2]),
    /// A text.
    Text(Cow<'static, str>),
}

/// Which values of its type an option takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limits {
    /// All.
    Any,
    /// Numbers from here on.
    AtLeast(f64),
    /// Numbers from the first to the second, both included.
    Within(f64, f64),
    /// These texts.
    OneOf(&'static [&'static str]),
}

/// An option that an env has.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvOption {
    /// Its name, as Gymnasium calls it where Gymnasium has it.
    pub key: &'static str,
    /// Its value where none is given; also says its type.
    pub default: OptionValue,
    /// Which values of that type it takes.
    pub limits: Limits,
    /// What it does, in one line, with the unit.
    pub about: &'static str,
}

impl EnvOption {
    /// Whether it takes this value.
    pub fn takes(&self, value: &OptionValue) -> bool {
        let within = |x: f64| match self.limits {
            Limits::AtLeast(low) => x >= low,
            Limits::Within(low, high) => (low..=high).contains(&x),
            Limits::Any | Limits::OneOf(_) => true,
        };
        match (value, &self.default) {
            (OptionValue::Flag(_), OptionValue::Flag(_)) => true,
            (OptionValue::Whole(n), OptionValue::Whole(_)) => within(f64::from(*n)),
            (OptionValue::Real(x), OptionValue::Real(_)) => x.is_finite() && within(*x),
            (OptionValue::Pair([low, high]), OptionValue::Pair(_)) => {
                low <= high && within(*low) && within(*high)
            }
            (OptionValue::Text(text), OptionValue::Text(_)) => match self.limits {
                Limits::OneOf(texts) => texts.contains(&text.as_ref()),
                _ => true,
            },
            _ => false,
        }
    }

    /// What it takes, in words.
    pub fn allowed(&self) -> String {
        let kind = match self.default {
            OptionValue::Flag(_) => "true or false",
            OptionValue::Whole(_) => "a whole number",
            OptionValue::Real(_) => "a number",
            OptionValue::Pair(_) => "a pair [low, high] of numbers with low <= high",
            OptionValue::Text(_) => "a text",
        };
        match self.limits {
            Limits::Any => kind.to_owned(),
            Limits::AtLeast(low) => format!("{kind} of at least {low}"),
            Limits::Within(low, high) => format!("{kind} in [{low}, {high}]"),
            Limits::OneOf(texts) => format!("one of {}", texts.join(", ")),
        }
    }
}

/// Values of options by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options(Vec<(Cow<'static, str>, OptionValue)>);

impl Options {
    /// These and one more; a key that is there already takes the new value.
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: OptionValue) -> Self {
        let key = key.into();
        self.0.retain(|(other, _)| *other != key);
        self.0.push((key, value));
        self
    }

    /// One value for each of `options`, in their order, defaults filled in; an unknown key or a
    /// value that its option does not take is an error in the name of the env `id`.
    pub fn resolve(&self, id: &'static str, options: &[EnvOption]) -> Result<Self, EnvError> {
        for (key, value) in &self.0 {
            let Some(option) = options.iter().find(|option| option.key == key) else {
                let keys: Vec<_> = options.iter().map(|option| option.key).collect();
                let allowed = match keys.is_empty() {
                    true => "it has none".to_owned(),
                    false => format!("it has {}", keys.join(", ")),
                };
                return Err(EnvError::OptionKey { id, key: key.to_string(), allowed });
            };
            if !option.takes(value) {
                let (found, allowed) = (value.to_string(), option.allowed());
                return Err(EnvError::OptionValue { id, key: option.key, found, allowed });
            }
        }
        let resolved = options.iter().map(|option| {
            let value = self.get(option.key).unwrap_or(&option.default).clone();
            (Cow::Borrowed(option.key), value)
        });
        Ok(Self(resolved.collect()))
    }

    /// The value of a flag.
    pub fn bool(&self, key: &'static str) -> Result<bool, EnvError> {
        match self.get(key) {
            Some(OptionValue::Flag(value)) => Ok(*value),
            _ => Err(EnvError::OptionUnread { key, kind: "flag" }),
        }
    }

    /// A whole number.
    pub fn u32(&self, key: &'static str) -> Result<u32, EnvError> {
        match self.get(key) {
            Some(OptionValue::Whole(value)) => Ok(*value),
            _ => Err(EnvError::OptionUnread { key, kind: "whole number" }),
        }
    }

    /// A number.
    pub fn f64(&self, key: &'static str) -> Result<f64, EnvError> {
        match self.get(key) {
            Some(OptionValue::Real(value)) => Ok(*value),
            _ => Err(EnvError::OptionUnread { key, kind: "number" }),
        }
    }

    /// Two numbers, the first not above the second.
    pub fn pair(&self, key: &'static str) -> Result<[f64; 2], EnvError> {
        match self.get(key) {
            Some(OptionValue::Pair(value)) => Ok(*value),
            _ => Err(EnvError::OptionUnread { key, kind: "pair of numbers" }),
        }
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Result<&str, EnvError> {
        match self.get(key) {
            Some(OptionValue::Text(value)) => Ok(value),
            _ => Err(EnvError::OptionUnread { key, kind: "text" }),
        }
    }

    /// Whether no value is given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, key: &str) -> Option<&OptionValue> {
        self.0.iter().find(|(other, _)| other == key).map(|(_, value)| value)
    }
}

impl Serialize for Options {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// As it is written in YAML.
impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |x: f64| match x {
            f64::INFINITY => ".inf".to_owned(),
            f64::NEG_INFINITY => "-.inf".to_owned(),
            x => x.to_string(),
        };
        match self {
            Self::Flag(value) => write!(f, "{value}"),
            Self::Whole(value) => write!(f, "{value}"),
            Self::Real(value) => f.write_str(&number(*value)),
            Self::Pair([low, high]) => write!(f, "[{}, {}]", number(*low), number(*high)),
            Self::Text(value) => f.write_str(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EnvOption, Limits, OptionValue, Options};

    const fn option(key: &'static str, default: OptionValue, limits: Limits) -> EnvOption {
        EnvOption { key, default, limits, about: "a test" }
    }

    #[test]
    fn each_type_takes_its_values_within_its_limits() {
        use OptionValue::{Flag, Pair, Real, Text, Whole};
        let inf = f64::INFINITY;
        let text = |text: &'static str| Text(text.into());
        let modes = Limits::OneOf(&["wrap", "clip"]);
        let cases = [
            (option("a", Flag(true), Limits::Any), vec![Flag(false)], vec![Whole(1), text("yes")]),
            (
                option("b", Whole(4), Limits::Within(1.0, 9.0)),
                vec![Whole(1), Whole(9)],
                vec![Whole(0), Whole(10), Real(4.0)],
            ),
            (
                option("c", Real(0.5), Limits::AtLeast(0.0)),
                vec![Real(0.0), Real(1e9)],
                vec![Real(-1e-9), Real(inf), Real(f64::NAN), Whole(1)],
            ),
            (
                option("d", Pair([0.2, 1.0]), Limits::Any),
                vec![Pair([0.7, inf]), Pair([1.0, 1.0])],
                vec![Pair([1.0, 0.0]), Pair([f64::NAN, 1.0]), Real(1.0)],
            ),
            (option("e", text("wrap"), modes), vec![text("clip")], vec![text("fold")]),
        ];
        for (option, right, wrong) in cases {
            assert!(option.takes(&option.default), "{}", option.key);
            for value in right {
                assert!(option.takes(&value), "{} = {value}", option.key);
            }
            for value in wrong {
                assert!(!option.takes(&value), "{} = {value}", option.key);
            }
        }
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_known() {
        let known = [option("frame_skip", OptionValue::Whole(5), Limits::Any)];
        let options = Options::default().with("frameskip", OptionValue::Whole(5));
        let error = options.resolve("Ant-v5", &known).unwrap_err().to_string();
        assert!(error.contains("`frameskip`") && error.contains("it has frame_skip"), "{error}");
        let error = options.resolve("Chain-v0", &[]).unwrap_err().to_string();
        assert!(error.contains("it has none"), "{error}");
    }

    #[test]
    fn values_are_read_by_their_type_alone() {
        let options = Options::default().with("a", OptionValue::Whole(5));
        assert_eq!(options.u32("a"), Ok(5));
        assert!(options.f64("a").is_err());
        assert!(options.u32("b").is_err());
        let options = options.with("a", OptionValue::Whole(6));
        assert_eq!(options.u32("a"), Ok(6));
    }

    #[test]
    fn values_are_shown_as_yaml_has_them() {
        let text = OptionValue::Pair([f64::NEG_INFINITY, 0.5]).to_string();
        assert_eq!(text, "[-.inf, 0.5]");
        assert_eq!(OptionValue::Real(1.0).to_string(), "1");
        assert_eq!(OptionValue::Flag(true).to_string(), "true");
    }
}
