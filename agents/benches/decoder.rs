//! Gradient steps of the decoder (`sparring_agents::trajectory`), dense and at 90 % sparsity, taken in turn: four blocks of
//! 128 numbers over 20 steps of three tokens, 64 sequences a step, Adam, one thread. `scripts/bench-decoder` has the same
//! model in PyTorch beside it.
//!
//! `cargo bench -p sparring-agents --bench decoder [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use rand::RngExt;
use sparring_agents::ActionBuf;
use sparring_agents::data::{Episodes, Scales, Summing, Trajectory, Vocabulary};
use sparring_agents::networks::transformer::Size;
use sparring_agents::trajectory::{Decoder, Layout, Training, Windows};
use sparring_envs::{EnvSpec, ObsBuf, Space, spec};
use sparring_sparse::config::{Distribution, SparsityConfig};
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::{OptimizerConfig, Seed};

const OBS: usize = 17;
const ACTIONS: u32 = 6;
const STEPS: usize = 20;
const SEQUENCES: usize = 64;
const ROUNDS: usize = 15;

struct Net {
    name: &'static str,
    decoder: Decoder,
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let args: Vec<String> = std::env::args().collect();
    let csv = args.iter().position(|arg| arg == "--csv").map(|at| args[at + 1].clone());
    let env = EnvSpec {
        obs: Space::uniform(&[OBS], -1.0, 1.0),
        action: Space::Discrete { n: ACTIONS },
        ..spec("CartPole-v1").unwrap()
    };
    let mut rng = Seed::new(1).rng();
    let one = |_| {
        let obs = (0..(STEPS + 1) * OBS).map(|_| rng.random_range(-1.0..1.0)).collect();
        let actions = (0..STEPS).map(|_| rng.random_range(0..ACTIONS)).collect();
        Trajectory {
            seed: None,
            obs: ObsBuf::F32(obs),
            actions: ActionBuf::Discrete(actions),
            rewards: vec![1.0; STEPS],
            end: None,
        }
    };
    let data: Vec<Trajectory> = (0..SEQUENCES).map(one).collect();
    let mut summing = Summing::new(&env.obs, &env.action);
    data.iter().for_each(|one| summing.add(one));
    let layout = Layout {
        words: Vocabulary::of(&env, 1).unwrap(),
        conditioned: true,
        steps: STEPS,
        scales: Scales::of(OBS, &summing.finish(), &[]),
    };
    let episodes: Episodes = data.into_iter().collect();
    let mut windows = Windows::default();
    windows.in_order(&layout, &episodes, 0, SEQUENCES);
    assert_eq!(windows.targets.len(), SEQUENCES * STEPS * 3);

    let sparse = SparsityConfig {
        distribution: Distribution::Uniform,
        ..SparsityConfig::new(Static {}, 0.9, 1_000_000)
    };
    let net = |name, sparsity: &SparsityConfig| {
        let optimizer = OptimizerConfig::adam(1e-4);
        let of = Training {
            size: Size::L,
            algebra: None,
            experts: None,
            weight_decay: 0.0,
            sparsity,
            optimizer,
        };
        Net { name, decoder: Decoder::new(layout.clone(), &of, &Seed::new(1)).unwrap() }
    };
    let mut nets = [net("dense", &SparsityConfig::dense()), net("sparse 90 %", &sparse)];
    let mut samples: Vec<Vec<f64>> = vec![Vec::new(); nets.len()];
    for _ in 0..ROUNDS {
        for (Net { decoder, .. }, samples) in nets.iter_mut().zip(&mut samples) {
            black_box(decoder.teach(&windows).unwrap());
            let begun = Instant::now();
            black_box(decoder.teach(&windows).unwrap());
            samples.push(begun.elapsed().as_secs_f64());
        }
    }
    let median = |samples: &[f64]| {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let dense = median(&samples[0]);
    for (Net { name, .. }, samples) in nets.iter().zip(&samples) {
        let own = median(samples);
        println!("{name:>12}: {:8.2} ms a step, {:.2} of the dense one", own * 1e3, own / dense);
    }
    if let Some(path) = csv {
        let mut file = std::fs::File::create(path).unwrap();
        writeln!(file, "form,sample,seconds").unwrap();
        for (Net { name, .. }, samples) in nets.iter().zip(&samples) {
            for (i, seconds) in samples.iter().enumerate() {
                writeln!(file, "{name},{i},{seconds}").unwrap();
            }
        }
    }
}
