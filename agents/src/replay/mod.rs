//! Replay memory: a ring of transitions in flat arrays, sampled with replacement: uniformly, or by
//! priorities (Schaul et al. 2016, 1511.05952, the proportional variant).
//!
//! f32 observations stand beside their successors. Of u8 observations each frame is stored once
//! ([`frames`]), and a stack is put together when it is sampled: bit for bit what the environment showed.

mod config;
mod experience;
pub mod frames;
mod held_out;
mod piece;
mod ring;
mod sample;
mod stored;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rand::RngExt;
use sparring_envs::{Actions, Batch, Dtype, Obs};
use sparring_sparse::Section;
use sparring_sparse::seed::Rng;

use crate::alloc::Alloc;
use crate::error::AgentError;
use crate::priorities::Priorities;
use crate::returns::{NStep, StoredObs};

use ring::Ring;

pub use config::ReplayConfig;
pub use experience::Experience;
pub use held_out::HeldOut;
pub use sample::Sample;

/// The layout of its section.
const VERSION: u32 = 1;

impl ReplayConfig {
    /// Bytes of a memory: all that it ever takes, and it takes them at the start. The system gives
    /// pages as they are first written.
    pub fn bytes(&self) -> u64 {
        Alloc::count(|alloc| Replay::within(alloc, *self))
    }
}

/// Replay memory. All of it is taken at the start.
#[derive(Debug)]
pub struct Replay {
    config: ReplayConfig,
    state: ReplayState,
    /// Of frames, where the observation and the successor of each row of a batch are, `(num_envs)`; filled
    /// anew by each batch.
    shown: Vec<[u64; 2]>,
    /// What [`Self::restore`] needs of what was loaded.
    loaded: Option<Section>,
}

/// What a memory holds.
#[derive(Debug)]
struct ReplayState {
    n_step: NStep,
    ring: Ring,
    priorities: Option<Priorities>,
}

impl Replay {
    /// An empty memory.
    pub fn new(config: ReplayConfig) -> Self {
        Self::within(&mut Alloc::Taken, config)
    }

    fn within(alloc: &mut Alloc, config: ReplayConfig) -> Self {
        let shown = match config.dtype {
            Dtype::F32 => Vec::new(),
            Dtype::U8 => alloc.zeros(config.num_envs),
        };
        let state = ReplayState {
            n_step: NStep::new(
                alloc,
                config.n_step,
                config.discount,
                config.num_envs,
                [config.waiting(), config.act_dim],
            ),
            priorities: config.prioritized.then(|| Priorities::new(alloc, config.capacity)),
            ring: Ring::new(alloc, config),
        };
        Self { config, state, shown, loaded: None }
    }

    /// Transitions held.
    pub fn len(&self) -> usize {
        self.state.ring.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes one vector step and stores each transition that it completes over the oldest one where
    /// the memory is full.
    ///
    /// # Errors
    /// Observations of another kind or size than the memory was made for.
    pub fn store(&mut self, batch: &Batch<'_>, actions: Actions<'_>) -> Result<(), AgentError> {
        let Self { config, state: ReplayState { n_step, ring, priorities }, shown, .. } = self;
        let ReplayConfig { num_envs, obs_dim, dtype, .. } = *config;
        if let Some(env) = batch.envs.iter().find(|env| **env >= num_envs) {
            let (expected, found) = (num_envs, env + 1);
            return Err(AgentError::Length { what: "environments of a batch", expected, found });
        }
        let (expected, found) = (batch.envs.len() * obs_dim, batch.obs.len());
        if found != expected || batch.next.len() != expected {
            return Err(AgentError::Length { what: "observations of a batch", expected, found });
        }
        let mut keep = |place: Option<usize>| {
            if let (Some(priorities), Some(place)) = (&mut *priorities, place) {
                priorities.renew(place);
            }
            Ok(())
        };
        match (batch.obs, batch.next) {
            (Obs::F32(obs), Obs::F32(next)) if dtype == Dtype::F32 => {
                let row = |row: usize| {
                    [obs, next].map(|all| StoredObs::Numbers(&all[row * obs_dim..][..obs_dim]))
                };
                n_step.push(batch, actions, row, |transition| keep(ring.push(transition)?))?;
            }
            (Obs::U8(obs), Obs::U8(next)) if dtype == Dtype::U8 => {
                ring.see(batch, (obs, next), shown);
                let row = |row: usize| shown[row].map(StoredObs::Frame);
                n_step.push(batch, actions, row, |transition| keep(ring.push(transition)?))?;
                while let Some(place) = ring.drop_lost() {
                    if let Some(priorities) = priorities {
                        priorities.set(place, 0.0);
                    }
                }
            }
            (obs, _) => return Err(AgentError::Dtype { expected: dtype, found: obs.dtype() }),
        }
        Ok(())
    }

    /// The transitions that it holds, of all that it ever stored.
    pub fn rows(&self) -> Range<u64> {
        self.state.ring.rows()
    }

    /// Bytes of a transition, with the frame that it brings.
    pub fn row_bytes(&self) -> usize {
        self.state.ring.row_bytes()
    }

    /// Those of `rows` that it holds, as they are stored: a piece that will never change, and that
    /// [`Self::restore`] reads.
    pub fn piece(&self, rows: Range<u64>) -> Vec<u8> {
        self.state.ring.piece(rows)
    }

    /// Writes down all but what [`Self::piece`] gives.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save(&self) -> Result<Section, AgentError> {
        let ReplayState { n_step, ring, priorities } = &self.state;
        let mut all = Section::new(VERSION);
        ring.save(n_step.frames(), &mut all)?;
        n_step.save(&mut all)?;
        if let Some(priorities) = priorities {
            all.nest("priorities", priorities.save()?);
        }
        Ok(all)
    }

    /// Takes back what [`Self::save`] wrote. It holds no transition then, and takes what comes.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&mut self, from: &Section) -> Result<(), AgentError> {
        let ReplayState { n_step, ring, priorities } = &mut self.state;
        ring.load(from)?;
        n_step.load(from, ring.taken())?;
        if let Some(priorities) = priorities {
            let part = from.part("priorities");
            priorities.load(&part)?;
            priorities.clear();
            self.loaded = Some(part);
        }
        Ok(())
    }

    /// After [`Self::load`], takes back the transitions that it held by then: `holds`, from `pieces` in
    /// ascending order that cover it, of which the first may begin before.
    ///
    /// # Errors
    /// Pieces that are damaged, of another memory, or do not follow each other; it holds nothing then.
    pub fn restore(
        &mut self,
        holds: Range<u64>,
        pieces: &mut dyn Iterator<Item = std::io::Result<Vec<u8>>>,
    ) -> Result<(), AgentError> {
        let ReplayState { ring, priorities, .. } = &mut self.state;
        ring.restore(holds, pieces)?;
        if let (Some(priorities), Some(loaded)) = (priorities, self.loaded.take()) {
            priorities.load(&loaded)?;
        }
        Ok(())
    }

    /// The priorities, of a memory that is sampled by them.
    pub fn priorities(&self) -> Option<&Priorities> {
        self.state.priorities.as_ref()
    }

    /// The same, to be changed.
    pub fn priorities_mut(&mut self) -> Option<&mut Priorities> {
        self.state.priorities.as_mut()
    }

    /// `batch` transitions drawn with replacement, into `sample`; the memory must hold one.
    ///
    /// # Errors
    /// A memory whose arrays are not of the kind that it was made for.
    pub fn sample(
        &self,
        batch: usize,
        rng: &mut Rng,
        sample: &mut Sample,
    ) -> Result<(), AgentError> {
        let Some(priorities) = &self.state.priorities else {
            return self.sample_uniformly(batch, rng, sample);
        };
        self.sample_at(batch, sample, || priorities.find(rng.random::<f64>() * priorities.total()))
    }

    /// The same, each as likely as any other, whatever the priorities.
    ///
    /// # Errors
    /// See [`Self::sample`].
    pub fn sample_uniformly(
        &self,
        batch: usize,
        rng: &mut Rng,
        sample: &mut Sample,
    ) -> Result<(), AgentError> {
        let ring = &self.state.ring;
        self.sample_at(batch, sample, || ring.place(rng.random_range(0..ring.len())))
    }

    /// The last `count` transitions that were stored, in their order, into `sample`; it must hold as many.
    ///
    /// # Errors
    /// See [`Self::sample`].
    pub fn newest(&self, count: usize, sample: &mut Sample) -> Result<(), AgentError> {
        let ring = &self.state.ring;
        let mut at = ring.len() - count;
        self.sample_at(count, sample, || {
            at += 1;
            ring.by_age(at - 1)
        })
    }

    fn sample_at(
        &self,
        batch: usize,
        sample: &mut Sample,
        mut place: impl FnMut() -> usize,
    ) -> Result<(), AgentError> {
        sample.fit(batch, &self.config);
        (0..batch).try_for_each(|row| self.state.ring.copy(place(), row, sample))
    }
}
