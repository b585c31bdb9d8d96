//! The vector engine: n envs of one kind, stepped together, writing straight into one slab.
//!
//! Threads: the caller owns the engine. The envs are cut into a few chunks of consecutive indices, and
//! each thread, the caller's too, takes its own and then what others have left. Rows depend on nothing
//! but their env, so the number of workers changes no bit.
//!
//! Episodes: `next` is always the true successor; after the step [`VectorEnv::obs`] is the first
//! observation of the new episode where one ended. The time limit is the engine's, and Terminated
//! wins where the env terminates on its last permitted step. [`Autoreset`] has other times to begin an episode,
//! as Gymnasium has them.
//!
//! Faults: a panic, an error, NaN or infinity stays with its env; the others' step is kept. Each is named in
//! [`VectorEnv::faults`], and [`OnFault`] says whether the engine goes on.

mod asynchronous;
mod batch;
mod chunk;
mod config;
mod faults;
mod queue;
mod save;
mod seeds;
mod slab;
mod worker;

use std::fmt;

pub use asynchronous::AsyncVectorEnv;
pub use batch::{Batch, Episode, Row, StepRow};
use chunk::{Chunk, Counters};
pub use config::{Actions, Autoreset, OnFault, VectorConfig};
use save::Saved;
pub use seeds::episode_seed;
use slab::Slab;
use worker::Pool;

use crate::{EnvError, EnvSpec, Fault, Obs, Picture, Space, state};

/// Chunks a thread, so that one that is late takes fewer.
const CHUNKS_PER_THREAD: usize = 4;
/// From so many envs a thread on, whose times even out, it has one chunk: each costs two messages.
const MANY: usize = 256;

/// n envs of one spec, stepped together; see the [module](self).
pub struct VectorEnv {
    spec: EnvSpec,
    autoreset: Autoreset,
    slab: Slab,
    /// `0..n`.
    all: Vec<usize>,
    /// Empty where a chunk was lost.
    chunks: Vec<Option<Box<Chunk>>>,
    /// The index behind the last env of each chunk.
    ends: Vec<usize>,
    pool: Pool,
    finished: Vec<Episode>,
    /// Those of the last step.
    faults: Vec<Fault>,
    /// The fault that stopped the engine.
    stopped: Option<Fault>,
}

impl VectorEnv {
    /// Makes the envs and resets each with its seed.
    pub fn new(spec: &EnvSpec, seeds: &[u64], config: &VectorConfig) -> Result<Self, EnvError> {
        let n = config.num_envs;
        if n == 0 {
            let allowed = "it must be at least 1".to_owned();
            return Err(EnvError::Config { what: "num_envs", found: n, allowed });
        }
        if seeds.len() != n {
            let allowed = format!("num_envs is {n}; pass one seed for each env");
            return Err(EnvError::Config {
                what: "the number of seeds",
                found: seeds.len(),
                allowed,
            });
        }
        let act_dim = spec.action.dim();
        let mut slab = Slab::new(n, spec.obs.dtype(), spec.obs.dim(), act_dim);
        let none = match spec.action {
            Space::Discrete { .. } => Actions::Discrete(&vec![0; n]),
            Space::Box { .. } => Actions::Continuous(&vec![0.0; n * act_dim]),
        };
        let workers = config.workers.min(n - 1);
        let threads = workers + 1;
        let each = (threads * MANY / n).clamp(1, CHUNKS_PER_THREAD);
        let count = if workers == 0 { 1 } else { n.min(threads * each) };
        let mut rest = slab.rows(none);
        let (mut chunks, mut ends) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut faults = Vec::new();
        for chunk in 0..count {
            let (first, end) = (chunk * n / count, (chunk + 1) * n / count);
            let mut chunk = Chunk::new(spec, first, &seeds[first..end], config)?;
            let (rows, others) = rest.split_at(end - first);
            rest = others;
            chunk.start(rows);
            if let Some(fault) = chunk.fatal {
                return Err(EnvError::Fault { id: spec.id.to_owned(), fault });
            }
            faults.append(&mut chunk.faults);
            chunks.push(Some(Box::new(chunk)));
            ends.push(end);
        }
        Ok(Self {
            spec: spec.clone(),
            autoreset: config.autoreset,
            slab,
            all: (0..n).collect(),
            chunks,
            ends,
            pool: Pool::new(workers, count)?,
            finished: Vec::with_capacity(n),
            faults,
            stopped: None,
        })
    }

    /// Bytes that an engine of `num_envs` of `spec` takes: its rows, its counters and the envs
    /// themselves, what these hold on the heap aside.
    pub fn bytes(spec: &EnvSpec, num_envs: usize) -> u64 {
        let rows = Slab::new(1, spec.obs.dtype(), spec.obs.dim(), spec.action.dim()).bytes();
        let lists = 2 * size_of::<Episode>() + size_of::<usize>();
        let one = rows + Counters::new(&[0]).bytes() + lists;
        let envs = spec.make.bytes(num_envs) as u64;
        (num_envs as u64).saturating_mul(one as u64).saturating_add(envs)
    }

    /// What the agent acts on now, shape `(n, obs_dim)`.
    pub fn obs(&mut self) -> Obs<'_> {
        self.show();
        self.slab.next.view()
    }

    /// Makes `next` what the agent acts on now.
    fn show(&mut self) {
        self.slab.place(self.autoreset == Autoreset::SameStep);
    }

    /// Begins an episode of one env: with a seed as an engine that was made with it, without one as after the end of
    /// an episode. One that is under way is broken off and counts as none, and the env's row of the last step is void.
    ///
    /// # Errors
    /// An index that no env has, and [`EnvError::Fault`], after which every step fails alike.
    pub fn reset(&mut self, env: usize, seed: Option<u64>) -> Result<(), EnvError> {
        self.running()?;
        self.whole()?;
        let n = self.num_envs();
        if env >= n {
            let allowed = format!("num_envs is {n}; it must be below");
            return Err(EnvError::Config { what: "the env to reset", found: env, allowed });
        }
        self.show();
        self.faults.clear();
        let waits = self.autoreset == Autoreset::NextStep && self.slab.row[env].end().is_some();
        let chunk = self.chunks[self.ends.partition_point(|&end| end <= env)].as_mut();
        let Some(chunk) = chunk else { return self.whole() };
        match seed {
            None if waits => self.slab.swap_first(env),
            seed => chunk.reset(env - chunk.first, seed, self.slab.next_of(env)),
        }
        (self.slab.reward[env], self.slab.row[env]) = (0.0, Row::Void);
        self.faults.append(&mut chunk.faults);
        self.stopped = chunk.fatal.take();
        self.running()
    }

    /// Draws the present state of one env.
    ///
    /// # Errors
    /// An index that no env has, and an env without a picture.
    pub fn render(&self, env: usize) -> Result<Picture, EnvError> {
        self.whole()?;
        let chunk = self.chunks.get(self.ends.partition_point(|&end| end <= env));
        let Some(chunk) = chunk.and_then(Option::as_ref) else {
            let allowed = format!("num_envs is {}; it must be below", self.num_envs());
            return Err(EnvError::Config { what: "the env to draw", found: env, allowed });
        };
        chunk.envs.render(env - chunk.first)
    }

    /// Steps every env once. Wrong actions move nothing. After [`EnvError::Fault`] the other envs
    /// have made their step, which [`VectorEnv::last`] shows, and every later step fails alike.
    pub fn step(&mut self, actions: Actions<'_>) -> Result<Batch<'_>, EnvError> {
        self.running()?;
        self.whole()?;
        self.begun()?;
        actions.check(&self.spec.action, self.num_envs())?;
        self.pool.step(&mut self.chunks, self.slab.rows(actions));
        self.finished.clear();
        self.faults.clear();
        for chunk in self.chunks.iter_mut().flatten() {
            self.finished.extend_from_slice(&chunk.finished);
            self.faults.append(&mut chunk.faults);
            if self.stopped.is_none() {
                self.stopped = chunk.fatal.take();
            }
        }
        // How the envs are cut into chunks must not show.
        self.faults.sort_by_key(|fault| fault.env);
        self.whole()?;
        self.running()?;
        Ok(self.last())
    }

    /// The batch of the last step; every row is void before the first step and after a restore.
    pub fn last(&mut self) -> Batch<'_> {
        self.slab.place(false);
        self.slab.batch(&self.all, &self.finished)
    }

    /// The faults of the last step, or of the first resets before it, in order of the env, each of an env in
    /// the order in which they came. Normally empty.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The whole state. An engine that is restored from it goes on with the same bits; with
    /// [`Autoreset::NextStep`] an env that waits for its next episode has begun it then.
    pub fn save(&self) -> Result<Vec<u8>, EnvError> {
        self.whole()?;
        self.begun()?;
        let chunks = self.chunks.iter().flatten().map(Box::as_ref);
        let saved = Saved::of(&self.spec, chunks, self.slab.present(), self.stopped.clone())?;
        state::pack(&self.owner(), &saved)
    }

    /// Takes back what [`VectorEnv::save`] of an engine with the same spec and number of envs gave;
    /// on an error this engine stays as it was. Of the last step nothing is left: every row is void.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        self.whole()?;
        let saved: Saved = state::unpack(&self.owner(), bytes)?;
        if let Some(found) = saved.misfit(self.num_envs(), &self.slab.next) {
            return Err(EnvError::State { id: self.owner(), found });
        }
        let mut groups = Vec::with_capacity(self.chunks.len());
        let mut first = 0;
        for &end in &self.ends {
            groups.push(saved.envs(&self.spec, first..end)?);
            first = end;
        }
        for (chunk, group) in self.chunks.iter_mut().flatten().zip(groups) {
            chunk.counters = saved.counters(chunk.first..chunk.first + group.len());
            (chunk.envs, chunk.fatal) = (group, None);
        }
        self.slab.restore(saved.obs);
        self.finished.clear();
        self.faults.clear();
        self.stopped = saved.stopped;
        Ok(())
    }

    /// Whose state it is: the spec and the number of envs.
    fn owner(&self) -> String {
        format!("{} x {}", self.num_envs(), self.spec.id)
    }

    /// An error where a fault has stopped the engine.
    fn running(&self) -> Result<(), EnvError> {
        match &self.stopped {
            None => Ok(()),
            Some(fault) => {
                Err(EnvError::Fault { id: self.spec.id.to_owned(), fault: fault.clone() })
            }
        }
    }

    /// An error where an env has to be reset first.
    fn begun(&self) -> Result<(), EnvError> {
        let over = match self.autoreset {
            Autoreset::SameStep | Autoreset::NextStep => None,
            Autoreset::Disabled => self.slab.row.iter().position(|row| row.end().is_some()),
        };
        over.map_or(Ok(()), |env| Err(EnvError::EpisodeOver { env }))
    }

    /// An error where a chunk was lost.
    fn whole(&self) -> Result<(), EnvError> {
        match self.chunks.iter().position(Option::is_none) {
            None => Ok(()),
            Some(lost) => {
                let first = lost.checked_sub(1).map_or(0, |before| self.ends[before]);
                Err(EnvError::ChunkLost { first, end: self.ends[lost] })
            }
        }
    }

    /// How many envs.
    pub fn num_envs(&self) -> usize {
        self.slab.reward.len()
    }

    /// Values per observation.
    pub fn obs_dim(&self) -> usize {
        self.spec.obs.dim()
    }

    /// Values per action; 1 for a discrete one.
    pub fn act_dim(&self) -> usize {
        self.spec.action.dim()
    }

    /// What is stepped here.
    pub fn spec(&self) -> &EnvSpec {
        &self.spec
    }

    /// How often each env has been restarted after a fault, shape `(n)`.
    pub fn restarts(&self) -> Vec<u32> {
        let chunks = self.chunks.iter().flatten();
        chunks.flat_map(|chunk| chunk.counters.restarts.iter().copied()).collect()
    }
}

impl fmt::Debug for VectorEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VectorEnv")
            .field("id", &self.spec.id)
            .field("num_envs", &self.num_envs())
            .field("chunks", &self.chunks.len())
            .finish_non_exhaustive()
    }
}
