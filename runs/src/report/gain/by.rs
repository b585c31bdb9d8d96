//! What the rows of gains are.

use crate::error::{Error, Refusal};
use crate::keys::nearest;

/// What `--by` of `--gain` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// A row a task.
    pub env: bool,
    /// A row a family, beside that of all tasks.
    pub family: bool,
}

const NAMES: [&str; 2] = ["env", "family"];

impl By {
    /// Both.
    pub const DEFAULT: &str = "env,family";

    /// Of words between commas.
    ///
    /// # Errors
    /// Another word.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let words: Vec<&str> = text.split(',').map(str::trim).collect();
        match words.iter().find(|word| !NAMES.contains(word)) {
            None => Ok(Self { env: words.contains(&"env"), family: words.contains(&"family") }),
            Some(wrong) => {
                let hint = nearest(wrong, NAMES).unwrap_or(Self::DEFAULT);
                Err(Refusal::argument(
                    format!("--by {text}"),
                    *wrong,
                    "env, family or both: env,family",
                    hint,
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_between_commas() {
        assert_eq!(By::parse("env, family").unwrap(), By { env: true, family: true });
        assert_eq!(By::parse("family").unwrap(), By { env: false, family: true });
        assert!(By::parse("familly").unwrap_err().to_string().contains("try      family"));
    }
}
