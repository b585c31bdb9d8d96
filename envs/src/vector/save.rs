//! The whole engine as bytes: envs, present observations, counters. The number of workers is no part
//! of it, so a run may go on with another.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use super::VectorEnv;
use super::faults::Cause;
use crate::{EnvError, ObsBuf, state};

/// What is written, by env index.
#[derive(Serialize, Deserialize)]
struct Saved {
    envs: Vec<Vec<u8>>,
    obs: ObsBuf,
    seeds: Vec<u64>,
    current_seeds: Vec<u64>,
    steps: Vec<u32>,
    returns: Vec<f64>,
    episodes: Vec<u64>,
    restarts: Vec<u32>,
    stopped: Option<Stopped>,
}

/// The fault of a stopped engine, without its id.
#[derive(Serialize, Deserialize)]
struct Stopped {
    env: usize,
    seed: u64,
    episode: u64,
    step: u32,
    cause: String,
}

impl VectorEnv {
    /// The whole state. An engine that is restored from it goes on with the same bits.
    pub fn save(&self) -> Result<Vec<u8>, EnvError> {
        self.whole()?;
        let mut saved = Saved {
            envs: Vec::with_capacity(self.num_envs()),
            obs: self.slab.obs.clone(),
            seeds: Vec::new(),
            current_seeds: Vec::new(),
            steps: Vec::new(),
            returns: Vec::new(),
            episodes: Vec::new(),
            restarts: Vec::new(),
            stopped: self.stopped.as_ref().and_then(|fault| match fault {
                EnvError::Fault { env, seed, episode, step, cause, .. } => Some(Stopped {
                    env: *env,
                    seed: *seed,
                    episode: *episode,
                    step: *step,
                    cause: cause.clone(),
                }),
                _ => None,
            }),
        };
        for chunk in self.chunks.iter().flatten() {
            for env in &chunk.envs {
                saved.envs.push(caught(self.spec.id, || env.save())?);
            }
            let counters = &chunk.counters;
            saved.seeds.extend(&counters.seeds);
            saved.current_seeds.extend(&counters.current_seeds);
            saved.steps.extend(&counters.steps);
            saved.returns.extend(&counters.returns);
            saved.episodes.extend(&counters.episodes);
            saved.restarts.extend(&counters.restarts);
        }
        state::pack(&self.owner(), &saved)
    }

    /// Takes back what [`VectorEnv::save`] of an engine with the same spec and number of envs gave;
    /// on an error this engine stays as it was.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        self.whole()?;
        let saved: Saved = state::unpack(&self.owner(), bytes)?;
        let n = self.num_envs();
        let lens = [
            saved.envs.len(),
            saved.seeds.len(),
            saved.current_seeds.len(),
            saved.steps.len(),
            saved.returns.len(),
            saved.episodes.len(),
            saved.restarts.len(),
        ];
        if lens.iter().any(|&len| len != n) || !saved.obs.view().fits(self.slab.obs.view()) {
            let found = format!("arrays of {lens:?} rows for {n} envs");
            return Err(EnvError::State { id: self.owner(), found });
        }
        let mut envs = Vec::with_capacity(n);
        for bytes in &saved.envs {
            envs.push(caught(self.spec.id, || {
                let mut env = (self.spec.make)()?;
                env.restore(bytes)?;
                Ok(env)
            })?);
        }
        let mut envs = envs.into_iter();
        for chunk in self.chunks.iter_mut().flatten() {
            let len = chunk.envs.len();
            let rows = chunk.first..chunk.first + len;
            chunk.envs = envs.by_ref().take(len).collect();
            chunk.fault = None;
            let counters = &mut chunk.counters;
            counters.seeds.copy_from_slice(&saved.seeds[rows.clone()]);
            counters.current_seeds.copy_from_slice(&saved.current_seeds[rows.clone()]);
            counters.steps.copy_from_slice(&saved.steps[rows.clone()]);
            counters.returns.copy_from_slice(&saved.returns[rows.clone()]);
            counters.episodes.copy_from_slice(&saved.episodes[rows.clone()]);
            counters.restarts.copy_from_slice(&saved.restarts[rows]);
        }
        self.slab.obs = saved.obs;
        self.finished.clear();
        self.void.clear();
        self.void.extend(0..n);
        let id = self.spec.id.to_owned();
        self.stopped = saved.stopped.map(|Stopped { env, seed, episode, step, cause }| {
            EnvError::Fault { env, id, seed, episode, step, cause }
        });
        Ok(())
    }

    /// Whose state it is: the spec and the number of envs.
    fn owner(&self) -> String {
        format!("{} x {}", self.num_envs(), self.spec.id)
    }
}

/// What `work` on an env gives; a panic in it becomes an error.
fn caught<T>(id: &str, work: impl FnOnce() -> Result<T, EnvError>) -> Result<T, EnvError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        Err(EnvError::State { id: id.to_owned(), found: Cause::panic(payload).to_string() })
    })
}
