//! The whole engine as bytes: envs, present observations, counters. The number of workers is no part
//! of it, so a run may go on with another.

use serde::{Deserialize, Serialize};

use super::VectorEnv;
use super::faults::{self, Cause};
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
            obs: self.slab.present(),
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
            for env in 0..chunk.envs.len() {
                saved.envs.push(self.caught(|| Ok(chunk.envs.save(env)?))?);
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
        if lens.iter().any(|&len| len != n) || !saved.obs.view().fits(self.slab.next.view()) {
            let found = format!("arrays of {lens:?} rows for {n} envs");
            return Err(EnvError::State { id: self.owner(), found });
        }
        let mut groups = Vec::with_capacity(self.chunks.len());
        let mut all = saved.envs.iter();
        for chunk in self.chunks.iter().flatten() {
            groups.push(self.caught(|| {
                let mut group = self.spec.make.group();
                for (env, bytes) in all.by_ref().take(chunk.envs.len()).enumerate() {
                    group.push()?;
                    group.restore(env, bytes)?;
                }
                Ok(group)
            })?);
        }
        for (chunk, group) in self.chunks.iter_mut().flatten().zip(groups) {
            let rows = chunk.first..chunk.first + group.len();
            chunk.envs = group;
            chunk.fault = None;
            let counters = &mut chunk.counters;
            counters.seeds.copy_from_slice(&saved.seeds[rows.clone()]);
            counters.current_seeds.copy_from_slice(&saved.current_seeds[rows.clone()]);
            counters.steps.copy_from_slice(&saved.steps[rows.clone()]);
            counters.returns.copy_from_slice(&saved.returns[rows.clone()]);
            counters.episodes.copy_from_slice(&saved.episodes[rows.clone()]);
            counters.restarts.copy_from_slice(&saved.restarts[rows]);
        }
        self.slab.restore(saved.obs);
        self.finished.clear();
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

    /// What `work` on an env gives; a panic in it becomes an error.
    fn caught<T>(&self, work: impl FnOnce() -> Result<T, Cause>) -> Result<T, EnvError> {
        faults::caught(work).map_err(|cause| match cause {
            Cause::Error(error) => error,
            cause => EnvError::State { id: self.spec.id.to_owned(), found: cause.to_string() },
        })
    }
}
