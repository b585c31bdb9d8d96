//! The observations and successors of each place of a memory.

use std::ops::Range;

use sparring_envs::{Dtype, ObsBuf};
use sparring_sparse::SparseError;

use super::config::ReplayConfig;
use super::frames::Frames;
use super::piece::misfit;
use crate::alloc::Alloc;
use crate::column::{Column, Rows};
use crate::error::AgentError;
use crate::returns::StoredObs;

/// The observations and successors of each place.
#[derive(Debug)]
pub(super) enum Stored {
    /// Side by side, `obs_dim` each.
    Numbers { obs: Column<f32>, next: Column<f32> },
    /// Their newest frames, and how many frames had been taken when the transition was complete.
    Frames { frames: Frames, obs: Column<u64>, next: Column<u64>, born: Column<u64> },
}

impl Stored {
    /// Those of a memory of `config`.
    pub fn new(alloc: &mut Alloc, config: &ReplayConfig) -> Self {
        let ReplayConfig { capacity, obs_dim, .. } = *config;
        match config.dtype {
            Dtype::F32 => Self::Numbers {
                obs: Column::new(alloc, capacity, obs_dim),
                next: Column::new(alloc, capacity, obs_dim),
            },
            Dtype::U8 => Self::Frames {
                frames: Frames::new(alloc, config.frame_config()),
                obs: Column::new(alloc, capacity, 1),
                next: Column::new(alloc, capacity, 1),
                born: Column::new(alloc, capacity, 1),
            },
        }
    }

    /// What there is of each place.
    pub fn columns(&self) -> Vec<&dyn Rows> {
        match self {
            Self::Numbers { obs, next } => vec![obs, next],
            Self::Frames { frames: _, obs, next, born } => vec![obs, next, born],
        }
    }

    /// The same, to be filled.
    pub fn columns_mut(&mut self) -> Vec<&mut dyn Rows> {
        match self {
            Self::Numbers { obs, next } => vec![obs, next],
            Self::Frames { frames: _, obs, next, born } => vec![obs, next, born],
        }
    }

    /// The frames, of bytes.
    pub fn frames(&self) -> Option<&Frames> {
        match self {
            Self::Numbers { .. } => None,
            Self::Frames { frames, .. } => Some(frames),
        }
    }

    /// The same, to be filled.
    pub fn frames_mut(&mut self) -> Option<&mut Frames> {
        match self {
            Self::Numbers { .. } => None,
            Self::Frames { frames, .. } => Some(frames),
        }
    }

    /// The frames among which all of `rows` are, of which row `i` stands at `i % capacity`.
    pub fn frames_of(&self, rows: &Range<u64>, capacity: u64) -> Range<u64> {
        match self {
            Self::Frames { frames, obs, born, .. } if !rows.is_empty() => {
                let place = |row: u64| (row % capacity) as usize;
                let end = born[place(rows.end - 1)];
                // No frame of a transition is older than the oldest that was acted on.
                let oldest = rows.clone().map(|row| frames.oldest(obs[place(row)]));
                oldest.min().unwrap_or(end).min(end)..end
            }
            Self::Frames { .. } | Self::Numbers { .. } => 0..0,
        }
    }

    /// Whether the frames of the transition at `place` are there.
    pub fn holds(&self, place: usize) -> bool {
        match self {
            Self::Numbers { .. } => true,
            Self::Frames { frames, born, .. } => frames.holds(born[place]),
        }
    }

    /// Whether the frames at all `places`, which were read, can be there.
    ///
    /// # Errors
    /// One that cannot.
    pub fn check(&self, mut places: impl Iterator<Item = usize>) -> Result<(), SparseError> {
        let Self::Frames { frames, obs, next, born } = self else { return Ok(()) };
        let taken = frames.taken();
        let newest = |place: usize| obs[place].max(next[place]).max(born[place].saturating_sub(1));
        match places.find(|place| newest(*place) >= taken) {
            None => Ok(()),
            Some(place) => Err(misfit("frames", format!("frames before {taken}"), newest(place))),
        }
    }

    /// Puts a transition at `place`; false where it comes so late that its frames may be gone.
    ///
    /// # Errors
    /// A transition of another kind.
    pub fn put(
        &mut self,
        place: usize,
        from: StoredObs<'_>,
        to: StoredObs<'_>,
    ) -> Result<bool, AgentError> {
        match (self, from, to) {
            (Self::Numbers { obs, next }, StoredObs::Numbers(from), StoredObs::Numbers(to)) => {
                obs.row_mut(place).copy_from_slice(from);
                next.row_mut(place).copy_from_slice(to);
                Ok(true)
            }
            (
                Self::Frames { frames, obs, next, born },
                StoredObs::Frame(from),
                StoredObs::Frame(to),
            ) => {
                let in_time = frames.in_time(from);
                if in_time {
                    (obs[place], next[place], born[place]) = (from, to, frames.taken());
                }
                Ok(in_time)
            }
            (stored @ (Self::Numbers { .. } | Self::Frames { .. }), ..) => {
                Err(stored.of_another_kind())
            }
        }
    }

    /// Copies what is at `place` to `at` of `obs` and `next`.
    ///
    /// # Errors
    /// Arrays of another kind.
    pub fn copy(
        &self,
        place: usize,
        at: Range<usize>,
        [to_obs, to_next]: [&mut ObsBuf; 2],
    ) -> Result<(), AgentError> {
        match (self, to_obs, to_next) {
            (Self::Numbers { obs, next }, ObsBuf::F32(to_obs), ObsBuf::F32(to_next)) => {
                to_obs[at.clone()].copy_from_slice(obs.row(place));
                to_next[at].copy_from_slice(next.row(place));
            }
            (Self::Frames { frames, obs, next, .. }, ObsBuf::U8(to_obs), ObsBuf::U8(to_next)) => {
                frames.stack(obs[place], &mut to_obs[at.clone()]);
                frames.stack(next[place], &mut to_next[at]);
            }
            (Self::Numbers { .. } | Self::Frames { .. }, ..) => return Err(self.of_another_kind()),
        }
        Ok(())
    }

    fn of_another_kind(&self) -> AgentError {
        let (expected, found) = match self {
            Self::Numbers { .. } => (Dtype::F32, Dtype::U8),
            Self::Frames { .. } => (Dtype::U8, Dtype::F32),
        };
        AgentError::Dtype { expected, found }
    }
}
