//! The engine: any number of workers gives the same bits, wrong input moves nothing.

use std::sync::LazyLock;

use crate::common::{Actor, Record, drive, engine, is_slow, specs};
use proptest::prelude::*;
use sparring_envs::tiny::counter::Counter;
use sparring_envs::{
    Action, Actions, End, Env, EnvError, EnvSpec, Obs, ObsBuf, ObsMut, OnFault, Row, Step,
    VectorConfig, VectorEnv, episode_seed, maker, spec,
};

static SPECS: LazyLock<Vec<EnvSpec>> = LazyLock::new(specs);

#[test]
fn workers_change_no_bit() {
    for spec in &*SPECS {
        let sizes: &[usize] = if is_slow(spec) { &[3] } else { &[1, 5, 40] };
        for &num_envs in sizes {
            let run = |workers| {
                let mut envs = engine(spec, num_envs, workers, OnFault::Stop);
                let first: Vec<u32> = envs.obs().values().map(f32::to_bits).collect();
                (first, drive(&mut envs, &mut Actor::new(3), 400))
            };
            let inline = run(0);
            for workers in [1, 3] {
                assert!(run(workers) == inline, "{}, {num_envs} envs, {workers} workers", spec.id);
            }
        }
    }
}

/// With seeds of their own, episodes come again one by one, in any order.
#[test]
fn an_episode_with_a_seed_of_its_own_comes_again_alone() {
    let spec = spec("CartPole-v1").unwrap();
    let seeds = [5, 6, 7];
    let config =
        VectorConfig { num_envs: 3, workers: 1, seed_episodes: true, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(&spec, &seeds, &config).unwrap();
    let mut firsts = vec![Vec::new(); 3];
    let bits = |obs: Obs<'_>| obs.values().map(f32::to_bits).collect::<Vec<_>>();
    let mut is_first = [true; 3];
    for _ in 0..200 {
        let obs = envs.obs();
        for env in 0..3 {
            if is_first[env] {
                firsts[env].push(bits(obs.slice(env * 4..(env + 1) * 4)));
            }
        }
        let batch = envs.step(Actions::Discrete(&[1; 3])).unwrap();
        is_first = std::array::from_fn(|env| batch.row[env].end().is_some());
    }
    let mut alone = spec.make.one().unwrap();
    let mut obs = ObsBuf::zeros(spec.obs.dtype(), 4);
    for (env, firsts) in firsts.iter().enumerate() {
        assert!(firsts.len() > 15);
        for (episode, first) in firsts.iter().enumerate().rev() {
            let seed = episode_seed(seeds[env], episode as u64);
            alone.reset(Some(seed), obs.view_mut()).unwrap();
            assert_eq!(&bits(obs.view()), first, "env {env}, episode {episode}");
        }
    }
}

/// Counts to ten, rewards 1 to 10, which an agent sees clipped.
struct Clipped(Counter);

impl Env for Clipped {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.0.reset(seed, obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        self.0.step(action, obs)
    }

    fn reward_range(&self) -> Option<(f64, f64)> {
        Some((-1.0, 4.0))
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        self.0.save()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.0.restore(state)
    }
}

#[test]
fn rewards_are_clipped_and_returns_are_not() {
    let make = maker(|| Ok(Clipped(Counter::new(Some((10, End::Terminated))))));
    let spec = EnvSpec { make, ..spec("Counter-v0").unwrap() };
    let mut envs = engine(&spec, 2, 1, OnFault::Stop);
    let records = drive(&mut envs, &mut Actor::new(0), 10);
    let rewards: Vec<_> = records.iter().map(|record| f64::from_bits(record.reward[1])).collect();
    assert_eq!(rewards, [1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
    assert!(records[9].finished.iter().all(|episode| episode.ret == 55.0));
    assert_eq!(records[9].finished.len(), 2);
}

#[test]
fn a_batch_begins_where_obs_stood_and_rows_chain() {
    for spec in &*SPECS {
        let mut envs = engine(spec, 3, 1, OnFault::Stop);
        let dim = envs.obs_dim();
        let mut actor = Actor::new(1);
        for _ in 0..600 {
            let before: Vec<f32> = envs.obs().values().collect();
            let batch = envs.step(actor.act(&spec.action, 3)).unwrap();
            assert!(batch.obs.values().eq(before), "{}", spec.id);
            assert_eq!((batch.reward.len(), batch.row.len()), (3, 3));
            let (next, kinds) = (batch.next.values().collect::<Vec<_>>(), batch.row.to_vec());
            for (i, kind) in kinds.iter().enumerate() {
                let row = i * dim..(i + 1) * dim;
                if *kind == Row::Step {
                    assert!(
                        envs.obs().slice(row.clone()).values().eq(next[row].iter().copied()),
                        "{}",
                        spec.id
                    );
                }
            }
        }
    }
}

#[test]
fn wrong_actions_move_nothing() {
    let mut envs = engine(&spec("CartPole-v1").unwrap(), 3, 1, OnFault::Stop);
    let before = envs.save().unwrap();
    let error = envs.step(Actions::Discrete(&[0, 1, 2])).unwrap_err().to_string();
    assert!(error.contains("env 2") && error.contains("0 to 1"), "{error}");
    let error = envs.step(Actions::Discrete(&[0, 1])).unwrap_err().to_string();
    assert!(error.contains("2 action values for 3 envs"), "{error}");
    assert!(envs.step(Actions::Continuous(&[0.0; 3])).is_err());
    assert_eq!(envs.save().unwrap(), before);

    let mut envs = engine(&spec("Pendulum-v1").unwrap(), 3, 1, OnFault::Stop);
    let before = envs.save().unwrap();
    let error = envs.step(Actions::Continuous(&[0.0, 2.5, 0.0])).unwrap_err().to_string();
    assert!(error.contains("env 1") && error.contains("[-2, 2]"), "{error}");
    assert!(envs.step(Actions::Continuous(&[0.0, f32::NAN, 0.0])).is_err());
    assert!(envs.step(Actions::Continuous(&[0.0; 4])).is_err());
    assert!(envs.step(Actions::Discrete(&[0; 3])).is_err());
    assert_eq!(envs.save().unwrap(), before);
    drive(&mut envs, &mut Actor::new(0), 5);
}

#[test]
fn an_engine_moves_to_another_thread() {
    let spec = &spec("Chain-v0").unwrap();
    let mut envs = engine(spec, 4, 2, OnFault::Stop);
    let here = drive(&mut engine(spec, 4, 0, OnFault::Stop), &mut Actor::new(2), 50);
    let there = std::thread::spawn(move || drive(&mut envs, &mut Actor::new(2), 50));
    assert!(there.join().unwrap() == here);
}

#[test]
fn an_engine_that_cannot_be_built_says_why() {
    let spec = &spec("CartPole-v1").unwrap();
    let config = VectorConfig { num_envs: 0, ..VectorConfig::default() };
    let error = VectorEnv::new(spec, &[], &config).unwrap_err().to_string();
    assert!(error.contains("num_envs is 0"), "{error}");
    let config = VectorConfig { num_envs: 3, ..VectorConfig::default() };
    let error = VectorEnv::new(spec, &[1, 2], &config).unwrap_err().to_string();
    assert!(error.contains("seeds is 2") && error.contains("num_envs is 3"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_split_over_workers_is_the_same(
        id: usize, num_envs in 1usize..40, workers in 0usize..7, seed: u64,
    ) {
        let spec = &SPECS[id % SPECS.len()];
        let seeds: Vec<u64> = (0..num_envs as u64).map(|i| seed.wrapping_mul(i + 1)).collect();
        let run = |workers| -> Vec<Record> {
            let config = VectorConfig { num_envs, workers, ..VectorConfig::default() };
            let mut envs = VectorEnv::new(spec, &seeds, &config).unwrap();
            drive(&mut envs, &mut Actor::new(seed), 60)
        };
        prop_assert!(run(workers) == run(0));
    }
}
