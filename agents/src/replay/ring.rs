//! The ring itself: transition by transition, the newest over the oldest.

use serde::{Deserialize, Serialize};
use sparring_envs::{Batch, Dtype, ObsBuf};

use super::config::ReplayConfig;
use super::frames::Frames;
use super::sample::Sample;
use crate::error::AgentError;
use crate::returns::{StoredObs, Transition};

/// `capacity` places, of which `len` are held.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ring {
    config: ReplayConfig,
    len: usize,
    /// Where the next one goes.
    cursor: usize,
    stored: Stored,
    action: Vec<f32>,
    reward: Vec<f32>,
    discount: Vec<f32>,
}

/// The observations and successors of each place.
#[derive(Debug, Serialize, Deserialize)]
enum Stored {
    /// Side by side, `(capacity, obs_dim)` each.
    Numbers { obs: Vec<f32>, next: Vec<f32> },
    /// Their newest frames, `(capacity)` each, and how many frames had been taken when the transition
    /// was complete.
    Frames { frames: Frames, obs: Vec<u64>, next: Vec<u64>, born: Vec<u64> },
}

impl Ring {
    pub fn new(config: ReplayConfig) -> Self {
        let ReplayConfig { capacity, obs_dim, act_dim, .. } = config;
        let stored = match config.dtype {
            Dtype::F32 => Stored::Numbers {
                obs: vec![0.0; capacity * obs_dim],
                next: vec![0.0; capacity * obs_dim],
            },
            Dtype::U8 => Stored::Frames {
                frames: Frames::new(config.frame_config()),
                obs: vec![0; capacity],
                next: vec![0; capacity],
                born: vec![0; capacity],
            },
        };
        Self {
            config,
            len: 0,
            cursor: 0,
            stored,
            action: vec![0.0; capacity * act_dim],
            reward: vec![0.0; capacity],
            discount: vec![0.0; capacity],
        }
    }

    /// Bytes of all arrays.
    pub fn bytes(config: &ReplayConfig) -> u64 {
        let (seen, frames) = match config.dtype {
            Dtype::F32 => (2 * config.obs_dim * size_of::<f32>(), 0),
            Dtype::U8 => (3 * size_of::<u64>(), config.frame_config().bytes()),
        };
        let one = seen + (config.act_dim + 2) * size_of::<f32>();
        (config.capacity as u64).saturating_mul(one as u64).saturating_add(frames)
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Takes the frames of a step in; see [`Frames::see`].
    pub fn see(&mut self, batch: &Batch<'_>, seen: (&[u8], &[u8]), shown: &mut [[u64; 2]]) {
        if let Stored::Frames { frames, .. } = &mut self.stored {
            frames.see(batch, seen, shown);
        }
    }

    /// Stores a transition and says where; none that comes so late that its frames may be gone.
    ///
    /// # Errors
    /// A transition of another kind than the memory was made for.
    pub fn push(&mut self, transition: Transition<'_>) -> Result<Option<usize>, AgentError> {
        let (i, ReplayConfig { capacity, obs_dim: dim, act_dim, .. }) = (self.cursor, self.config);
        match (&mut self.stored, transition.obs, transition.next) {
            (Stored::Numbers { obs, next }, StoredObs::Numbers(from), StoredObs::Numbers(to)) => {
                obs[i * dim..][..dim].copy_from_slice(from);
                next[i * dim..][..dim].copy_from_slice(to);
            }
            (
                Stored::Frames { frames, obs, next, born },
                StoredObs::Frame(from),
                StoredObs::Frame(to),
            ) => {
                if !frames.in_time(from) {
                    return Ok(None);
                }
                (obs[i], next[i], born[i]) = (from, to, frames.taken());
            }
            (Stored::Numbers { .. } | Stored::Frames { .. }, ..) => {
                return Err(self.of_another_kind());
            }
        }
        self.action[i * act_dim..][..act_dim].copy_from_slice(transition.action);
        self.reward[i] = transition.reward;
        self.discount[i] = transition.discount;
        self.cursor = (i + 1) % capacity;
        self.len = (self.len + 1).min(capacity);
        Ok(Some(i))
    }

    /// Forgets the oldest transition if its frames may be gone, and says where it was.
    pub fn drop_lost(&mut self) -> Option<usize> {
        let Stored::Frames { frames, born, .. } = &self.stored else { return None };
        let oldest = self.oldest();
        if self.len == 0 || frames.holds(born[oldest]) {
            return None;
        }
        self.len -= 1;
        Some(oldest)
    }

    fn oldest(&self) -> usize {
        (self.cursor + self.config.capacity - self.len) % self.config.capacity
    }

    /// The place of the `i`-th of those held, in any fixed order.
    pub fn place(&self, i: usize) -> usize {
        let full = self.len == self.config.capacity;
        if full { i } else { (self.oldest() + i) % self.config.capacity }
    }

    fn of_another_kind(&self) -> AgentError {
        let expected = self.config.dtype;
        let found = match expected {
            Dtype::F32 => Dtype::U8,
            Dtype::U8 => Dtype::F32,
        };
        AgentError::Dtype { expected, found }
    }

    /// Copies the transition at `place` into a row of `sample`.
    ///
    /// # Errors
    /// A sample of another kind than the memory.
    pub fn copy(&self, place: usize, row: usize, sample: &mut Sample) -> Result<(), AgentError> {
        let ReplayConfig { obs_dim: dim, act_dim, .. } = self.config;
        let at = row * dim..(row + 1) * dim;
        match (&self.stored, &mut sample.obs, &mut sample.next) {
            (Stored::Numbers { obs, next }, ObsBuf::F32(to_obs), ObsBuf::F32(to_next)) => {
                to_obs[at.clone()].copy_from_slice(&obs[place * dim..][..dim]);
                to_next[at].copy_from_slice(&next[place * dim..][..dim]);
            }
            (Stored::Frames { frames, obs, next, .. }, ObsBuf::U8(to_obs), ObsBuf::U8(to_next)) => {
                frames.stack(obs[place], &mut to_obs[at.clone()]);
                frames.stack(next[place], &mut to_next[at]);
            }
            (Stored::Numbers { .. } | Stored::Frames { .. }, ..) => {
                return Err(self.of_another_kind());
            }
        }
        let from = &self.action[place * act_dim..][..act_dim];
        sample.action[row * act_dim..][..act_dim].copy_from_slice(from);
        sample.reward[row] = self.reward[place];
        sample.discount[row] = self.discount[place];
        sample.place[row] = place;
        Ok(())
    }
}
