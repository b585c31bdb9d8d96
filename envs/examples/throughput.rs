//! Measures the engine and prints one CSV row per sample: `id,num_envs,workers,env_steps,seconds`.
//!
//! `cargo run --release -p sparring-envs --example throughput -- CartPole-v1 1024 1 2000 5` makes 5 samples of
//! 2,000 batches of 1,024 envs with 1 worker. Each env's step counts once; resets are inside the time
//! but are not steps. Actions are drawn before the clock starts.

use std::env::args;
use std::error::Error;
use std::time::Instant;

use sparring_envs::{Actions, EnvRng, Sample, VectorConfig, VectorEnv, spec};

/// Different batches of actions, used in turn.
const ACTION_SETS: usize = 16;
/// Batches before the clock starts, as a share of the measured ones.
const WARM_UP: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = args().skip(1).collect();
    let [id, num_envs, workers, batches, samples] = args.as_slice() else {
        return Err("usage: throughput <id> <num_envs> <workers> <batches> <samples>".into());
    };
    let (num_envs, workers) = (num_envs.parse()?, workers.parse()?);
    let (batches, samples): (usize, usize) = (batches.parse()?, samples.parse()?);

    let spec = &spec(id)?;
    let seeds: Vec<u64> = (0..num_envs as u64).collect();
    let config = VectorConfig { num_envs, workers, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(spec, &seeds, &config)?;

    let mut rng = EnvRng::new(0);
    let (mut discrete, mut continuous) = (Vec::new(), Vec::new());
    for _ in 0..ACTION_SETS * num_envs {
        match spec.action.sample(&mut rng) {
            Sample::Discrete(action) => discrete.push(action),
            Sample::Continuous(action) => continuous.extend(action),
        }
    }
    let mut run = |batches: usize| -> Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        for batch in 0..batches {
            let set = batch % ACTION_SETS;
            let actions = if continuous.is_empty() {
                Actions::Discrete(&discrete[set * num_envs..(set + 1) * num_envs])
            } else {
                let row = num_envs * spec.action.dim();
                Actions::Continuous(&continuous[set * row..(set + 1) * row])
            };
            std::hint::black_box(envs.step(actions)?);
        }
        Ok(start.elapsed().as_secs_f64())
    };
    run(batches / WARM_UP)?;
    for _ in 0..samples {
        let seconds = run(batches)?;
        println!("{id},{num_envs},{workers},{},{seconds}", batches * num_envs);
    }
    Ok(())
}
