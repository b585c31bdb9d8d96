//! Gradient steps of SAC and DQN through `Agent::learn` on a full replay memory, dense and at 90 %
//! sparsity (ERK, the paper's settings), taken in turn, beside the bare `gemm` calls of the dense form's hidden
//! layers, which it cannot be faster than, and of networks with one hidden unit a layer, which leave all that
//! is not the networks; or what SAC's memory takes of the machine's. One thread. The comparison with other libraries is `scripts/bench-agents`.
//!
//! `cargo bench -p sparring-agents --bench update -- sac|dqn|memory [--csv FILE]`
//!
//! With `--device cuda` or `cnn --device cuda`, which is DQN with Nature's network (feature `cuda`) the same steps by a device, by it without graphs and with activations of bf16, beside the processor's;
//! `--hidden 1024,1024` chooses other widths, `--steps N` fewer steps.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use std::hint::black_box;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rand::RngExt;
use sparring_agents::networks::NetworkConfig;
use sparring_agents::networks::nature::NatureCnn;
use sparring_agents::{
    Agent, AgentConfig, DqnConfig, Epsilon, Loss, Mode, Observations, SacConfig, Temperature,
};
use sparring_envs::{Batch, EnvSpec, ObsBuf, ObsMut, Row, Space, spec};
use sparring_sparse::config::Distribution;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::gpu::{DeviceName, Precision, RECORDS};
use sparring_sparse::kernels::dense::{Matrix, product};
use sparring_sparse::kernels::{Lanes, Par};
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::methods::{DropGrow, MethodChoice};
use sparring_sparse::seed::Rng;
use sparring_sparse::{BreakEven, Compute, OptimizerConfig, Rule, Seed};

/// Transitions that the memory holds, all of them there before the clock starts.
const HELD: usize = 100_000;
/// The same where the memory is what is measured.
const HELD_OF_MEMORY: usize = 1_000_000;
/// Gradient steps of a sample: RigL's rewires once within it.
const STEPS: usize = 1_000;
const HIDDEN: [usize; 2] = [256, 256];
const SAC_BATCH: usize = 256;
const DQN_BATCH: usize = 128;
const WARM_UP: usize = 100;
const SAMPLES: usize = 2;
const SPARSITY: f64 = 0.9;

/// What an update asks of networks of two hidden layers: calls of the products of each of these.
struct Passes {
    /// Inputs, and the outputs of both layers.
    widths: [usize; 3],
    forward: usize,
    weight_grad: usize,
    input_grad: [usize; 2],
}

/// The actor: next states; states. Two critics and their targets: next states, what was done, what the
/// actor would do, whose gradient in the actions is all that the last one takes.
const SAC_PASSES: [Passes; 2] = [
    Passes { widths: [17, 256, 256], forward: 2, weight_grad: 1, input_grad: [0, 1] },
    Passes { widths: [23, 256, 256], forward: 6, weight_grad: 2, input_grad: [2, 4] },
];
/// The target: next states. The network: states.
const DQN_PASSES: [Passes; 1] =
    [Passes { widths: [4, 256, 256], forward: 2, weight_grad: 1, input_grad: [0, 1] }];

/// An environment of which only the spaces are used.
fn spaces(obs: usize, action: Space) -> EnvSpec {
    let obs = Space::uniform(&[obs], f32::NEG_INFINITY, f32::INFINITY);
    EnvSpec { obs, action, ..spec("Pendulum-v1").unwrap() }
}

fn half_cheetah() -> EnvSpec {
    spaces(17, Space::uniform(&[6], -1.0, 1.0))
}

fn cart_pole() -> EnvSpec {
    spaces(4, Space::Discrete { n: 2 })
}

/// Adam as PyTorch and Optax have it.
fn adam(learning_rate: f64) -> OptimizerConfig {
    let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
    OptimizerConfig { rule, ..OptimizerConfig::adam(learning_rate) }
}

/// Dense, a static topology, and RigL with its interval of 1,000 steps; the rest is as in
/// `scripts/bench/agents_peers.py`.
fn sac(hidden: &[usize], sparsity: SparsityConfig, held: usize) -> AgentConfig {
    AgentConfig::of(SacConfig {
        actor_hidden: hidden.to_vec(),
        critic_hidden: hidden.to_vec(),
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity,
        optimizer: adam(3e-4),
        weight_decay: 0.0,
        temperature: Temperature::Learned {
            initial: 1.0,
            learning_rate: 3e-4,
            target_entropy_per_dim: -1.0,
        },
        log_std: [-20.0, 2.0],
        batch_size: SAC_BATCH,
        replay_capacity: held,
        warmup_env_steps: held as u64,
        reward_scale: 1.0,
        ..SacConfig::paper()
    })
}

fn dqn(hidden: &[usize], sparsity: SparsityConfig, held: usize) -> AgentConfig {
    AgentConfig::of(DqnConfig {
        network: NetworkConfig::mlp(hidden),
        sparsity,
        optimizer: OptimizerConfig { max_grad_norm: Some(10.0), ..adam(1e-3) },
        weight_decay: 0.0,
        batch_size: DQN_BATCH,
        replay_capacity: held,
        warmup_env_steps: held as u64,
        loss: Loss::Huber,
        epsilon: Epsilon { decay_env_steps: 1, ..DqnConfig::paper().epsilon },
        ..DqnConfig::paper()
    })
}

/// Four frames of an Atari game.
fn pong() -> EnvSpec {
    EnvSpec { obs: Space::bytes_to(&[4, 84, 84], 255), ..spaces(1, Space::Discrete { n: 6 }) }
}

/// Of Nature's network (Mnih et al. 2015), batch 32.
fn nature(_: &[usize], sparsity: SparsityConfig, held: usize) -> AgentConfig {
    AgentConfig::of(DqnConfig {
        network: NatureCnn::default().into(),
        sparsity,
        optimizer: adam(6.25e-5),
        weight_decay: 0.0,
        batch_size: 32,
        replay_capacity: held,
        warmup_env_steps: held as u64,
        loss: Loss::Huber,
        epsilon: Epsilon { decay_env_steps: 1, ..DqnConfig::paper().epsilon },
        ..DqnConfig::paper()
    })
}

fn sparse(method: MethodChoice, compute: Compute) -> SparsityConfig {
    SparsityConfig {
        method,
        gradient_steps: 1_000_000,
        sparsity: SPARSITY,
        distribution: Distribution::Erk { power: 1.0 },
        compute: compute.into(),
        ..SparsityConfig::dense()
    }
}

fn rigl() -> MethodChoice {
    let schedule = DropGrow { update_until: 0.8, ..DropGrow::default() };
    Rigl { schedule, ..Rigl::default() }.into()
}

/// An agent on random transitions, one a call.
struct Training {
    agent: Box<dyn Agent>,
    rng: Rng,
    obs: ObsBuf,
    next: ObsBuf,
}

impl Training {
    /// With a full memory.
    fn new(spec: &EnvSpec, config: &AgentConfig, held: usize) -> Self {
        let [obs, next] = [(); 2].map(|()| ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim()));
        let agent = config.build(spec, 1, &Seed::new(1)).unwrap();
        let mut training = Self { agent, rng: Seed::new(2).rng(), obs, next };
        (0..held).for_each(|_| training.step());
        assert_eq!(training.agent.clock().gradient_steps, 0);
        training
    }

    /// An action is drawn while none is trained on; then the last one is taken again and again.
    fn step(&mut self) {
        let rng = &mut self.rng;
        let first = match self.next.view_mut() {
            ObsMut::F32(next) => {
                next.iter_mut().for_each(|x| *x = rng.random_range(-1.0..1.0));
                next[0]
            }
            // Chance for each pixel would take longer than the step that is measured.
            ObsMut::U8(next) => {
                let pixel = rng.random::<u8>();
                let stride = 1 + usize::from(pixel);
                next.iter_mut().step_by(stride).for_each(|x| *x = x.wrapping_add(pixel));
                f32::from(pixel) / 255.0
            }
        };
        if self.agent.clock().gradient_steps == 0 {
            let obs = self.obs.view();
            let seen = Observations { obs, envs: &[0], first: &[false], rewards: &[0.0] };
            self.agent.act(seen, Mode::Train).unwrap();
        }
        let reward = [f64::from(first)];
        let batch = Batch {
            envs: &[0],
            obs: self.obs.view(),
            next: self.next.view(),
            reward: &reward,
            row: &[Row::Step],
            finished: &[],
        };
        self.agent.learn(&batch).unwrap();
        std::mem::swap(&mut self.obs, &mut self.next);
    }

    /// Seconds of a gradient step.
    fn seconds(&mut self, steps: usize) -> f64 {
        let start = Instant::now();
        (0..steps).for_each(|_| self.step());
        self.agent.settle().unwrap();
        start.elapsed().as_secs_f64() / steps as f64
    }
}

/// Bytes of this process in the machine's memory.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096.0
}

fn updates(
    spec: &EnvSpec,
    config: impl Fn(&[usize], SparsityConfig, usize) -> AgentConfig,
    (passes, batch): (&[Passes], usize),
    write: &mut impl FnMut(&str, usize, f64),
) {
    let compute = Compute::Auto(BreakEven::measure().unwrap());
    let forms = [
        ("dense", HIDDEN, SparsityConfig::dense()),
        ("static", HIDDEN, sparse(Static {}.into(), compute)),
        ("rigl", HIDDEN, sparse(rigl(), compute)),
        ("narrow", [1, 1], SparsityConfig::dense()),
    ];
    let mut forms = forms.map(|(name, hidden, sparsity)| {
        (name, Training::new(spec, &config(&hidden, sparsity, HELD), HELD))
    });
    for (_, training) in &mut forms {
        training.seconds(WARM_UP);
    }
    for sample in 0..SAMPLES {
        for (name, training) in &mut forms {
            write(name, sample, training.seconds(STEPS));
        }
        let start = Instant::now();
        (0..STEPS).for_each(|_| products(passes, batch));
        write("products", sample, start.elapsed().as_secs_f64() / STEPS as f64);
    }
}

/// The same by a device, with and without graphs and with activations of bf16, beside the processor. A dense network,
/// one at 90 %, and one whose topology changes.
fn on_device(
    spec: &EnvSpec,
    config: impl Fn(&[usize], SparsityConfig, usize) -> AgentConfig,
    (device, hidden, steps): (DeviceName, &[usize], usize),
    write: &mut impl FnMut(&str, usize, f64),
) {
    println!("{}", device.open().unwrap().unwrap().name());
    // What the emulator takes says nothing.
    let (held, samples) = (2_000, if device == DeviceName::Emulator { 1 } else { 5 });
    for (name, sparsity) in [
        ("dense", SparsityConfig::dense()),
        ("static", sparse(Static {}.into(), Compute::Sparse)),
        ("rigl", sparse(rigl(), Compute::Sparse)),
    ] {
        let config = config(hidden, sparsity, held);
        let mut ways = vec![
            ("graph", device, true, Precision::F32),
            ("launches", device, false, Precision::F32),
            ("graph bf16", device, true, Precision::Bf16),
        ];
        // The processor is there to be compared with, not to be waited for.
        if hidden.iter().all(|width| *width <= 512) {
            ways.push(("cpu", DeviceName::Cpu, true, Precision::F32));
        }
        for (how, device, records, precision) in ways {
            RECORDS.store(records, Ordering::Relaxed);
            let mut training = Training::new(spec, &config, held);
            if let Some(gpu) = device.open().unwrap() {
                training.agent.move_to(gpu, precision).unwrap();
            }
            let steps = if how == "cpu" { (steps / 10).max(1) } else { steps };
            training.seconds((steps / 10).max(1));
            for sample in 0..samples {
                write(&format!("{name} {how}"), sample, training.seconds(steps));
            }
        }
    }
}

/// The bare `gemm` calls of an update, on the tiles that the layers use.
fn products(passes: &[Passes], batch: usize) {
    let lanes = Lanes::new(batch);
    let widest = 256;
    let (w, mut dw) = (vec![0.1; widest * widest], vec![0.0; widest * widest]);
    let [mut x, mut y] = [(); 2].map(|()| lanes.zeros(widest));
    x.fill(0.1);
    for Passes { widths, forward, weight_grad, input_grad } in passes {
        for (pair, input_grad) in widths.windows(2).zip(input_grad) {
            let (cols, rows) = (pair[0], pair[1]);
            let w = Matrix::new(&w[..rows * cols], rows, cols);
            for tile in lanes.tiles() {
                let n = tile.width;
                let [input, output] =
                    [cols, rows].map(|width| Matrix::new(tile.of(&x, width), width, n));
                for _ in 0..*forward {
                    product(w, input, tile.of_mut(&mut y, rows), n, false, Par::Serial);
                }
                for _ in 0..*weight_grad {
                    product(output, input.t(), &mut dw[..rows * cols], cols, true, Par::Serial);
                }
                for _ in 0..*input_grad {
                    product(w.t(), output, tile.of_mut(&mut y, cols), n, false, Par::Serial);
                }
            }
        }
    }
    black_box((y, dw));
}

/// What a whole agent with a full memory has resident, and the bytes of the transitions alone; the time is
/// that of a transition.
fn memory(write: &mut impl FnMut(&str, usize, f64)) {
    let (spec, before, start) = (half_cheetah(), resident(), Instant::now());
    let config = sac(&HIDDEN, SparsityConfig::dense(), HELD_OF_MEMORY);
    let training = Training::new(&spec, &config, HELD_OF_MEMORY);
    let (took, resident) = (start.elapsed().as_secs_f64(), resident() - before);
    drop(training);
    let numbers = 2 * spec.obs.dim() + spec.action.dim() + 2;
    let raw = HELD_OF_MEMORY * numbers * size_of::<f32>();
    write(&format!("{resident},{raw}"), 0, took / HELD_OF_MEMORY as f64);
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    // Cargo adds `--bench`.
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let what = args.next().unwrap_or_else(|| panic!("name what: sac, dqn or memory"));
    let args: Vec<String> = args.collect();
    let option = |name: &str| {
        args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned()
    };
    let csv = option("--csv");
    let device: DeviceName = option("--device").map_or(DeviceName::Cpu, |d| d.parse().unwrap());
    let hidden: Vec<usize> = option("--hidden").map_or(HIDDEN.to_vec(), |hidden| {
        hidden.split(',').map(|width| width.parse().unwrap()).collect()
    });
    let steps = option("--steps").map_or(STEPS, |steps| steps.parse().unwrap());
    let keys = if what == "memory" { "resident,raw" } else { "form" };
    let mut rows = vec![format!("{keys},sample,seconds")];
    let mut write = |case: &str, sample: usize, seconds: f64| {
        println!("{what}, {keys} {case}: {:.1} us", 1e6 * seconds);
        rows.push(format!("{case},{sample},{seconds:e}"));
    };
    let on = (device, hidden.as_slice(), steps);
    match what.as_str() {
        "sac" if device != DeviceName::Cpu => on_device(&half_cheetah(), sac, on, &mut write),
        "dqn" if device != DeviceName::Cpu => on_device(&cart_pole(), dqn, on, &mut write),
        "cnn" if device != DeviceName::Cpu => on_device(&pong(), nature, on, &mut write),
        "sac" => updates(&half_cheetah(), sac, (&SAC_PASSES, SAC_BATCH), &mut write),
        "dqn" => updates(&cart_pole(), dqn, (&DQN_PASSES, DQN_BATCH), &mut write),
        "memory" => memory(&mut write),
        _ => panic!("found {what}; allowed are sac, dqn and memory"),
    }
    if let Some(path) = csv {
        let mut file = std::fs::File::create(path).unwrap();
        rows.iter().for_each(|row| writeln!(file, "{row}").unwrap());
    }
}
