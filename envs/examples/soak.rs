//! Steps envs with random actions for long and prints what is resident, a CSV row a tenth of the way:
//! `id,env_steps,episodes,resident_kib,seconds`.
//!
//! `cargo run --release -p sparring-envs --features atari --example soak -- ALE/Pong-v5 64 1 625000` takes 625,000
//! steps of 64 envs on the caller and 1 worker. Linux only: it reads /proc.

use std::env::args;
use std::error::Error;
use std::time::Instant;

use sparring_envs::{Actions, EnvRng, Sample, VectorConfig, VectorEnv, spec};

const PARTS: u64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = args().skip(1).collect();
    let [id, num_envs, workers, env_steps] = args.as_slice() else {
        return Err("usage: soak <id> <num_envs> <workers> <env_steps>".into());
    };
    let (num_envs, workers) = (num_envs.parse()?, workers.parse()?);
    let batches = env_steps.parse::<u64>()?.div_ceil(num_envs as u64);

    let spec = &spec(id)?;
    let seeds: Vec<u64> = (0..num_envs as u64).collect();
    let config = VectorConfig { num_envs, workers, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(spec, &seeds, &config)?;
    let mut rng = EnvRng::new(0);
    let (mut discrete, mut continuous) = (Vec::new(), Vec::new());
    let (start, mut episodes, mut part) = (Instant::now(), 0, 0);
    for batch in 1..=batches {
        discrete.clear();
        continuous.clear();
        for _ in 0..num_envs {
            match spec.action.sample(&mut rng) {
                Sample::Discrete(action) => discrete.push(action),
                Sample::Continuous(action) => continuous.extend(action),
            }
        }
        let actions = match discrete.is_empty() {
            false => Actions::Discrete(&discrete),
            true => Actions::Continuous(&continuous),
        };
        episodes += envs.step(actions)?.finished.len();
        if batch * PARTS / batches > part {
            part += 1;
            let (steps, seconds) = (batch * num_envs as u64, start.elapsed().as_secs_f64());
            println!("{id},{steps},{episodes},{},{seconds:.1}", resident_kib()?);
        }
    }
    Ok(())
}

fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?.parse()?)
}
