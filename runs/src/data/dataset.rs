//! The episodes that the section `data` names.

use std::path::Path;

use sparring_agents::{Dataset, Split};
use sparring_envs::EnvSpec;
use sparring_sparse::Seed;

use super::keys::DataKeys;
use super::source::Source;
use super::summary::Content;
use super::writer::SPLIT;
use crate::error::{Error, Refusal};

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
