//! The envs of one message: consecutive indices, stepped in order, with their counters in flat arrays.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::faults::{self, Cause};
use super::seeds::episode_seed;
use super::slab::Rows;
use super::{Autoreset, Episode, OnFault, Row, VectorConfig};
use crate::{End, EnvError, EnvGroup, EnvSpec, Fault, Obs, ObsMut};

/// Consecutive envs. It moves to a worker and back with each step, so only one thread ever has it.
pub(super) struct Chunk {
    /// The index of its first env.
    pub first: usize,
    on_fault: OnFault,
    check_finite: bool,
    seed_episodes: bool,
    autoreset: Autoreset,
    /// The time limit in steps.
    limit: Option<u32>,
    /// Where rewards are clipped to, the same for all envs.
    reward_range: Option<(f64, f64)>,
    pub envs: Box<dyn EnvGroup>,
    pub counters: Counters,
    /// Which take no part in this step, for their episode begins in it; empty where none ever does.
    held: Vec<bool>,
    /// The episodes that ended in the last step.
    pub finished: Vec<Episode>,
    /// The faults of the last step.
    pub faults: Vec<Fault>,
    /// Of those that the policy does not allow to go on from, that of the first env.
    pub fatal: Option<Fault>,
}

/// One value per env of a chunk.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
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

impl Chunk {
    /// Makes the envs; [`Chunk::start`] then resets them.
    pub fn new(
        spec: &EnvSpec,
        first: usize,
        seeds: &[u64],
        config: &VectorConfig,
    ) -> Result<Self, EnvError> {
        let mut envs = spec.make.group();
        for (i, &seed) in seeds.iter().enumerate() {
            let Err(cause) = faults::caught(|| Ok(envs.push()?)) else { continue };
            let (env, cause) = (first + i, cause.to_string());
            let fault = Fault { env, seed, episode: 0, step: 0, cause };
            return Err(EnvError::Fault { id: spec.id.to_owned(), fault });
        }
        Ok(Self {
            first,
            on_fault: config.on_fault,
            check_finite: config.check_finite,
            seed_episodes: config.seed_episodes,
            autoreset: config.autoreset,
            limit: spec.max_episode_steps,
            reward_range: envs.reward_range(),
            envs,
            counters: Counters::new(seeds),
            held: match config.autoreset {
                Autoreset::NextStep => vec![false; seeds.len()],
                Autoreset::SameStep | Autoreset::Disabled => Vec::new(),
            },
            finished: Vec::with_capacity(seeds.len()),
            faults: Vec::new(),
            fatal: None,
        })
    }

    /// Resets every env with its seed.
    pub fn start(&mut self, mut rows: Rows<'_>) {
        for i in 0..self.envs.len() {
            let seed = self.begin_seed(i).unwrap_or(self.counters.seeds[i]);
            self.counters.current_seeds[i] = seed;
            let reset = faults::caught(|| {
                self.envs.reset(i, Some(seed), rows.next(i))?;
                self.check(rows.next(i).view())
            });
            if let Err(cause) = reset {
                self.fail_in_reset(rows.next(i), i, &cause);
            }
        }
    }

    /// Begins an episode of one env, from a seed or with the generator that it has.
    pub fn reset(&mut self, i: usize, seed: Option<u64>, mut obs: ObsMut<'_>) {
        self.faults.clear();
        self.counters.begin(i);
        if let Some(seed) = seed {
            (self.counters.seeds[i], self.counters.episodes[i]) = (seed, 0);
            self.counters.restarts[i] = 0;
        }
        let seed = self.begin_seed(i).or(seed);
        self.counters.current_seeds[i] = seed.unwrap_or(self.counters.current_seeds[i]);
        let reset = faults::caught(|| {
            self.envs.reset(i, seed, obs.reborrow())?;
            self.check(obs.view())
        });
        if let Err(cause) = reset {
            self.fail_in_reset(obs, i, &cause);
        }
    }

    /// Steps every env once. Nothing in here allocates but for faults.
    pub fn step(&mut self, mut rows: Rows<'_>) {
        self.finished.clear();
        self.faults.clear();
        for (i, held) in self.held.iter_mut().enumerate() {
            *held = rows.row[i].end().is_some();
            if *held {
                rows.begin(i);
            }
        }
        rows.place();
        let mut failed = self.step_envs(&mut rows);
        if self.check_finite {
            faults::find_infinite(&mut rows, &mut failed);
        }
        for &(i, _) in &failed {
            (rows.reward[i], rows.row[i]) = (0.0, Row::Void);
        }
        self.count(&mut rows);
        for (i, cause) in failed {
            self.fail_in_step(&mut rows, i, &cause);
        }
        self.begin_episodes(&mut rows);
    }

    /// Steps the envs; gives those that failed, ascending.
    fn step_envs(&mut self, rows: &mut Rows<'_>) -> Vec<(usize, Cause)> {
        let mut failed = Vec::new();
        let mut turn = 0;
        while turn < self.envs.len() {
            match faults::caught(|| Ok(self.envs.step(&mut turn, rows.group(&self.held))?)) {
                Ok(()) => break,
                // Only the env whose turn it was can be broken, and it is never stepped again.
                Err(cause) => failed.push((turn, cause)),
            }
            turn += 1;
        }
        failed
    }

    /// Keeps the counters and the time limit, and clips the rewards.
    fn count(&mut self, rows: &mut Rows<'_>) {
        let Counters { steps, returns, .. } = &mut self.counters;
        for (ret, reward) in returns.iter_mut().zip(&*rows.reward) {
            *ret += reward;
        }
        for steps in &mut *steps {
            *steps += 1;
        }
        for (steps, _) in steps.iter_mut().zip(&self.held).filter(|(_, held)| **held) {
            *steps = 0;
        }
        if let Some(limit) = self.limit {
            for (row, steps) in rows.row.iter_mut().zip(steps) {
                if *row == Row::Step && *steps >= limit {
                    *row = Row::End(End::Truncated);
                }
            }
        }
        if let Some((low, high)) = self.reward_range {
            for reward in &mut *rows.reward {
                *reward = reward.clamp(low, high);
            }
        }
    }

    /// Where an episode ended, notes it and begins the next.
    fn begin_episodes(&mut self, rows: &mut Rows<'_>) {
        for i in 0..rows.row.len() {
            let Some(end) = rows.row[i].end() else { continue };
            let (ret, len) = (self.counters.returns[i], self.counters.steps[i]);
            self.finished.push(Episode { env: self.first + i, ret, len, end });
            if self.autoreset == Autoreset::Disabled {
                continue;
            }
            self.counters.begin(i);
            let seed = self.begin_seed(i);
            self.counters.current_seeds[i] = seed.unwrap_or(self.counters.current_seeds[i]);
            let reset = faults::caught(|| {
                self.envs.reset(i, seed, rows.first(i))?;
                self.check(rows.first(i).view())
            });
            if let Err(cause) = reset {
                self.fail_in_reset(rows.first(i), i, &cause);
            }
        }
    }

    /// The seed of the present episode, where each has its own.
    fn begin_seed(&self, i: usize) -> Option<u64> {
        let Counters { seeds, episodes, .. } = &self.counters;
        self.seed_episodes.then(|| episode_seed(seeds[i], episodes[i]))
    }

    /// Refuses NaN and infinity where they are looked for.
    fn check(&self, obs: Obs<'_>) -> Result<(), Cause> {
        if self.check_finite { faults::check_finite(obs) } else { Ok(()) }
    }

    /// Deals with an env that failed in its step as the policy says.
    fn fail_in_step(&mut self, rows: &mut Rows<'_>, i: usize, cause: &Cause) {
        let fault = self.fault_at(i, self.counters.steps[i], cause);
        self.deal_with(rows.next(i), i, fault);
    }

    /// The same for one that failed where its episode was to begin; its row, if any, is complete.
    fn fail_in_reset(&mut self, obs: ObsMut<'_>, i: usize, cause: &Cause) {
        let fault = self.fault_at(i, 0, cause);
        self.deal_with(obs, i, fault);
    }

    fn deal_with(&mut self, mut obs: ObsMut<'_>, i: usize, fault: Fault) {
        obs.clear();
        self.faults.push(fault.clone());
        let fatal = match self.on_fault {
            OnFault::Stop => Some(fault),
            OnFault::Restart { max } => self.restart(i, max, obs, fault),
        };
        if let Some(fatal) = fatal
            && self.fatal.as_ref().is_none_or(|other| fatal.env < other.env)
        {
            self.fatal = Some(fatal);
        }
    }

    fn fault_at(&self, i: usize, step: u32, cause: &Cause) -> Fault {
        Fault {
            env: self.first + i,
            seed: self.counters.current_seeds[i],
            episode: self.counters.episodes[i],
            step,
            cause: cause.to_string(),
        }
    }

    /// Makes the env anew and resets it after a fault; gives the last one if no restart is left.
    fn restart(&mut self, i: usize, max: u32, mut obs: ObsMut<'_>, fault: Fault) -> Option<Fault> {
        let mut last = fault;
        while self.counters.restarts[i] < max {
            self.counters.restarts[i] += 1;
            self.counters.begin(i);
            let again = || faults::restart_seed(self.counters.seeds[i], self.counters.restarts[i]);
            let seed = self.begin_seed(i).unwrap_or_else(again);
            self.counters.current_seeds[i] = seed;
            let restarted = faults::caught(|| {
                // The old env may panic again while it is dropped here.
                self.envs.renew(i)?;
                self.envs.reset(i, Some(seed), obs.reborrow())?;
                self.check(obs.view())
            });
            let Err(cause) = restarted else { return None };
            obs.clear();
            last = self.fault_at(i, 0, &cause);
            self.faults.push(last.clone());
        }
        last.cause.push_str(&format!(" (all {max} restarts of this env are used up)"));
        Some(last)
    }
}

impl Counters {
    pub fn new(seeds: &[u64]) -> Self {
        let n = seeds.len();
        Self {
            seeds: seeds.to_vec(),
            current_seeds: seeds.to_vec(),
            steps: vec![0; n],
            returns: vec![0.0; n],
            episodes: vec![0; n],
            restarts: vec![0; n],
        }
    }

    /// How many envs each array counts for.
    pub fn rows(&self) -> [usize; 6] {
        let Self { seeds, current_seeds, steps, returns, episodes, restarts } = self;
        let (seeds, current_seeds) = (seeds.len(), current_seeds.len());
        [seeds, current_seeds, steps.len(), returns.len(), episodes.len(), restarts.len()]
    }

    /// Those of some envs.
    pub fn of(&self, range: Range<usize>) -> Self {
        Self {
            seeds: self.seeds[range.clone()].to_vec(),
            current_seeds: self.current_seeds[range.clone()].to_vec(),
            steps: self.steps[range.clone()].to_vec(),
            returns: self.returns[range.clone()].to_vec(),
            episodes: self.episodes[range.clone()].to_vec(),
            restarts: self.restarts[range].to_vec(),
        }
    }

    /// Puts those of more envs behind them.
    pub fn extend(&mut self, others: &Self) {
        self.seeds.extend(&others.seeds);
        self.current_seeds.extend(&others.current_seeds);
        self.steps.extend(&others.steps);
        self.returns.extend(&others.returns);
        self.episodes.extend(&others.episodes);
        self.restarts.extend(&others.restarts);
    }

    /// Bytes of them.
    pub fn bytes(&self) -> usize {
        let Self { seeds, current_seeds, steps, returns, episodes, restarts } = self;
        let numbers = size_of_val(&**seeds) + size_of_val(&**current_seeds);
        let present = size_of_val(&**steps) + size_of_val(&**returns) + size_of_val(&**episodes);
        numbers + present + size_of_val(&**restarts)
    }

    /// Sets one env to the start of its next episode.
    pub fn begin(&mut self, env: usize) {
        self.steps[env] = 0;
        self.returns[env] = 0.0;
        self.episodes[env] += 1;
    }
}
