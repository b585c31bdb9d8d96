//! What a policy does: observations, and what it makes of each.

use safetensors::SafeTensorError;
use sparring_agents::{Agent, EnvRows, Mode};
use sparring_envs::{Actions, EnvRng, Obs, Sample, VectorConfig, VectorEnv};
use sparring_sparse::Seed;

use super::tensors::Tensors;
use crate::error::TrainError;
use crate::policy_text::{Description, shape_of};
use crate::variant::Variant;

/// Episodes at once, so that few samples show more than the begin of one. Every other is played at random: a policy
/// alone meets few observations.
const EPISODES: usize = 8;

/// The seed of the episodes.
const SEED: u64 = 1;

/// Observations and actions, row by row.
#[derive(Debug, Default)]
pub struct Samples {
    count: usize,
    floats: Vec<f32>,
    bytes: Vec<u8>,
    indices: Vec<i64>,
    points: Vec<f32>,
}

impl Samples {
    /// The first `count` observations of episodes in the environment of the evaluations of `of`, each with the action
    /// that `agent` takes for it.
    pub fn play(agent: &mut dyn Agent, of: &Variant, count: usize) -> Result<Self, TrainError> {
        let seed = Seed::new(SEED).child("samples");
        let seeds: Vec<_> = (0..EPISODES).map(|env| seed.child(&env.to_string()).value()).collect();
        let config = VectorConfig { num_envs: EPISODES, workers: 0, ..of.settings.env.vector() };
        let mut envs = VectorEnv::new(&of.spec.for_evaluation(), &seeds, &config)?;
        let (mut rows, mut samples) = (EnvRows::new(EPISODES), Self::default());
        let mut random = EnvRng::new(SEED);
        let (dim, space) = (of.spec.obs.dim(), &of.spec.action);
        let at_random = |env: &usize| env % 2 == 1;
        while samples.count < count {
            let more = EPISODES.min(count - samples.count);
            match envs.obs() {
                Obs::F32(floats) => samples.floats.extend_from_slice(&floats[..more * dim]),
                Obs::U8(bytes) => samples.bytes.extend_from_slice(&bytes[..more * dim]),
            }
            let batch = match agent.act(rows.observations(envs.obs()), Mode::Eval)? {
                Actions::Discrete(all) => {
                    samples.indices.extend(all[..more].iter().map(|action| i64::from(*action)));
                    let mut all = all.to_vec();
                    for env in (0..EPISODES).filter(at_random) {
                        if let Sample::Discrete(action) = space.sample(&mut random) {
                            all[env] = action;
                        }
                    }
                    envs.step(Actions::Discrete(&all))?
                }
                Actions::Continuous(all) => {
                    let numbers = all.len() / EPISODES;
                    samples.points.extend_from_slice(&all[..more * numbers]);
                    let mut all = all.to_vec();
                    for env in (0..EPISODES).filter(at_random) {
                        if let Sample::Continuous(action) = space.sample(&mut random) {
                            all[env * numbers..][..numbers].copy_from_slice(&action);
                        }
                    }
                    envs.step(Actions::Continuous(&all))?
                }
            };
            samples.count += more;
            rows.follow(&batch);
        }
        Ok(samples)
    }

    /// `observation (n, shape…)` and `action`, `(n)` or `(n, numbers)`, as a safetensors file.
    pub fn file(&self, of: &Variant, about: &Description) -> Result<Vec<u8>, SafeTensorError> {
        let Self { count, floats, bytes, indices, points } = self;
        let mut to = Tensors::default();
        let shape: Vec<usize> = [*count].into_iter().chain(shape_of(&of.spec.obs)).collect();
        match bytes.is_empty() {
            true => to.f32("observation".to_owned(), &shape, floats),
            false => to.u8("observation".to_owned(), &shape, bytes),
        }
        match points.is_empty() {
            true => to.i64("action".to_owned(), &[*count], indices),
            false => to.f32("action".to_owned(), &[*count, points.len() / count], points),
        }
        to.to_bytes(about.to_text())
    }
}
