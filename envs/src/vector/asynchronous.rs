//! The engine that does not wait for the slowest: of n envs it hands out the first k that are ready, the
//! idea of EnvPool's asynchronous mode (Weng et al. 2022, 2206.10558).
//!
//! Every env goes around in a circle: acted on, stepped by whichever worker is free, and back in a queue
//! in the order of arrival, from which the next k are taken. So an env that is ready waits for at most
//! n / k batches, rounded up, however fast the others are. The caller steps none itself: it would keep
//! the agent waiting.
//!
//! Each env is given its own actions and nothing else, so its trajectory is what it would be in
//! [`super::VectorEnv`]; which envs stand together in a batch depends on time, unless k = n.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice::from_ref;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, RecvError, Sender, bounded};

use super::chunk::{Chunk, Counters};
use super::slab::Slab;
use super::{Actions, Autoreset, Batch, Episode, VectorConfig};
use crate::{EnvError, EnvSpec, Fault, Obs, Sample, Space};

/// One env with rows of its own, which it takes along from thread to thread.
struct Lane {
    chunk: Chunk,
    slab: Slab,
    action: Sample,
    /// Its place among those that stand in the present batch, by their arrival.
    place: usize,
}

/// A lane on its way back; the index of its env where it unwound, which only a bug here can cause.
type Done = Result<Lane, usize>;

/// n envs of one spec, of which k at a time are handed out; the module says more.
pub struct AsyncVectorEnv {
    spec: EnvSpec,
    num_envs: usize,
    /// None only while it is dropped, which ends the workers.
    jobs: Option<Sender<Lane>>,
    done: Receiver<Done>,
    threads: Vec<JoinHandle<()>>,
    /// The envs of the present batch, ascending.
    held: Vec<Lane>,
    /// Their indices.
    envs: Vec<usize>,
    /// Their rows, one after the other.
    slab: Slab,
    finished: Vec<Episode>,
    faults: Vec<Fault>,
    /// Restarts of each env.
    restarts: Vec<u32>,
    /// The fault that stopped the engine.
    stopped: Option<EnvError>,
}

impl AsyncVectorEnv {
    /// Makes the envs, resets each with its seed and holds the first `batch` of them. `config.workers`
    /// must be at least 1 and `batch` in `1..=config.num_envs`; episodes begin in the step that ends the last one.
    pub fn new(
        spec: &EnvSpec,
        seeds: &[u64],
        config: &VectorConfig,
        batch: usize,
    ) -> Result<Self, EnvError> {
        let config = VectorConfig { autoreset: Autoreset::SameStep, ..*config };
        let n = config.num_envs;
        let refused = |what, found, allowed| Err(EnvError::Config { what, found, allowed });
        if batch == 0 || batch > n {
            return refused("batch", batch, format!("num_envs is {n}; it must be in 1..={n}"));
        }
        if config.workers == 0 {
            let allowed = "envs that are not waited for need at least 1".to_owned();
            return refused("workers", 0, allowed);
        }
        if seeds.len() != n {
            let allowed = format!("num_envs is {n}; pass one seed for each env");
            return refused("the number of seeds", seeds.len(), allowed);
        }
        let (dtype, obs_dim, act_dim) = (spec.obs.dtype(), spec.obs.dim(), spec.action.dim());
        let none = match spec.action {
            Space::Discrete { .. } => Sample::Discrete(0),
            Space::Box { .. } => Sample::Continuous(vec![0.0; act_dim]),
        };
        let (jobs, queue) = bounded::<Lane>(n);
        let (outbox, done) = bounded::<Done>(n);
        for (env, seed) in seeds.iter().enumerate() {
            let mut lane = Lane {
                chunk: Chunk::new(spec, env, from_ref(seed), &config)?,
                slab: Slab::new(1, dtype, obs_dim, act_dim),
                action: none.clone(),
                place: 0,
            };
            lane.chunk.start(lane.slab.rows(actions(&lane.action)));
            if let Some(fault) = lane.chunk.fatal {
                return Err(EnvError::Fault { id: spec.id.to_owned(), fault });
            }
            // It is ready, though no step led there: its row is void. The channel has room for all.
            let _ = outbox.send(Ok(lane));
        }
        let mut engine = Self {
            spec: spec.clone(),
            num_envs: n,
            jobs: Some(jobs),
            done,
            threads: Vec::new(),
            held: Vec::with_capacity(batch),
            envs: Vec::with_capacity(batch),
            slab: Slab::new(batch, dtype, obs_dim, act_dim),
            finished: Vec::with_capacity(batch),
            faults: Vec::new(),
            restarts: vec![0; n],
            stopped: None,
        };
        for worker in 0..config.workers.min(n) {
            let (queue, outbox) = (queue.clone(), outbox.clone());
            let serve = move || {
                while let Ok(lane) = queue.recv() {
                    if outbox.send(step(lane)).is_err() {
                        return;
                    }
                }
            };
            let thread = Builder::new().name(format!("env worker {worker}")).spawn(serve);
            let thread = thread.map_err(|e| EnvError::Spawn { worker, cause: e.to_string() })?;
            engine.threads.push(thread);
        }
        engine.collect()?;
        Ok(engine)
    }

    /// Bytes that an engine of `num_envs` of `spec` takes, as [`super::VectorEnv::bytes`].
    pub fn bytes(spec: &EnvSpec, num_envs: usize, batch: usize) -> u64 {
        let env = spec.make.bytes(1);
        let rows = Slab::new(1, spec.obs.dtype(), spec.obs.dim(), spec.action.dim()).bytes();
        let lists = size_of::<Episode>();
        let action = spec.action.dim() * size_of::<f32>();
        // A lane has a place in each of the two queues.
        let lane = size_of::<Lane>() + size_of::<Done>();
        let one = (rows + Counters::new(&[0]).bytes() + env + lists + action + lane) as u64;
        let held = (rows + lists + size_of::<usize>() + size_of::<Lane>()) as u64;
        let all = (num_envs as u64).saturating_mul(one);
        all.saturating_add((batch as u64).saturating_mul(held))
    }

    /// What the agent acts on now, shape `(k, obs_dim)`: a row for each of [`AsyncVectorEnv::envs`].
    pub fn obs(&mut self) -> Obs<'_> {
        self.slab.place(true);
        self.slab.next.view()
    }

    /// The env of each row, ascending.
    pub fn envs(&self) -> &[usize] {
        &self.envs
    }

    /// Sends the held envs on their way and holds the next k that are ready. Wrong actions move nothing.
    /// The batch is the transitions of the envs that are now held; the first time that an env is,
    /// its row is void. After [`EnvError::Fault`] every later step fails alike.
    pub fn step(&mut self, all: Actions<'_>) -> Result<Batch<'_>, EnvError> {
        if let Some(fault) = &self.stopped {
            return Err(fault.clone());
        }
        all.check(&self.spec.action, self.held.len())?;
        let act_dim = self.spec.action.dim();
        for (row, lane) in self.held.iter_mut().enumerate() {
            match (&mut lane.action, all) {
                (Sample::Discrete(action), Actions::Discrete(all)) => *action = all[row],
                (Sample::Continuous(action), Actions::Continuous(all)) => {
                    action.copy_from_slice(&all[row * act_dim..][..act_dim]);
                }
                // The check above lets no other kind through.
                (Sample::Discrete(_), _) | (Sample::Continuous(_), _) => {}
            }
        }
        // By arrival: by index, the first env would be stepped first each time and come around faster.
        self.held.sort_unstable_by_key(|lane| lane.place);
        if let Some(jobs) = &self.jobs {
            for lane in self.held.drain(..) {
                // It has room for all of them, and the workers live as long as it does.
                let _ = jobs.send(lane);
            }
        }
        self.collect()?;
        Ok(self.slab.batch(&self.envs, &self.finished))
    }

    /// Holds the next envs that are ready, as many as there are rows, and copies theirs.
    fn collect(&mut self) -> Result<(), EnvError> {
        let rows = self.slab.reward.len();
        while self.held.len() < rows {
            let (first, end) = match self.done.recv() {
                Ok(Ok(mut lane)) => {
                    lane.place = self.held.len();
                    self.held.push(lane);
                    continue;
                }
                Ok(Err(env)) => (env, env + 1),
                // All workers are gone, and with them every env that they had.
                Err(RecvError) => (0, self.num_envs),
            };
            return Err(self.stopped.insert(EnvError::ChunkLost { first, end }).clone());
        }
        self.held.sort_unstable_by_key(|lane| lane.chunk.first);
        self.envs.clear();
        self.finished.clear();
        self.faults.clear();
        self.slab.rewrite();
        for (row, lane) in self.held.iter_mut().enumerate() {
            self.slab.copy_row(row, &lane.slab);
            let env = lane.chunk.first;
            self.envs.push(env);
            self.finished.append(&mut lane.chunk.finished);
            self.faults.append(&mut lane.chunk.faults);
            self.restarts[env] = lane.chunk.counters.restarts[0];
            if self.stopped.is_none() {
                let id = || self.spec.id.to_owned();
                let fatal = lane.chunk.fatal.take();
                self.stopped = fatal.map(|fault| EnvError::Fault { id: id(), fault });
            }
        }
        match &self.stopped {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// The faults of the envs that are held since they were held before, in order of the env.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// How often each env had been restarted after a fault when it was last held, shape `(n)`.
    pub fn restarts(&self) -> &[u32] {
        &self.restarts
    }
}

fn actions(action: &Sample) -> Actions<'_> {
    match action {
        Sample::Discrete(index) => Actions::Discrete(from_ref(index)),
        Sample::Continuous(values) => Actions::Continuous(values),
    }
}

/// Steps a lane by its action.
fn step(mut lane: Lane) -> Done {
    let env = lane.chunk.first;
    let stepped = catch_unwind(AssertUnwindSafe(|| {
        let Lane { chunk, slab, action, .. } = &mut lane;
        chunk.step(slab.rows(actions(action)));
    }));
    match stepped {
        Ok(()) => Ok(lane),
        Err(payload) => {
            // Dropping either could unwind again, and this message must be sent.
            std::mem::forget(payload);
            std::mem::forget(lane);
            Err(env)
        }
    }
}

impl Drop for AsyncVectorEnv {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A worker that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for AsyncVectorEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncVectorEnv")
            .field("id", &self.spec.id)
            .field("num_envs", &self.num_envs)
            .field("batch", &self.slab.reward.len())
            .field("workers", &self.threads.len())
            .finish_non_exhaustive()
    }
}
