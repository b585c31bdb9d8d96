//! Streams of frames with all that may befall them.

use proptest::prelude::*;
use rand::RngExt;
use sparring_envs::{Batch, End, EnvSpec, Obs, Row, spec};
use sparring_sparse::Seed;

/// A stream of frames of random bytes from several environments, and what may befall them.
#[derive(Clone, Debug)]
pub struct Stream {
    pub num_envs: usize,
    pub frames: usize,
    pub size: usize,
    pub steps: usize,
    /// Of 100 steps, so many end an episode, are void, or show a stack that has nothing to do with the
    /// one before.
    pub ends: u32,
    pub voids: u32,
    pub torn: u32,
    /// Of 100 steps of an environment, so many are not its turn; the first one's, for this many steps.
    pub late: u32,
    pub gone: usize,
}

impl Stream {
    /// What shows it.
    pub fn spec(&self) -> EnvSpec {
        let obs = sparring_envs::Space::bytes(&[self.frames, self.size]);
        EnvSpec { obs, frames: self.frames, ..spec("Recall-v0").unwrap() }
    }

    /// Gives `step` every step as bytes, of the environments whose turn it is.
    pub fn play(&self, seed: u64, mut step: impl FnMut(&[u8], &[u8], &Batch<'_>, &[u32])) {
        let Self { num_envs, frames, size, .. } = *self;
        let (dim, mut rng) = (frames * size, Seed::new(seed).rng());
        let mut chance = |percent: u32| rng.random_range(0..100) < percent;
        let mut pixels = Seed::new(seed).child("pixels").rng();
        // Half of the frames are zeros, so that zeros also stand where an episode goes on.
        let mut draw = |into: &mut [u8]| {
            let lit = pixels.random_range(0..2u8);
            into.iter_mut().for_each(|byte| *byte = lit * pixels.random::<u8>());
        };
        let mut current = vec![0; num_envs * dim];
        current.chunks_exact_mut(dim).for_each(|row| draw(&mut row[dim - size..]));
        // The actions of a batch are for the environments of the one before.
        let mut acted_on: Vec<usize> = (0..num_envs).collect();
        for t in 0..self.steps {
            let gone = |env: usize| env == 0 && (10..10 + self.gone).contains(&t);
            let envs: Vec<usize> =
                (0..num_envs).filter(|&env| !gone(env) && !chance(self.late)).collect();
            let given: Vec<u32> = acted_on.iter().map(|&env| (t * 7 + env) as u32).collect();
            let rows = |all: &[u8]| -> Vec<u8> {
                envs.iter().flat_map(|env| &all[env * dim..][..dim]).copied().collect()
            };
            let obs = rows(&current);
            let mut next = obs.clone();
            let mut kinds = vec![Row::Step; envs.len()];
            for (at, row) in next.chunks_exact_mut(dim).enumerate() {
                let env = envs[at];
                row.rotate_left(size);
                draw(&mut row[dim - size..]);
                if chance(self.torn) {
                    row.chunks_exact_mut(size).for_each(&mut draw);
                }
                if chance(self.ends) {
                    let terminated = chance(50);
                    kinds[at] = Row::End(if terminated { End::Terminated } else { End::Truncated });
                }
                if chance(self.voids) {
                    kinds[at] = Row::Void;
                }
                let after = &mut current[env * dim..][..dim];
                after.copy_from_slice(row);
                if kinds[at] != Row::Step {
                    after.fill(0);
                    draw(&mut after[dim - size..]);
                }
            }
            let reward: Vec<f64> = envs.iter().map(|env| (t * num_envs + env) as f64).collect();
            let batch = Batch {
                envs: &envs,
                obs: Obs::U8(&obs),
                next: Obs::U8(&next),
                reward: &reward,
                row: &kinds,
                finished: &[],
            };
            step(&obs, &next, &batch, &given);
            acted_on = envs;
        }
    }
}

pub fn streams() -> impl Strategy<Value = Stream> {
    let percent = || prop_oneof![Just(0u32), 0u32..100];
    let rare = || prop_oneof![3 => Just(0u32), 1 => 0u32..30];
    let late = (percent(), 0usize..100);
    (1usize..4, 1usize..5, 1usize..4, 1usize..120, percent(), [rare(), rare()], late).prop_map(
        |(num_envs, frames, size, steps, ends, [voids, torn], (late, gone))| Stream {
            num_envs,
            frames,
            size,
            steps,
            ends,
            voids,
            torn,
            late,
            gone: if late > 0 { gone } else { 0 },
        },
    )
}
