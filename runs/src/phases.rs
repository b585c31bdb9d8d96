//! Where the time of a training goes.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Seconds of each phase of a training by its name: `act`, `envs` and `learn` make up its steps, beside them what
/// observers take (`log`, `diagnose`, `checkpoint`, `evaluate`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phases {
    seconds: BTreeMap<String, f64>,
}

impl Phases {
    /// Adds the time since `begun` to the phase `name`; the time now, at which the next one begins.
    pub fn add(&mut self, name: &str, begun: Instant) -> Instant {
        let now = Instant::now();
        let seconds = (now - begun).as_secs_f64();
        match self.seconds.get_mut(name) {
            Some(sum) => *sum += seconds,
            None => drop(self.seconds.insert(name.to_owned(), seconds)),
        }
        now
    }

    /// Adds those of another training.
    pub fn join(&mut self, other: &Self) {
        for (name, seconds) in &other.seconds {
            *self.seconds.entry(name.clone()).or_default() += seconds;
        }
    }

    /// The seconds of each, by name.
    pub fn seconds(&self) -> impl Iterator<Item = (&str, f64)> {
        self.seconds.iter().map(|(name, seconds)| (name.as_str(), *seconds))
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }
}
