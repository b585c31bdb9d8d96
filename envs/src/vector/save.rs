//! The whole engine as bytes: envs, present observations, counters. The number of workers is no part
//! of it, so a run may go on with another.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, Counters};
use super::faults::{self, Cause};
use crate::{EnvError, EnvGroup, EnvSpec, Fault, ObsBuf};

/// What is written, by env index.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    envs: Vec<Vec<u8>>,
    /// What the agent acts on now.
    pub obs: ObsBuf,
    counters: Counters,
    /// The fault that stopped the engine.
    pub stopped: Option<Fault>,
}

impl Saved {
    /// That of an engine with these chunks.
    pub fn of<'a>(
        spec: &EnvSpec,
        chunks: impl Iterator<Item = &'a Chunk>,
        obs: ObsBuf,
        stopped: Option<Fault>,
    ) -> Result<Self, EnvError> {
        let mut saved = Self { envs: Vec::new(), obs, counters: Counters::default(), stopped };
        for chunk in chunks {
            for env in 0..chunk.envs.len() {
                saved.envs.push(caught(spec, || Ok(chunk.envs.save(env)?))?);
            }
            saved.counters.extend(&chunk.counters);
        }
        Ok(saved)
    }

    /// What keeps it from being the state of `n` envs that show observations like `obs`.
    pub fn misfit(&self, n: usize, obs: &ObsBuf) -> Option<String> {
        let rows = self.counters.rows();
        if self.envs.len() != n || rows.iter().any(|&rows| rows != n) {
            return Some(format!("{} envs and counters of {rows:?} envs for {n}", self.envs.len()));
        }
        let (found, expected) = (self.obs.view(), obs.view());
        if !found.fits(expected) {
            let of = |len, dtype| format!("{len} values of {dtype}");
            let (found, expected) =
                (of(found.len(), found.dtype()), of(expected.len(), expected.dtype()));
            return Some(format!("observations of {found}, not {expected}"));
        }
        None
    }

    /// The envs of these indices, made anew.
    pub fn envs(&self, spec: &EnvSpec, range: Range<usize>) -> Result<Box<dyn EnvGroup>, EnvError> {
        caught(spec, || {
            let mut group = spec.make.group();
            for (env, bytes) in self.envs[range].iter().enumerate() {
                group.push()?;
                group.restore(env, bytes)?;
            }
            Ok(group)
        })
    }

    /// Their counters.
    pub fn counters(&self, range: Range<usize>) -> Counters {
        self.counters.of(range)
    }
}

/// What `work` on an env gives; a panic in it becomes an error.
fn caught<T>(spec: &EnvSpec, work: impl FnOnce() -> Result<T, Cause>) -> Result<T, EnvError> {
    faults::caught(work).map_err(|cause| match cause {
        Cause::Error(error) => error,
        Cause::Panic(_) | Cause::Obs { .. } | Cause::Reward(_) => {
            EnvError::State { id: spec.id.to_owned(), found: cause.to_string() }
        }
    })
}
