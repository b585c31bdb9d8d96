//! The envs of one thread: consecutive indices, stepped in order, with their counters in flat arrays.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::faults::{self, Cause};
use super::slab::Rows;
use super::{Actions, Episode, OnFault};
use crate::{Action, End, Env, EnvError, EnvSpec, Make};

/// Consecutive envs. It moves to a worker and back with each step, so only one thread ever has it.
pub(super) struct Chunk {
    /// The index of its first env.
    pub first: usize,
    pub id: &'static str,
    pub make: Make,
    pub on_fault: OnFault,
    /// The time limit in steps.
    limit: u32,
    act_dim: usize,
    /// Where rewards are clipped to, the same for all envs.
    reward_range: Option<(f64, f64)>,
    pub envs: Vec<Box<dyn Env>>,
    pub counters: Counters,
    /// The episodes that ended in the last step.
    pub finished: Vec<Episode>,
    /// The envs whose last row is no transition.
    pub void: Vec<usize>,
    /// The first fault of the last step that the policy does not allow to go on from.
    pub fault: Option<EnvError>,
}

/// One value per env of a chunk.
#[derive(Debug, Default, Clone)]
pub(super) struct Counters {
    /// The seeds that the engine was made with.
    pub seeds: Vec<u64>,
    /// The seeds of the last seeded reset: differ from `seeds` after a restart.
    pub current_seeds: Vec<u64>,
    /// Steps of the present episode.
    pub steps: Vec<u32>,
    /// Sum of rewards of the present episode.
    pub returns: Vec<f64>,
    /// Episodes begun before the present one.
    pub episodes: Vec<u64>,
    pub restarts: Vec<u32>,
}

impl Counters {
    pub const BYTES_PER_ENV: usize = 3 * size_of::<u64>() + 2 * size_of::<u32>() + size_of::<f64>();
}

/// Where a chunk is in its round, kept outside so that it survives a panic.
pub(super) struct Cursor {
    pub env: usize,
    /// Whether the env is being reset; its row, if any, is then already complete.
    pub resetting: bool,
}

impl Chunk {
    /// Makes the envs; [`Chunk::start`] then resets them.
    pub fn new(
        spec: &EnvSpec,
        first: usize,
        seeds: &[u64],
        on_fault: OnFault,
    ) -> Result<Self, EnvError> {
        let n = seeds.len();
        let mut envs = Vec::with_capacity(n);
        for (i, &seed) in seeds.iter().enumerate() {
            let cause = match catch_unwind(AssertUnwindSafe(|| (spec.make)())) {
                Ok(Ok(env)) => {
                    envs.push(env);
                    continue;
                }
                Ok(Err(error)) => Cause::from(error),
                Err(payload) => Cause::panic(payload),
            };
            return Err(EnvError::Fault {
                env: first + i,
                id: spec.id.to_owned(),
                seed,
                episode: 0,
                step: 0,
                cause: cause.to_string(),
            });
        }
        Ok(Self {
            first,
            id: spec.id,
            make: spec.make.clone(),
            on_fault,
            limit: spec.max_episode_steps.unwrap_or(u32::MAX),
            act_dim: spec.action.dim(),
            reward_range: envs.first().and_then(|env| env.reward_range()),
            envs,
            counters: Counters {
                seeds: seeds.to_vec(),
                current_seeds: seeds.to_vec(),
                steps: vec![0; n],
                returns: vec![0.0; n],
                episodes: vec![0; n],
                restarts: vec![0; n],
            },
            finished: Vec::with_capacity(n),
            void: Vec::with_capacity(n),
            fault: None,
        })
    }

    /// Resets every env with its seed.
    pub fn start(&mut self, rows: Rows<'_>) {
        self.guarded(rows, |chunk, rows, cursor| {
            cursor.resetting = true;
            while cursor.env < chunk.envs.len() {
                let i = cursor.env;
                let (mut obs, _) = rows.pair(i);
                chunk.envs[i].reset(Some(chunk.counters.seeds[i]), obs.reborrow())?;
                faults::check_finite(obs.view())?;
                cursor.env += 1;
            }
            Ok(())
        });
    }

    /// Steps every env once.
    pub fn step(&mut self, rows: Rows<'_>) {
        self.finished.clear();
        self.void.clear();
        let act_dim = self.act_dim;
        match rows.actions {
            Actions::Discrete(all) => self.guarded(rows, |chunk, rows, cursor| {
                chunk.round(rows, cursor, |i| Action::Discrete(all[i]))
            }),
            Actions::Continuous(all) => self.guarded(rows, |chunk, rows, cursor| {
                chunk.round(rows, cursor, |i| {
                    Action::Continuous(&all[i * act_dim..(i + 1) * act_dim])
                })
            }),
        }
    }

    /// Runs `work` over the envs; a fault of one is dealt with and the work goes on behind it.
    fn guarded(
        &mut self,
        mut rows: Rows<'_>,
        work: impl Fn(&mut Self, &mut Rows<'_>, &mut Cursor) -> Result<(), Cause>,
    ) {
        let mut cursor = Cursor { env: 0, resetting: false };
        while cursor.env < self.envs.len() {
            // After a panic only the env at the cursor can be broken, and it is never stepped again.
            let outcome = catch_unwind(AssertUnwindSafe(|| work(self, &mut rows, &mut cursor)));
            let cause = match outcome {
                Ok(Ok(())) => return,
                Ok(Err(cause)) => cause,
                Err(payload) => Cause::panic(payload),
            };
            self.fail(&mut rows, &cursor, &cause);
            cursor = Cursor { env: cursor.env + 1, resetting: false };
        }
    }

    /// Steps the envs from the cursor on. This is the hot loop: nothing in it allocates.
    #[inline]
    fn round<'a>(
        &mut self,
        rows: &mut Rows<'_>,
        cursor: &mut Cursor,
        action: impl Fn(usize) -> Action<'a>,
    ) -> Result<(), Cause> {
        while cursor.env < self.envs.len() {
            let i = cursor.env;
            let (mut obs, mut next) = rows.pair(i);
            let step = self.envs[i].step(action(i), next.reborrow())?;
            faults::check_reward(step.reward)?;
            faults::check_finite(next.view())?;
            let counters = &mut self.counters;
            counters.steps[i] += 1;
            counters.returns[i] += step.reward;
            let end = match step.end {
                None if counters.steps[i] >= self.limit => Some(End::Truncated),
                end => end,
            };
            match end {
                None => obs.copy_from(next.view()),
                Some(end) => {
                    let (ret, len) = (counters.returns[i], counters.steps[i]);
                    self.finished.push(Episode { env: self.first + i, ret, len, end });
                    counters.begin(i);
                }
            }
            rows.reward[i] = match self.reward_range {
                None => step.reward,
                Some((low, high)) => step.reward.clamp(low, high),
            };
            rows.end[i] = end;
            if end.is_some() {
                cursor.resetting = true;
                let (mut obs, _) = rows.pair(i);
                self.envs[i].reset(None, obs.reborrow())?;
                faults::check_finite(obs.view())?;
                cursor.resetting = false;
            }
            cursor.env += 1;
        }
        Ok(())
    }
}

impl Counters {
    /// Sets one env to the start of its next episode.
    pub fn begin(&mut self, env: usize) {
        self.steps[env] = 0;
        self.returns[env] = 0.0;
        self.episodes[env] += 1;
    }
}
