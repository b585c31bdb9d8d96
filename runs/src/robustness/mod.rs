//! How a trained policy does under other options of its env: with noise on its screens, with other physics.
//!
//! `robustness: {options: {noise_sigma: [0, 10], noise_mode: [wrap, clip]}}` scores the last policy of each job under
//! every combination of these values, once it is at its end. All combinations are played from the same seeds, so that
//! they differ by their options alone (Graesser et al. 2022, section on robustness: σ from 0 to 30 on Atari's screens).

mod file;
mod read;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sparring_envs::{EnvError, EnvRow, EnvSpec, OptionValue};

use crate::envs::{EnvSettings, apart};
use crate::evaluate::{EvalSettings, Played};
pub use file::{Held, read_csv, to_csv};
pub use read::Trained;

/// The section `robustness`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Robustness {
    /// Options of the env, each with the values to score under.
    #[serde(deserialize_with = "apart")]
    #[schemars(with = "BTreeMap<String, Json>")]
    pub options: BTreeMap<String, Vec<OptionValue>>,
    /// Episodes under each combination.
    #[schemars(range(min = 1))]
    pub episodes: usize,
}

impl Default for Robustness {
    fn default() -> Self {
        Self { options: BTreeMap::new(), episodes: 20 }
    }
}

/// One value of each option.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Perturbation {
    /// By the option's key.
    pub options: BTreeMap<String, OptionValue>,
}

/// What was played under one.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Of the env.
    pub under: Perturbation,
    /// The episodes.
    pub episodes: Vec<Played>,
}

impl Robustness {
    /// More than anybody waits for.
    pub const MOST: usize = 1_000;

    /// How many combinations there are.
    pub fn count(&self) -> usize {
        self.options.values().fold(1, |count, values| count.saturating_mul(values.len()))
    }

    /// All combinations, the last option's values changing fastest.
    pub fn perturbations(&self) -> Vec<Perturbation> {
        let one = vec![Perturbation::default()];
        self.options.iter().fold(one, |all, (key, values)| {
            let with = |one: &Perturbation| {
                let one = one.clone();
                values.iter().map(move |value| {
                    let mut options = one.options.clone();
                    options.insert(key.clone(), value.clone());
                    Perturbation { options }
                })
            };
            all.iter().flat_map(with).collect()
        })
    }

    /// How the episodes of one combination are played.
    pub fn settings(&self, eval: &EvalSettings) -> EvalSettings {
        let num_envs = self.episodes.min(EvalSettings::MOST_ENVS as usize);
        EvalSettings { episodes: self.episodes, num_envs, ..eval.clone() }
    }
}

impl Perturbation {
    /// The env of `row` under these options, those of `env` where it has none.
    ///
    /// # Errors
    /// An env that cannot be made so.
    pub fn spec(&self, row: &EnvRow, env: &EnvSettings) -> Result<EnvSpec, EnvError> {
        let options = self.options.iter().fold(env.options.clone(), |options, (key, value)| {
            options.with(key.clone(), value.clone())
        });
        row.spec(&options.resolve(row.id, row.options)?)
    }
}

impl fmt::Display for Perturbation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<_> =
            self.options.iter().map(|(key, value)| format!("{key}={value}")).collect();
        f.write_str(&told.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_meets_every_other() {
        let of = |key: &str, values: &[u32]| {
            (key.to_owned(), values.iter().map(|value| OptionValue::Whole(*value)).collect())
        };
        let options = BTreeMap::from([of("b", &[1, 2]), of("a", &[3, 4, 5])]);
        let robustness = Robustness { options, ..Robustness::default() };
        let all: Vec<_> = robustness.perturbations().iter().map(Perturbation::to_string).collect();
        assert_eq!(all, ["a=3,b=1", "a=3,b=2", "a=4,b=1", "a=4,b=2", "a=5,b=1", "a=5,b=2"]);
        assert_eq!(robustness.count(), 6);
        assert_eq!(Robustness::default().perturbations(), [Perturbation::default()]);
    }
}
