//! What is drawn from a replay memory.

use sparring_envs::{Dtype, ObsBuf};

use super::config::ReplayConfig;

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
    /// Bytes of `batch` transitions.
    pub fn bytes(config: &ReplayConfig, batch: usize) -> u64 {
        let seen = 2 * config.obs_dim * config.dtype.size();
        let one = seen + (config.act_dim + 2) * size_of::<f32>() + size_of::<usize>();
        (batch as u64).saturating_mul(one as u64)
    }

    /// Makes room for `batch` transitions of this kind; keeps what is there where it fits.
    pub(super) fn fit(&mut self, batch: usize, config: &ReplayConfig) {
        let len = batch * config.obs_dim;
        for seen in [&mut self.obs, &mut self.next] {
            if (seen.view().dtype(), seen.view().len()) != (config.dtype, len) {
                *seen = ObsBuf::zeros(config.dtype, len);
            }
        }
        self.action.resize(batch * config.act_dim, 0.0);
        self.reward.resize(batch, 0.0);
        self.discount.resize(batch, 0.0);
        self.place.resize(batch, 0);
    }
}
