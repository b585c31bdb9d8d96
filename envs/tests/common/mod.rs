//! What several integration tests need.
#![allow(dead_code, reason = "the test of allocations uses a part")]

use sparring_envs::{
    Actions, Batch, EnvRng, EnvSpec, Episode, OnFault, Options, Row, Sample, Space, VectorConfig,
    VectorEnv, find, registry,
};

/// Every env that this build has, with the defaults of its options, but for Atari's games: they are slow
/// and have tests of their own.
pub fn specs() -> Vec<EnvSpec> {
    let fast = |id: &str| !id.starts_with("ALE/");
    let there = registry().iter().filter(|row| row.missing().is_none() && fast(row.id));
    there.map(|row| row.spec(&Options::default()).unwrap()).collect()
}

/// Whether it is a simulator, of which a test can afford a few thousand steps alone.
pub fn is_slow(spec: &EnvSpec) -> bool {
    find(spec.id).unwrap().needs.is_some()
}

/// An engine over envs with seeds 100, 101, ..
pub fn engine(spec: &EnvSpec, num_envs: usize, workers: usize, on_fault: OnFault) -> VectorEnv {
    let seeds: Vec<u64> = (100..100 + num_envs as u64).collect();
    VectorEnv::new(
        spec,
        &seeds,
        &VectorConfig { num_envs, workers, on_fault, ..VectorConfig::default() },
    )
    .unwrap()
}

/// Random actions for every env.
pub struct Actor {
    rng: EnvRng,
    discrete: Vec<u32>,
    continuous: Vec<f32>,
}

impl Actor {
    pub fn new(seed: u64) -> Self {
        Self { rng: EnvRng::new(seed), discrete: Vec::new(), continuous: Vec::new() }
    }

    /// One action for each of `n` envs.
    pub fn act(&mut self, space: &Space, n: usize) -> Actions<'_> {
        self.discrete.clear();
        self.continuous.clear();
        for _ in 0..n {
            match space.sample(&mut self.rng) {
                Sample::Discrete(action) => self.discrete.push(action),
                Sample::Continuous(action) => self.continuous.extend(action),
            }
        }
        match space {
            Space::Discrete { .. } => Actions::Discrete(&self.discrete),
            Space::Box { .. } => Actions::Continuous(&self.continuous),
        }
    }
}

/// Everything that a step gave, as bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub obs: Vec<u32>,
    pub next: Vec<u32>,
    pub reward: Vec<u64>,
    pub row: Vec<Row>,
    pub finished: Vec<Episode>,
}

impl Record {
    pub fn of(batch: &Batch<'_>) -> Self {
        Self {
            obs: batch.obs.values().map(f32::to_bits).collect(),
            next: batch.next.values().map(f32::to_bits).collect(),
            reward: batch.reward.iter().map(|x| x.to_bits()).collect(),
            row: batch.row.to_vec(),
            finished: batch.finished.to_vec(),
        }
    }
}

/// So many steps with random actions.
pub fn drive(envs: &mut VectorEnv, actor: &mut Actor, steps: usize) -> Vec<Record> {
    let space = envs.spec().action.clone();
    let n = envs.num_envs();
    (0..steps).map(|_| Record::of(&envs.step(actor.act(&space, n)).unwrap())).collect()
}
