//! The engine that hands out the first k of n: every env's own trajectory is the synchronous one, none
//! starves, k = n is the synchronous engine, and faults have a name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sparring_envs::{
    Action, Actions, AsyncVectorEnv, End, Env, EnvError, EnvRng, EnvSpec, Fault, Obs, ObsMut,
    OnFault, Row, Sample, Step, VectorConfig, VectorEnv, maker, spec,
};

fn config(num_envs: usize, workers: usize) -> VectorConfig {
    VectorConfig { num_envs, workers, ..VectorConfig::default() }
}

/// The action that env `env` takes in its step `t`, whenever that is.
fn action(spec: &EnvSpec, env: usize, t: u64) -> Sample {
    spec.action.sample(&mut EnvRng::new(1_000_000 * env as u64 + t))
}

/// The actions of several envs in one buffer.
fn with<T>(samples: &[Sample], use_: impl FnOnce(Actions<'_>) -> T) -> T {
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for sample in samples {
        match sample {
            Sample::Discrete(index) => indices.push(*index),
            Sample::Continuous(all) => values.extend_from_slice(all),
        }
    }
    match indices.is_empty() {
        true => use_(Actions::Continuous(&values)),
        false => use_(Actions::Discrete(&indices)),
    }
}

type Seen = (Vec<f32>, Vec<f32>, f64, Option<End>);

fn values(obs: Obs<'_>, dim: usize, row: usize) -> Vec<f32> {
    obs.slice(row * dim..(row + 1) * dim).values().collect()
}

/// The transitions of each env over so many batches, and what a batch shows of itself.
fn drive(spec: &EnvSpec, n: usize, workers: usize, k: usize, batches: usize) -> Vec<Vec<Seen>> {
    let seeds: Vec<u64> = (100..100 + n as u64).collect();
    let mut envs = AsyncVectorEnv::new(spec, &seeds, &config(n, workers), k).unwrap();
    let (mut rows, mut steps) = (vec![Vec::new(); n], vec![0; n]);
    let dim = spec.obs.dim();
    for _ in 0..batches {
        let held = envs.envs().to_vec();
        assert!(held.len() == k && held.windows(2).all(|pair| pair[0] < pair[1]), "{held:?}");
        let samples: Vec<Sample> = held.iter().map(|env| action(spec, *env, steps[*env])).collect();
        held.iter().for_each(|env| steps[*env] += 1);
        let batch = with(&samples, |all| envs.step(all).unwrap());
        for (row, env) in batch.envs.iter().enumerate() {
            assert_eq!(batch.row[row] == Row::Void, steps[*env] == 0, "only the first is void");
            if steps[*env] > 0 {
                let (obs, next) = (values(batch.obs, dim, row), values(batch.next, dim, row));
                rows[*env].push((obs, next, batch.reward[row], batch.row[row].end()));
            }
        }
        for episode in batch.finished {
            assert_eq!(rows[episode.env].last().unwrap().3, Some(episode.end));
            let len = rows[episode.env].len() - episode.len as usize;
            let sum: f64 = rows[episode.env][len..].iter().map(|row| row.2).sum();
            assert_eq!(sum, episode.ret);
        }
    }
    rows
}

/// The transitions of one env alone.
fn alone(spec: &EnvSpec, env: usize, steps: usize) -> Vec<Seen> {
    let mut envs = VectorEnv::new(spec, &[100 + env as u64], &config(1, 0)).unwrap();
    let one = |t| {
        let batch = with(&[action(spec, env, t)], |all| envs.step(all).unwrap());
        let dim = spec.obs.dim();
        let (obs, next) = (values(batch.obs, dim, 0), values(batch.next, dim, 0));
        (obs, next, batch.reward[0], batch.row[0].end())
    };
    (0..steps as u64).map(one).collect()
}

#[test]
fn each_env_goes_its_own_way() {
    for (id, batches) in [("CartPole-v1", 400), ("Pendulum-v1", 1300), ("MinAtar/Breakout-v1", 200)]
    {
        let spec = spec(id).unwrap();
        for (workers, k) in [(1, 2), (2, 1), (3, 3)] {
            let rows = drive(&spec, 5, workers, k, batches);
            let taken: usize = rows.iter().map(Vec::len).sum();
            // Each env but the first k came once without a step.
            assert_eq!(taken, k * batches - (5 - k), "{id}");
            assert!(rows.iter().flatten().any(|row| row.3.is_some()), "{id}");
            for (env, rows) in rows.iter().enumerate() {
                assert!(
                    *rows == alone(&spec, env, rows.len()),
                    "{id}, env {env} of {workers}, {k}"
                );
            }
        }
    }
}

#[test]
fn all_at_once_is_the_synchronous_engine() {
    let spec = spec("CartPole-v1").unwrap();
    let seeds: Vec<u64> = (0..6).collect();
    for workers in [1, 3, 9] {
        let mut one = AsyncVectorEnv::new(&spec, &seeds, &config(6, workers), 6).unwrap();
        let mut other = VectorEnv::new(&spec, &seeds, &config(6, 0)).unwrap();
        let mut rng = EnvRng::new(5);
        for _ in 0..200 {
            assert_eq!(one.obs(), other.obs());
            let actions: Vec<u32> = (0..6).map(|_| rng.integers(2)).collect();
            let a = one.step(Actions::Discrete(&actions)).unwrap();
            let b = other.step(Actions::Discrete(&actions)).unwrap();
            assert_eq!((a.envs, a.obs, a.next, a.reward), (b.envs, b.obs, b.next, b.reward));
            assert_eq!((a.row, a.finished), (b.row, b.finished));
        }
    }
}

/// Counts its steps and takes its time; the first one that is made is slow.
struct Slow {
    steps: Option<u32>,
    pause: Duration,
    fails_at: u32,
}

impl Env for Slow {
    fn reset(&mut self, _: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.steps = Some(0);
        obs.floats(1)?[0] = 0.0;
        Ok(())
    }

    fn step(&mut self, _: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let steps = self.steps.as_mut().ok_or(EnvError::ResetNeeded)?;
        *steps += 1;
        assert!(*steps < self.fails_at, "tired");
        sleep(self.pause);
        obs.floats(1)?[0] = *steps as f32;
        Ok(Step { reward: 1.0, end: None })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Ok(())
    }
}

fn slow(pause: u64, fails_at: u32) -> EnvSpec {
    let made = Arc::new(AtomicU64::new(0));
    let make = maker(move || {
        let first = made.fetch_add(1, Ordering::Relaxed) == 0;
        let pause = Duration::from_micros(if first { pause } else { pause / 250 });
        let fails_at = if first { fails_at } else { u32::MAX };
        Ok(Slow { steps: None, pause, fails_at })
    });
    EnvSpec { make, max_episode_steps: None, ..spec("Counter-v0").unwrap() }
}

#[test]
fn a_slow_env_delays_nobody_and_none_starves() {
    let rows = drive(&slow(50_000, u32::MAX), 4, 2, 2, 600);
    let counts: Vec<usize> = rows.iter().map(Vec::len).collect();
    // While one worker sleeps in the slow env, the other steps the three others.
    assert!(counts[0] >= 1 && counts[1..].iter().all(|count| *count > 3 * counts[0]), "{counts:?}");
    let [least, most] = [counts[1..].iter().min(), counts[1..].iter().max()].map(Option::unwrap);
    assert!(most - least < 60, "{counts:?}");
}

#[test]
fn a_fault_names_its_env_and_stops_or_restarts_it() {
    let mut envs = AsyncVectorEnv::new(&slow(0, 3), &[7, 8, 9], &config(3, 2), 2).unwrap();
    // The other two go on while a worker writes the panic down.
    let fault = loop {
        match envs.step(Actions::Discrete(&[0, 0])) {
            Ok(_) => sleep(Duration::from_millis(1)),
            Err(fault) => break fault,
        }
    };
    let EnvError::Fault { fault: Fault { env, seed, step, .. }, .. } = &fault else {
        panic!("{fault}")
    };
    assert_eq!((*env, *seed, *step), (0, 7, 3));
    assert!(fault.to_string().contains("tired"), "{fault}");
    assert_eq!(envs.step(Actions::Discrete(&[0, 0])).unwrap_err(), fault);

    let restart = VectorConfig { on_fault: OnFault::Restart { max: 3 }, ..config(3, 2) };
    let mut envs = AsyncVectorEnv::new(&slow(0, 3), &[7, 8, 9], &restart, 2).unwrap();
    let mut void = Vec::new();
    while void.len() < 2 {
        let batch = envs.step(Actions::Discrete(&[0, 0])).unwrap();
        let rows = batch.envs.iter().zip(batch.row);
        void.extend(rows.filter(|(_, row)| **row == Row::Void).map(|(env, _)| *env));
        sleep(Duration::from_millis(1));
    }
    // The third env was not of the first batch; then env 0 failed once and was made anew.
    assert_eq!((void, envs.restarts()), (vec![2, 0], &[1, 0, 0][..]));
}

#[test]
fn what_cannot_be_is_refused() {
    let spec = spec("CartPole-v1").unwrap();
    let message = |config: &VectorConfig, seeds: &[u64], batch| {
        AsyncVectorEnv::new(&spec, seeds, config, batch).unwrap_err().to_string()
    };
    for batch in [0, 3] {
        let said = message(&config(2, 1), &[1, 2], batch);
        assert!(said.contains("batch is") && said.contains("1..=2"), "{said}");
    }
    assert!(message(&config(2, 0), &[1, 2], 1).contains("workers is 0"));
    assert!(message(&config(2, 1), &[1], 1).contains("one seed for each"));
    let mut envs = AsyncVectorEnv::new(&spec, &[1, 2], &config(2, 1), 1).unwrap();
    assert!(envs.step(Actions::Discrete(&[0, 0])).is_err());
    assert!(envs.step(Actions::Discrete(&[2])).is_err());
    assert!(envs.step(Actions::Continuous(&[0.0])).is_err());
    assert_eq!(envs.step(Actions::Discrete(&[1])).unwrap().envs, [1]);
    assert!(AsyncVectorEnv::bytes(&spec, 2, 1) > VectorEnv::bytes(&spec, 2));
}
