//! The options of the section `robustness`.

use std::collections::BTreeMap;

use sparring_envs::{EnvRow, EnvSpec};
use sparring_sparse::KeyError;

use super::Robustness;
use crate::config::env::{known, typed};
use crate::envs::EnvSettings;
use crate::keys::{Problem, Reader, not_a_section};
use crate::yaml::{Node, Value};

/// The env of the training.
pub struct Trained<'a> {
    /// Its row.
    pub row: &'a EnvRow,
    /// Its options.
    pub env: &'a EnvSettings,
    /// What it is with them.
    pub spec: &'a EnvSpec,
}

const HINT: &str = "options: {noise_sigma: [0, 10]}";

impl Robustness {
    /// The same with the options of `section`, each a list of values that the env takes, under all of which the agent can
    /// play.
    pub fn with_options(
        self,
        reader: &mut Reader,
        section: &Node,
        scored: &Trained<'_>,
    ) -> Option<Self> {
        let before = reader.mistakes;
        let Some(node) = section.get("options") else {
            let allowed = "options of the env, each with a list of values";
            reader.blame("robustness", section, KeyError::new("options", "nothing", allowed, HINT));
            return None;
        };
        let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
            reader.refuse(*not_a_section(node, "robustness.options"));
            return None;
        };
        let mut options = BTreeMap::new();
        for (key, node) in entries {
            let full = format!("robustness.options.{key}");
            let Some(option) = known(reader, scored.row, key, node, &full) else { continue };
            let items = match &node.value {
                Value::List(items) if !items.is_empty() => items,
                one => {
                    let (found, allowed) = (one.to_string(), "a list of values, such as [0, 10]");
                    reader.refuse(*Problem::at(node, full, found, allowed, HINT));
                    continue;
                }
            };
            let mut values = Vec::new();
            for item in items {
                let Some(value) = typed(reader, item, &full, option) else { continue };
                if values.contains(&value) {
                    let found = format!("{value} a second time");
                    let allowed = "each value once";
                    reader.refuse(*Problem::at(item, full.clone(), found, allowed, "remove it"));
                }
                values.push(value);
            }
            options.insert(key.clone(), values);
        }
        let keys = Self { options, ..self };
        if reader.mistakes > before {
            return None;
        }
        match check(&keys, scored) {
            Ok(()) => Some(keys),
            Err(error) => {
                reader.blame("robustness", section, error);
                None
            }
        }
    }
}

/// Refuses more than anybody waits for, and envs that the agent cannot play as it was trained.
fn check(keys: &Robustness, scored: &Trained<'_>) -> Result<(), KeyError> {
    if keys.count() > Robustness::MOST {
        let found = format!("{} combinations", keys.count());
        let allowed = format!("at most {} combinations of their values", Robustness::MOST);
        return Err(KeyError::new("options", found, allowed, "fewer values"));
    }
    for under in keys.perturbations() {
        let refused = |found: String| {
            let allowed = "options under which observations and actions are those of the training";
            KeyError::new("options", format!("{under}: {found}"), allowed, "other values")
        };
        let spec =
            under.spec(scored.row, scored.env).map_err(|error| refused(error.to_string()))?;
        if (&spec.obs, &spec.action) != (&scored.spec.obs, &scored.spec.action) {
            return Err(refused(format!("observations {}, actions {}", spec.obs, spec.action)));
        }
    }
    Ok(())
}
