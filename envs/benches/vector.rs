//! Throughput of the engine in env steps: `cargo bench -p sparring-envs`. The comparison with EnvPool is
//! `scripts/bench-envpool`, that of MinAtar with its Python package `scripts/bench-minatar`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sparring_envs::{Actions, EnvRng, Sample, VectorConfig, VectorEnv, spec};

const NUM_ENVS: usize = 1024;
/// Different batches of actions, used in turn: the same action again and again ends episodes early.
const ACTION_SETS: usize = 16;
const IDS: [&str; 9] = [
    "CartPole-v1",
    "MountainCar-v0",
    "Pendulum-v1",
    "Acrobot-v1",
    "MinAtar/Asterix-v1",
    "MinAtar/Breakout-v1",
    "MinAtar/Freeway-v1",
    "MinAtar/Seaquest-v1",
    "MinAtar/SpaceInvaders-v1",
];
/// Threads besides the caller's.
const WORKERS: [usize; 3] = [0, 1, 2];

fn steps(criterion: &mut Criterion) {
    for id in IDS {
        let mut group = criterion.benchmark_group(id);
        group.throughput(Throughput::Elements(NUM_ENVS as u64));
        for workers in WORKERS {
            let Ok(spec) = spec(id) else { continue };
            let seeds: Vec<u64> = (0..NUM_ENVS as u64).collect();
            let config = VectorConfig { num_envs: NUM_ENVS, workers, ..VectorConfig::default() };
            let Ok(mut envs) = VectorEnv::new(&spec, &seeds, &config) else { continue };
            let mut rng = EnvRng::new(0);
            let (mut discrete, mut continuous) = (Vec::new(), Vec::new());
            for _ in 0..ACTION_SETS * NUM_ENVS {
                match spec.action.sample(&mut rng) {
                    Sample::Discrete(action) => discrete.push(action),
                    Sample::Continuous(action) => continuous.extend(action),
                }
            }
            group.bench_function(BenchmarkId::new("workers", workers), |bencher| {
                let row = NUM_ENVS * spec.action.dim();
                let mut set = 0;
                bencher.iter(|| {
                    set = (set + 1) % ACTION_SETS;
                    let range = set * row..(set + 1) * row;
                    let actions = if continuous.is_empty() {
                        Actions::Discrete(&discrete[range])
                    } else {
                        Actions::Continuous(&continuous[range])
                    };
                    envs.step(actions).map(|batch| batch.finished.len())
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
