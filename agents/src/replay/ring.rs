//! The ring itself: transition by transition, the newest over the oldest.

use std::ops::Range;

use sparring_envs::Batch;
use sparring_sparse::{Section, SparseError};

use super::config::ReplayConfig;
use super::frames::Frames;
use super::piece::{Header, damaged, misfit};
use super::sample::Sample;
use super::stored::Stored;
use crate::alloc::Alloc;
use crate::column::{self, Column, Rows};
use crate::error::AgentError;
use crate::returns::Transition;

/// `capacity` places, of which `len` are held: row `i` of all that were ever stored at `i % capacity`.
#[derive(Debug)]
pub(super) struct Ring {
    config: ReplayConfig,
    len: usize,
    /// Rows ever stored.
    pushed: u64,
    stored: Stored,
    action: Column<f32>,
    reward: Column<f32>,
    discount: Column<f32>,
}

impl Ring {
    pub fn new(alloc: &mut Alloc, config: ReplayConfig) -> Self {
        let ReplayConfig { capacity, act_dim, .. } = config;
        Self {
            config,
            len: 0,
            pushed: 0,
            stored: Stored::new(alloc, &config),
            action: Column::new(alloc, capacity, act_dim),
            reward: Column::new(alloc, capacity, 1),
            discount: Column::new(alloc, capacity, 1),
        }
    }

    /// What there is of each place.
    fn columns(&self) -> Vec<&dyn Rows> {
        let Self { stored, action, reward, discount, .. } = self;
        let mut all: Vec<&dyn Rows> = vec![action, reward, discount];
        all.extend(stored.columns());
        all
    }

    fn columns_mut(&mut self) -> Vec<&mut dyn Rows> {
        let Self { stored, action, reward, discount, .. } = self;
        let mut all: Vec<&mut dyn Rows> = vec![action, reward, discount];
        all.extend(stored.columns_mut());
        all
    }

    /// The rows that it holds, of all that were ever stored.
    pub fn rows(&self) -> Range<u64> {
        self.pushed - self.len as u64..self.pushed
    }

    /// Bytes of a row, and of a frame that it brings.
    pub fn row_bytes(&self) -> usize {
        let frame = self.stored.frames().map_or(0, Frames::frame_bytes);
        column::row_bytes(&self.columns()) + frame
    }

    /// Frames taken so far, of a memory that has frames.
    pub fn taken(&self) -> Option<u64> {
        self.stored.frames().map(Frames::taken)
    }

    /// See [`super::Replay::piece`].
    pub fn piece(&self, rows: Range<u64>) -> Vec<u8> {
        let held = self.rows();
        let first = rows.start.clamp(held.start, held.end);
        let rows = first..rows.end.clamp(first, held.end);
        let frames = self.stored.frames_of(&rows, self.config.capacity as u64);
        let header = Header::new(&self.config, rows.clone(), frames.clone());
        let rest = (frames.end - frames.start) as usize
            * self.stored.frames().map_or(0, Frames::frame_bytes);
        let bytes = (rows.end - rows.start) as usize * column::row_bytes(&self.columns()) + rest;
        header.piece(bytes, |to| {
            column::write_ring(&self.columns(), self.config.capacity as u64, rows, to);
            if let Some(all) = self.stored.frames() {
                all.write(frames, to);
            }
        })
    }

    /// Writes down all but its rows; `waiting` are the frames with which rows that are to come begin.
    pub fn save(
        &self,
        waiting: impl Iterator<Item = u64>,
        to: &mut Section,
    ) -> Result<(), SparseError> {
        to.put("pushed", &self.pushed)?;
        if let Some(frames) = self.stored.frames() {
            to.nest("frames", frames.save(waiting)?);
        }
        Ok(())
    }

    /// Takes back what [`Self::save`] wrote; no row is held then.
    pub fn load(&mut self, from: &Section) -> Result<(), SparseError> {
        self.pushed = from.get("pushed")?;
        self.len = 0;
        match self.stored.frames_mut() {
            None => Ok(()),
            Some(frames) => frames.load(&from.part("frames")),
        }
    }

    /// See [`super::Replay::restore`].
    pub fn restore(
        &mut self,
        holds: Range<u64>,
        pieces: &mut dyn Iterator<Item = std::io::Result<Vec<u8>>>,
    ) -> Result<(), SparseError> {
        let fits = holds.start <= holds.end
            && holds.end == self.pushed
            && holds.end - holds.start <= self.config.capacity as u64;
        if !fits {
            let (end, most) = (self.pushed, self.config.capacity);
            let expected = format!("at most {most} rows up to {end}");
            return Err(misfit("rows", expected, format!("{holds:?}")));
        }
        let mut found: Option<Range<u64>> = None;
        for piece in pieces {
            let piece = piece.map_err(damaged)?;
            let (header, body) = Header::read(&piece, &self.config)?;
            let rows = header.rows.clone();
            let follows = match &found {
                None => rows.start <= holds.start,
                Some(found) => rows.start == found.end,
            };
            if !follows || rows.end > holds.end {
                let next = found.map_or(holds.start, |found| found.end);
                let expected = format!("rows from {next} on, of {holds:?}");
                return Err(misfit("rows", expected, format!("{rows:?}")));
            }
            self.read(header, body, &holds)?;
            found = Some(found.map_or(rows.start, |found| found.start)..rows.end);
        }
        if found.is_none_or(|found| found.end != holds.end) && !holds.is_empty() {
            return Err(misfit("rows", format!("{holds:?}"), "fewer"));
        }
        self.len = (holds.end - holds.start) as usize;
        let checked = self.stored.check((0..self.len).map(|i| self.place(i)));
        if checked.is_err() {
            self.len = 0;
        }
        checked
    }

    /// Puts the rows and frames of one piece where they stand.
    fn read(&mut self, header: Header, body: &[u8], holds: &Range<u64>) -> Result<(), SparseError> {
        let Header { rows, frames, .. } = header;
        let count = |range: &Range<u64>, bytes: usize| {
            (range.end - range.start).checked_mul(bytes as u64).map(|bytes| bytes as usize)
        };
        let of_rows = count(&rows, column::row_bytes(&self.columns()));
        let of_frames = count(&frames, self.stored.frames().map_or(0, Frames::frame_bytes));
        let sizes = of_rows.zip(of_frames);
        let Some((of_rows, _)) =
            sizes.filter(|(rows, frames)| rows.checked_add(*frames) == Some(body.len()))
        else {
            return Err(damaged(format!("rows {rows:?} of {} bytes", body.len())));
        };
        if frames.end > self.taken().unwrap_or(0) {
            return Err(misfit("frames", "frames taken before", format!("{frames:?}")));
        }
        let (of_rows, of_frames) = body.split_at(of_rows);
        let slots = self.config.capacity as u64;
        column::read_ring(&mut self.columns_mut(), slots, rows, holds, of_rows);
        if let Some(all) = self.stored.frames_mut() {
            all.read(frames, of_frames);
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Takes the frames of a step in; see [`Frames::see`].
    pub fn see(&mut self, batch: &Batch<'_>, seen: (&[u8], &[u8]), shown: &mut [[u64; 2]]) {
        if let Some(frames) = self.stored.frames_mut() {
            frames.see(batch, seen, shown);
        }
    }

    /// Stores a transition and says where; none that comes so late that its frames may be gone.
    ///
    /// # Errors
    /// A transition of another kind than the memory was made for.
    pub fn push(&mut self, transition: Transition<'_>) -> Result<Option<usize>, AgentError> {
        let i = self.cursor();
        if !self.stored.put(i, transition.obs, transition.next)? {
            return Ok(None);
        }
        self.action.row_mut(i).copy_from_slice(transition.action);
        self.reward[i] = transition.reward;
        self.discount[i] = transition.discount;
        self.pushed += 1;
        self.len = (self.len + 1).min(self.config.capacity);
        Ok(Some(i))
    }

    /// Forgets the oldest transition if its frames may be gone, and says where it was.
    pub fn drop_lost(&mut self) -> Option<usize> {
        let oldest = self.oldest();
        if self.len == 0 || self.stored.holds(oldest) {
            return None;
        }
        self.len -= 1;
        Some(oldest)
    }

    /// Where the next one goes.
    fn cursor(&self) -> usize {
        (self.pushed % self.config.capacity as u64) as usize
    }

    fn oldest(&self) -> usize {
        (self.cursor() + self.config.capacity - self.len) % self.config.capacity
    }

    /// The place of the `i`-th of those held, the oldest first.
    pub fn by_age(&self, i: usize) -> usize {
        (self.oldest() + i) % self.config.capacity
    }

    /// The place of the `i`-th of those held, in any fixed order.
    pub fn place(&self, i: usize) -> usize {
        let full = self.len == self.config.capacity;
        if full { i } else { (self.oldest() + i) % self.config.capacity }
    }

    /// Copies the transition at `place` into a row of `sample`.
    ///
    /// # Errors
    /// A sample of another kind than the memory.
    pub fn copy(&self, place: usize, row: usize, sample: &mut Sample) -> Result<(), AgentError> {
        let ReplayConfig { obs_dim: dim, act_dim, .. } = self.config;
        let Sample { obs, next, .. } = sample;
        self.stored.copy(place, row * dim..(row + 1) * dim, [obs, next])?;
        let action = &mut sample.action[row * act_dim..][..act_dim];
        action.copy_from_slice(self.action.row(place));
        sample.reward[row] = self.reward[place];
        sample.discount[row] = self.discount[place];
        sample.place[row] = place;
        Ok(())
    }
}
