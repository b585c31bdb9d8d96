//! Frames of u8 observations, each stored once, in a ring.
//!
//! A frame knows the one before it in its environment's episode, so a stack is its newest frame and
//! those before; where the episode begins, zeros stand before it. What an episode's end costs: its last
//! successor and the next episode's first frame are two frames where a step within it brings one. The
//! ring has room for a 64th more frames than the memory has transitions; with episodes shorter than
//! that, the oldest transitions are forgotten early, as their frames are overwritten (at worst, with
//! episodes of one step, half of them), and the memory never grows. Dopamine's replay pays for
//! episodes' ends in the same way, with transitions that cannot be sampled.
//!
//! Environments need not answer together. The stack of one that is late may be on its way out of the ring: it is
//! taken anew, at the price of its frames, and the returns of several steps that began before it are lost.

use std::ops::Range;

use sparring_envs::{Batch, Row};
use sparring_sparse::{Section, SparseError};

use crate::alloc::Alloc;
use crate::column::{self, Column, Rows};

/// The layout of its section.
const VERSION: u32 = 1;
/// Frames beyond one a transition, as a part of the capacity.
const SPARE: usize = 64;

/// What decides how many frames there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameConfig {
    /// Transitions of the memory.
    pub capacity: usize,
    /// Rewards in a return.
    pub n_step: usize,
    /// Environments that fill it.
    pub num_envs: usize,
    /// Bytes of an observation.
    pub obs_dim: usize,
    /// Frames of an observation.
    pub frames: usize,
}

impl FrameConfig {
    /// Bytes of a frame.
    fn size(&self) -> usize {
        self.obs_dim / self.frames
    }

    /// Frames that may come after a transition before it is forgotten.
    fn room(&self) -> usize {
        self.capacity.saturating_add(self.capacity / SPARE)
    }

    /// Frames that so many steps bring at most: in each every environment may show two stacks that share
    /// nothing.
    fn brought(&self, steps: usize) -> usize {
        self.num_envs * steps * 2 * self.frames
    }

    /// Frames that may have come after the oldest frame of a stack when it is the present one.
    fn stack_reach(&self) -> usize {
        self.brought(self.frames)
    }

    /// Frames that may have come after the oldest frame of a transition when it is complete: it reaches
    /// back over the steps of its return and of its stack.
    fn reach(&self) -> usize {
        self.brought(self.n_step + self.frames)
    }

    fn slots(&self) -> usize {
        self.room().saturating_add(self.reach())
    }
}

/// The ring of frames. A frame's number counts all frames ever taken; it stands at that number modulo
/// the slots.
#[derive(Debug)]
pub struct Frames {
    size: usize,
    frames: usize,
    room: u64,
    stack_reach: u64,
    reach: u64,
    slots: u64,
    taken: u64,
    /// `(slots, size)`.
    bytes: Column<u8>,
    /// How many frames ago the one before it was taken; 0 where an episode begins. `(slots)`.
    back: Column<u32>,
    /// The frame that each environment shows now; None where it begins an episode. `(num_envs)`.
    newest: Vec<Option<u64>>,
}

impl Frames {
    /// No frames yet.
    pub fn new(alloc: &mut Alloc, config: FrameConfig) -> Self {
        Self {
            size: config.size(),
            frames: config.frames,
            room: config.room() as u64,
            stack_reach: config.stack_reach() as u64,
            reach: config.reach() as u64,
            slots: config.slots() as u64,
            taken: 0,
            bytes: Column::new(alloc, config.slots(), config.size()),
            back: Column::new(alloc, config.slots(), 1),
            newest: alloc.zeros(config.num_envs),
        }
    }

    /// What there is of each slot.
    fn columns(&self) -> [&dyn Rows; 2] {
        [&self.bytes, &self.back]
    }

    fn columns_mut(&mut self) -> [&mut dyn Rows; 2] {
        [&mut self.bytes, &mut self.back]
    }

    /// Bytes of a frame and its link.
    pub fn frame_bytes(&self) -> usize {
        column::row_bytes(&self.columns())
    }

    /// The oldest frame of the stack of `frame`, of those that may still be there.
    pub fn oldest(&self, frame: u64) -> u64 {
        let back = |at: u64| u64::from(self.back[(at % self.slots) as usize]);
        let oldest = (1..self.frames).fold(frame, |at, _| at.saturating_sub(back(at)));
        oldest.max(self.taken.saturating_sub(self.slots))
    }

    /// Appends `frames`, none of which may be overwritten.
    pub fn write(&self, frames: Range<u64>, to: &mut Vec<u8>) {
        column::write_ring(&self.columns(), self.slots, frames, to);
    }

    /// Puts the `frames` that [`Self::write`] gave back, but those that others have overwritten since.
    pub fn read(&mut self, frames: Range<u64>, from: &[u8]) {
        let (slots, held) = (self.slots, self.taken.saturating_sub(self.slots)..self.taken);
        column::read_ring(&mut self.columns_mut(), slots, frames, &held, from);
    }

    /// Writes down what transitions that are yet to come may need, which begin with the stacks of `waiting`
    /// or with those that the environments show now.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save(&self, waiting: impl Iterator<Item = u64>) -> Result<Section, SparseError> {
        let mut all = Section::new(VERSION);
        all.put("taken", &self.taken)?;
        all.put("newest", &self.newest)?;
        // One that comes too late is not asked for all of its frames.
        let known = self.taken.saturating_sub(self.reach);
        let newest = waiting.chain(self.newest.iter().flatten().copied());
        let first = newest.map(|frame| self.oldest(frame)).min().unwrap_or(self.taken).max(known);
        all.put("first", &first)?;
        let mut bytes = Vec::new();
        self.write(first..self.taken, &mut bytes);
        all.put("frames", &bytes)?;
        Ok(all)
    }

    /// Takes back what [`Self::save`] wrote; all other frames are gone.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&mut self, from: &Section) -> Result<(), SparseError> {
        let (taken, newest): (u64, Vec<Option<u64>>) = (from.get("taken")?, from.get("newest")?);
        if newest.len() != self.newest.len() || newest.iter().flatten().any(|at| *at >= taken) {
            let expected = format!("frames of {} environments", self.newest.len());
            return Err(from.misfit("newest", expected, "others"));
        }
        let (first, bytes): (u64, Vec<u8>) = (from.get("first")?, from.get("frames")?);
        let known = taken.checked_sub(first).filter(|frames| *frames <= self.slots);
        let size = known.map(|frames| frames as usize * self.frame_bytes());
        if size != Some(bytes.len()) {
            let expected = format!("frames {first}..{taken} of {} bytes", self.frame_bytes());
            return Err(from.misfit("frames", expected, format!("{} bytes", bytes.len())));
        }
        (self.taken, self.newest) = (taken, newest);
        self.read(first..taken, &bytes);
        Ok(())
    }

    /// Frames taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether all frames are there of a transition that was complete when so many had been taken.
    pub fn holds(&self, born: u64) -> bool {
        self.taken - born <= self.room
    }

    /// Whether a transition that begins with the stack of `frame` may be held: it is complete, and not so late
    /// that [`Frames::holds`] would not know when it is lost.
    pub fn in_time(&self, frame: u64) -> bool {
        self.came_after(frame, self.reach)
    }

    /// Whether at most `reach` frames came after the oldest one of the stack of `frame`.
    fn came_after(&self, frame: u64, reach: u64) -> bool {
        let mut at = frame;
        for _ in 1..self.frames {
            if self.taken - at > reach {
                return false;
            }
            // 0 where the episode begins.
            at = at.saturating_sub(u64::from(self.back[(at % self.slots) as usize]));
        }
        self.taken - at <= reach
    }

    /// Takes the new frames of a step from its observations and successors `(rows, obs_dim)` and writes the
    /// number of the newest frame of each into `shown (rows)`, which may be longer. Those of void rows
    /// mean nothing.
    pub fn see(&mut self, batch: &Batch<'_>, (obs, next): (&[u8], &[u8]), shown: &mut [[u64; 2]]) {
        let dim = obs.len() / batch.envs.len().max(1);
        for (row, (&env, shown)) in batch.envs.iter().zip(shown).enumerate() {
            if batch.row[row] == Row::Void {
                self.newest[env] = None;
                continue;
            }
            let (obs, next) = (&obs[row * dim..][..dim], &next[row * dim..][..dim]);
            let now = match self.newest[env] {
                Some(now) if self.came_after(now, self.stack_reach) => now,
                _ => self.begin(obs),
            };
            // Else the environment does not stack frames as its row says; it costs memory, no bit.
            let moved = next[..dim - self.size] == obs[self.size..];
            let then = match moved {
                true => self.push(&next[dim - self.size..], Some(now)),
                false => self.begin(next),
            };
            *shown = [now, then];
            self.newest[env] = (batch.row[row] == Row::Step).then_some(then);
        }
    }

    /// The stack whose newest frame is `frame`, into `stack (obs_dim)`.
    pub fn stack(&self, frame: u64, stack: &mut [u8]) {
        let mut at = Some(frame);
        for to in stack.chunks_exact_mut(self.size).rev() {
            let Some(frame) = at else {
                to.fill(0);
                continue;
            };
            let slot = (frame % self.slots) as usize;
            to.copy_from_slice(self.bytes.row(slot));
            let back = u64::from(self.back[slot]);
            at = (back > 0).then(|| frame.saturating_sub(back));
        }
    }

    /// Takes all frames of a stack, but the zeros that stand before its first.
    fn begin(&mut self, stack: &[u8]) -> u64 {
        let (older, newest) = stack.split_at(stack.len() - self.size);
        let mut before = None;
        for frame in older.chunks_exact(self.size) {
            if before.is_some() || frame.iter().any(|byte| *byte != 0) {
                before = Some(self.push(frame, before));
            }
        }
        self.push(newest, before)
    }

    fn push(&mut self, frame: &[u8], before: Option<u64>) -> u64 {
        let number = self.taken;
        let slot = (number % self.slots) as usize;
        self.bytes.row_mut(slot).copy_from_slice(frame);
        self.back[slot] = before.map_or(0, |before| (number - before) as u32);
        self.taken += 1;
        number
    }
}
