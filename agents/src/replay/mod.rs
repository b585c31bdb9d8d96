//! Replay memory: a ring of transitions in flat arrays, sampled with replacement: uniformly, or by
//! priorities (Schaul et al. 2016, 1511.05952, the proportional variant).
//!
//! f32 observations stand beside their successors. Of u8 observations each frame is stored once
//! ([`frames`]), and a stack is put together when it is sampled: bit for bit what the environment showed.

pub mod frames;
mod ring;
#[cfg(test)]
mod tests;

use rand::RngExt;
use sparring_envs::{Actions, Batch, Dtype, EnvSpec, Obs, ObsBuf};
use sparring_sparse::seed::Rng;

use crate::error::AgentError;
use crate::priorities::Priorities;
use crate::returns::{NStep, Shown};

use frames::FrameConfig;
use ring::Ring;

/// What a replay memory holds, and of what environments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayConfig {
    /// Transitions.
    pub capacity: usize,
    /// Rewards in a return before it bootstraps.
    pub n_step: usize,
    /// `γ`.
    pub discount: f64,
    /// Whether transitions are drawn by priorities.
    pub prioritized: bool,
    /// Environments that fill it.
    pub num_envs: usize,
    /// What the numbers of an observation are.
    pub dtype: Dtype,
    /// Numbers of an observation.
    pub obs_dim: usize,
    /// Frames that an observation stacks.
    pub frames: usize,
    /// Numbers of an action; 1 for a discrete one.
    pub act_dim: usize,
}

impl ReplayConfig {
    /// One-step returns of `num_envs` of `spec`, drawn uniformly.
    pub fn new(spec: &EnvSpec, num_envs: usize, capacity: usize, discount: f64) -> Self {
        Self {
            capacity,
            n_step: 1,
            discount,
            prioritized: false,
            num_envs,
            dtype: spec.obs.dtype(),
            obs_dim: spec.obs.dim(),
            frames: spec.frames,
            act_dim: spec.action.dim(),
        }
    }

    /// The frames of u8 observations.
    fn frame_config(&self) -> FrameConfig {
        let Self { capacity, n_step, num_envs, obs_dim, frames, .. } = *self;
        FrameConfig { capacity, n_step, num_envs, obs_dim, frames }
    }

    /// Numbers that wait with an action for their rewards; of frames only the place waits.
    fn waiting(&self) -> usize {
        match self.dtype {
            Dtype::F32 => self.obs_dim + self.act_dim,
            Dtype::U8 => self.act_dim,
        }
    }

    /// Bytes of the memory: all that it ever takes, and it takes them at the start. The system gives
    /// pages as they are first written.
    pub fn bytes(&self) -> u64 {
        let shown = match self.dtype {
            Dtype::F32 => 0,
            Dtype::U8 => self.num_envs * size_of::<[u64; 2]>(),
        };
        let priorities = if self.prioritized { Priorities::bytes(self.capacity) } else { 0 };
        Ring::bytes(self)
            .saturating_add(NStep::bytes(self.n_step, self.num_envs, self.waiting(), self.act_dim))
            .saturating_add(priorities)
            .saturating_add(shown as u64)
    }
}

/// Replay memory. All of it is taken at the start.
#[derive(Debug)]
pub struct Replay {
    n_step: NStep,
    ring: Ring,
    priorities: Option<Priorities>,
    /// Of frames, where the observation and the successor of each row of a batch are, `(num_envs)`.
    shown: Vec<[u64; 2]>,
}

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
    fn fit(&mut self, batch: usize, config: &ReplayConfig) {
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

impl Replay {
    /// An empty memory.
    pub fn new(config: ReplayConfig) -> Self {
        let shown = match config.dtype {
            Dtype::F32 => Vec::new(),
            Dtype::U8 => vec![[0; 2]; config.num_envs],
        };
        Self {
            n_step: NStep::new(
                config.n_step,
                config.discount,
                config.num_envs,
                config.waiting(),
                config.act_dim,
            ),
            priorities: config.prioritized.then(|| Priorities::new(config.capacity)),
            ring: Ring::new(config),
            shown,
        }
    }

    /// Transitions held.
    pub fn len(&self) -> usize {
        self.ring.len()
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
        let Self { n_step, ring, priorities, shown } = self;
        let ReplayConfig { num_envs, obs_dim, dtype, .. } = *ring.config();
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
        };
        match (batch.obs, batch.next) {
            (Obs::F32(obs), Obs::F32(next)) if dtype == Dtype::F32 => {
                let row = |row: usize| {
                    [obs, next].map(|all| Shown::Numbers(&all[row * obs_dim..][..obs_dim]))
                };
                n_step.push(batch, actions, row, |transition| keep(ring.push(transition)));
            }
            (Obs::U8(obs), Obs::U8(next)) if dtype == Dtype::U8 => {
                ring.see(batch, (obs, next), shown);
                let row = |row: usize| shown[row].map(Shown::Frame);
                n_step.push(batch, actions, row, |transition| keep(ring.push(transition)));
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

    /// The priorities, of a memory that is sampled by them.
    pub fn priorities(&mut self) -> Option<&mut Priorities> {
        self.priorities.as_mut()
    }

    /// `batch` transitions drawn with replacement, into `sample`; the memory must hold one.
    pub fn sample(&self, batch: usize, rng: &mut Rng, sample: &mut Sample) {
        sample.fit(batch, self.ring.config());
        for row in 0..batch {
            let place = match &self.priorities {
                None => self.ring.place(rng.random_range(0..self.len())),
                Some(priorities) => priorities.find(rng.random::<f64>() * priorities.total()),
            };
            self.ring.copy(place, row, sample);
        }
    }
}
