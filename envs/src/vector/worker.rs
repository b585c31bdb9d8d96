//! The worker threads: a queue of chunks for each, one message a chunk each way.
//!
//! A chunk is always offered to the same thread, in whose cache its envs and rows still lie. Whoever has had
//! none left for a moment takes from the others' queues, the caller too. So a worker that sleeps or that the
//! machine has no time for delays nobody, and a step takes little longer than inline.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle, available_parallelism};
use std::time::Duration;

use super::chunk::Chunk;
use super::queue::{Post, Queue, queue};
use super::slab::Rows;
use crate::EnvError;

/// How long a thread looks for its next message before it sleeps: waking it costs about as much, and
/// a step of cheap envs takes less.
const SPIN: Duration = Duration::from_micros(50);
/// How long a thread waits before it takes from another's queue: to step a chunk of cheap envs takes less than
/// to have its rows from the other's cache, and of expensive ones far more than this.
const PATIENCE: Duration = Duration::from_micros(10);

/// A chunk, on its way to be stepped, with the rows to write.
struct Job {
    slot: usize,
    chunk: Box<Chunk>,
    rows: Rows<'static>,
}

/// A chunk on its way back, its rows free again; None if it unwound, which only a bug here can cause.
struct Done {
    slot: usize,
    chunk: Option<Box<Chunk>>,
}

/// The threads besides the caller's. Only the thread that owns the engine talks to it.
pub(super) struct Pool {
    /// Into the queue of each thread, the caller's last. Empty only while it is dropped, which ends the
    /// workers.
    jobs: Vec<Post<Job>>,
    /// Out of them, for everyone.
    queues: Vec<Queue<Job>>,
    done: Queue<Done>,
    threads: Vec<JoinHandle<()>>,
    /// The process that has the threads: a fork of it has the handles alone.
    process: u32,
    spin: Duration,
}

/// A chunk from the queue of a thread other than `own`.
fn steal(queues: &[Queue<Job>], own: usize) -> Option<Job> {
    let others = queues.iter().enumerate().filter(|&(queue, _)| queue != own);
    others.map(|(_, queue)| queue).find_map(|queue| queue.take())
}

/// Steps a chunk. Its rows are dropped in here, whatever happens.
fn run(Job { slot, mut chunk, rows }: Job) -> Done {
    match catch_unwind(AssertUnwindSafe(|| chunk.step(rows))) {
        Ok(()) => Done { slot, chunk: Some(chunk) },
        Err(payload) => {
            // Dropping it could unwind again, and this message must be sent.
            std::mem::forget(payload);
            std::mem::forget(chunk);
            Done { slot, chunk: None }
        }
    }
}

impl Pool {
    /// Starts this many threads, for so many chunks.
    pub fn new(workers: usize, chunks: usize) -> Result<Self, EnvError> {
        // With more threads than cores, one that spins keeps another from its work.
        let cores = available_parallelism().map_or(1, |cores| cores.get());
        let spin = if workers < cores { SPIN } else { Duration::ZERO };
        let (jobs, queues): (Vec<_>, Vec<_>) = (0..=workers).map(|_| queue::<Job>(chunks)).unzip();
        let (outbox, done) = queue(chunks);
        let (ready, all_ready) = queue(workers);
        let (threads, process) = (Vec::with_capacity(workers), std::process::id());
        let mut pool = Self { jobs, queues, done, threads, process, spin };
        for worker in 0..workers {
            let (queues, outbox, ready) = (pool.queues.clone(), outbox.clone(), ready.clone());
            let serve = move || {
                ready.send(());
                let own = &queues[worker];
                // Once nobody has a job left, only its own queue can have one first: the next step's.
                let next = || match own.look(PATIENCE.min(spin)).ok()? {
                    Some(job) => Some(job),
                    None => steal(&queues, worker).or_else(|| own.receive(spin).ok()),
                };
                while let Some(job) = next() {
                    if !outbox.send(run(job)) {
                        return;
                    }
                }
            };
            let thread = Builder::new().name(format!("env worker {worker}")).spawn(serve);
            let thread = thread.map_err(|e| EnvError::Spawn { worker, cause: e.to_string() })?;
            pool.threads.push(thread);
        }
        // What a thread allocates at its start it has allocated before the first step, however late it comes.
        for _ in 0..workers {
            let _ = all_ready.receive(Duration::ZERO);
        }
        Ok(pool)
    }

    /// Steps every chunk on its rows. All rows are free again when it returns or unwinds. A slot is
    /// empty afterwards where the chunk is lost.
    pub fn step(&self, chunks: &mut [Option<Box<Chunk>>], rows: Rows<'_>) {
        let mut rest = rows;
        if self.threads.is_empty() {
            for chunk in chunks.iter_mut().flatten() {
                let (rows, others) = rest.split_at(chunk.envs.len());
                rest = others;
                chunk.step(rows);
            }
            return;
        }
        let mut flight = Flight { pool: self, slots: chunks, away: 0 };
        let count = flight.slots.len();
        for slot in 0..count {
            let Some(chunk) = flight.slots[slot].take() else { return };
            let (rows, others) = rest.split_at(chunk.envs.len());
            rest = others;
            // SAFETY: only the lifetime is changed. The rows are disjoint from all others and live in
            // the job alone; `run` drops them before it makes the `Done` of this slot, and the drop of
            // `flight` waits for that before this function can return or unwind and end the borrow.
            let rows = unsafe { std::mem::transmute::<Rows<'_>, Rows<'static>>(rows) };
            flight.away += 1;
            let owner = slot * self.jobs.len() / count;
            if !self.jobs[owner].send(Job { slot, chunk, rows }) {
                // Cannot be, for `self.queues` has the other end and room; the job was dropped with its rows.
                flight.away -= 1;
            }
        }
    }
}

/// Chunks that are away. Dropping it works on the queue and then waits until every chunk is back.
struct Flight<'a> {
    pool: &'a Pool,
    slots: &'a mut [Option<Box<Chunk>>],
    away: usize,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        while self.away > 0 {
            let Pool { queues, done, spin, .. } = self.pool;
            let own = queues.len() - 1;
            let stepped = if let Some(job) = queues[own].take() {
                run(job)
            } else if let Ok(Some(done)) = done.look(PATIENCE.min(*spin)) {
                done
            } else if let Some(job) = steal(queues, own) {
                run(job)
            } else if let Ok(done) = done.receive(*spin) {
                done
            } else {
                // All workers are gone, and with them every chunk that they held.
                return;
            };
            self.away -= 1;
            self.slots[stepped.slot] = stepped.chunk;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs.clear();
        let is_fork = std::process::id() != self.process;
        for thread in self.threads.drain(..) {
            if is_fork {
                std::mem::forget(thread);
                continue;
            }
            // A worker that panicked has nothing more to say: its chunk is reported as lost.
            let _ = thread.join();
        }
    }
}
