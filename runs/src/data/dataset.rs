//! The section `data`, and the episodes that it names.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_agents::{Dataset, Split};
use sparring_envs::EnvSpec;
use sparring_sparse::{KeyError, Seed};

use super::source::Source;
use super::summary::Content;
use super::writer::SPLIT;
use crate::error::{Error, Refusal};

/// What an agent learns from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataKeys {
    /// Folders of Minari's sets or files of D4RL, relative to where `sparring` runs; all of the env that is played. Of
    /// each a tenth of the episodes is held out: those that its split.json names, or that are drawn by their number.
    #[schemars(example = vec!["data/acrobot/medium-v0"], extend("x-required" = true))]
    pub sets: Vec<String>,
    /// The first so many of the episodes that are learnt from, over all sets; null takes all. Those held out stay the
    /// same.
    #[schemars(range(min = 1))]
    pub episodes: Option<usize>,
}

impl DataKeys {
    /// Whether there are sets, each once.
    ///
    /// # Errors
    /// None, and one that is named again.
    pub fn check(&self) -> Result<(), KeyError> {
        let allowed = "at least one data set, each once";
        let mut known = BTreeSet::new();
        match self.sets.iter().find(|set| !known.insert(*set)) {
            Some(again) => {
                let found = format!("{again} a second time");
                Err(KeyError::new("sets", found, allowed, "remove it"))
            }
            None if self.sets.is_empty() => {
                Err(KeyError::new("sets", "[]", allowed, "sets: [data/NAME-v0]"))
            }
            None => Ok(()),
        }
    }
}

/// The episodes of `keys`, which have to be of `spec`, with the checksum of all that was read.
///
/// # Errors
/// A set that is not there, is damaged, holds no number or none of the env's; then nothing of any is taken.
pub fn load(keys: &DataKeys, spec: &EnvSpec) -> Result<(Dataset, String), Error> {
    let (mut train, mut held_out, mut content) = (Vec::new(), Vec::new(), Content::default());
    for set in &keys.sets {
        let source = Source::open(Path::new(set), Some(spec.id))?;
        if source.len() == 0 {
            let hint = "sparring record CONFIG --at random --episodes 100 --out data/NAME-v0";
            return Err(Refusal::argument(set, "no episode", "a set with episodes", hint));
        }
        let split = split(&source)?;
        for at in 0..source.len() {
            let episode = source.episode(at)?;
            content.add(&episode);
            match split.held_out.binary_search(&at) {
                Ok(_) => held_out.push(episode),
                Err(_) => train.push(episode),
            }
        }
    }
    train.truncate(keys.episodes.unwrap_or(usize::MAX));
    Ok((Dataset::new(spec, train, held_out), content.finish()))
}

/// As its `split.json` has it; of a set without one, a function of how many episodes there are.
fn split(source: &Source) -> Result<Split, Error> {
    let (path, count) = (source.path.join(SPLIT), source.len());
    if !path.is_file() {
        return Ok(Split::draw(count, &Seed::new(0).child("split")));
    }
    let text = std::fs::read(&path).map_err(Error::file(&path, "read"))?;
    let split: Split =
        serde_json::from_slice(&text).map_err(|error| Error::content(&path)(error.to_string()))?;
    let mut all: Vec<_> = split.train.iter().chain(&split.held_out).copied().collect();
    all.sort_unstable();
    match all.into_iter().eq(0..count) && split.held_out.is_sorted() {
        true => Ok(split),
        false => {
            let what = format!("does not name each of {count} episodes once, in their order");
            Err(Error::content(&path)(what))
        }
    }
}
