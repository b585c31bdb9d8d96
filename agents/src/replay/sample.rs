//! What is drawn from a replay memory.

use sparring_envs::{Dtype, ObsBuf};

use super::config::ReplayConfig;
use crate::alloc::Alloc;

/// A batch of transitions, as [`crate::returns::Transition`] names them; filled again, it allocates nothing.
#[derive(Debug)]
pub struct Sample {
    /// `(batch, obs_dim)`, as the environment showed them.
    pub obs: ObsBuf,
    /// `(batch, obs_dim)`.
    pub next: ObsBuf,
    /// `(batch, act_dim)`.
    pub action: Vec<f32>,
    /// `(batch)`.
    pub reward: Vec<f32>,
    /// `(batch)`.
    pub discount: Vec<f32>,
    /// Where each was found, `(batch)`.
    pub place: Vec<usize>,
}

impl Default for Sample {
    fn default() -> Self {
        let none = || ObsBuf::zeros(Dtype::F32, 0);
        Self {
            obs: none(),
            next: none(),
            action: Vec::new(),
            reward: Vec::new(),
            discount: Vec::new(),
            place: Vec::new(),
        }
    }
}

impl Sample {
    /// `batch` transitions of a memory of `config`.
    fn new(alloc: &mut Alloc, batch: usize, config: &ReplayConfig) -> Self {
        let len = batch.saturating_mul(config.obs_dim);
        let mut seen = || match config.dtype {
            Dtype::F32 => ObsBuf::F32(alloc.zeros(len)),
            Dtype::U8 => ObsBuf::U8(alloc.zeros(len)),
        };
        Self {
            obs: seen(),
            next: seen(),
            action: alloc.zeros(batch.saturating_mul(config.act_dim)),
            reward: alloc.zeros(batch),
            discount: alloc.zeros(batch),
            place: alloc.zeros(batch),
        }
    }

    /// Bytes of `batch` transitions.
    pub fn bytes(config: &ReplayConfig, batch: usize) -> u64 {
        Alloc::count(|alloc| Self::new(alloc, batch, config))
    }

    /// Makes room for `batch` transitions of this kind, where it has another.
    pub(super) fn fit(&mut self, batch: usize, config: &ReplayConfig) {
        let kind = (self.obs.view().dtype(), self.obs.view().len(), self.action.len());
        let wanted = (config.dtype, batch * config.obs_dim, batch * config.act_dim);
        if kind != wanted || self.place.len() != batch {
            *self = Self::new(&mut Alloc::Taken, batch, config);
        }
    }
}
