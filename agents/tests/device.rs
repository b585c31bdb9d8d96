//! Agents that train on a device beside the same agents on the processor: by the emulator, or by the device that
//! `SPARRING_DEVICE` names (`cuda`).
#![cfg(any(feature = "emulate", feature = "cuda"))]

use std::sync::Arc;

use crate::common::*;
use rand::RngExt;
use sparring_agents::networks::bro::Bro;
use sparring_agents::networks::impala::Impala;
use sparring_agents::networks::minatar::Minatar;
use sparring_agents::networks::simba::Simba;
use sparring_agents::{
    Agent, AgentConfig, DqnConfig, Extent, Loss, Mode, NetworkConfig, Observations, PpoConfig,
    Prioritized, SacConfig, Temperature,
};
use sparring_envs::{Batch, EnvSpec, Obs, ObsBuf, Row, Space, spec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::gpu::{Asked, DeviceName, Gpu, Precision};
use sparring_sparse::seed::Rng;
use sparring_sparse::{OptimizerConfig, Section, Seed, WeightDecay};

fn device() -> Arc<dyn Gpu> {
    let name = std::env::var("SPARRING_DEVICE").unwrap_or_else(|_| "emulator".to_owned());
    name.parse::<DeviceName>().unwrap().open().unwrap().unwrap()
}

/// An agent on random transitions of one env, which no action changes.
struct Training {
    agent: Box<dyn Agent>,
    rng: Rng,
    obs: ObsBuf,
}

impl Training {
    fn new(env: &EnvSpec, config: &AgentConfig, on: Option<(Arc<dyn Gpu>, Precision)>) -> Self {
        let mut agent = config.build(env, 1, &Seed::new(3)).unwrap();
        if let Some((gpu, precision)) = on {
            agent.move_to(gpu, precision).unwrap();
        }
        Self { agent, rng: Seed::new(4).rng(), obs: ObsBuf::zeros(env.obs.dtype(), env.obs.dim()) }
    }

    /// Floats in `[−1, 1]`, or bytes of which a few are 1, as those of MinAtar.
    fn draw(&mut self) -> ObsBuf {
        let rng = &mut self.rng;
        match &self.obs {
            ObsBuf::F32(obs) => {
                ObsBuf::F32(obs.iter().map(|_| rng.random_range(-1.0..1.0)).collect())
            }
            ObsBuf::U8(obs) => {
                ObsBuf::U8(obs.iter().map(|_| u8::from(rng.random_bool(0.2))).collect())
            }
        }
    }

    fn step(&mut self) {
        let next = self.draw();
        let seen =
            Observations { obs: self.obs.view(), envs: &[0], first: &[false], rewards: &[0.0] };
        self.agent.act(seen, Mode::Train).unwrap();
        let terminated = self.rng.random_bool(0.05);
        let first = |obs: &ObsBuf| match obs.view() {
            Obs::F32(obs) => f64::from(obs[0]),
            Obs::U8(obs) => f64::from(obs[0]),
        };
        let batch = Batch {
            envs: &[0],
            obs: self.obs.view(),
            next: next.view(),
            reward: &[first(&next) * 0.5 - first(&self.obs)],
            row: &[if terminated { Row::End(sparring_envs::End::Terminated) } else { Row::Step }],
            finished: &[],
        };
        self.agent.learn(&batch).unwrap();
        self.obs = next;
    }

    /// Losses and norms since the last time, by name.
    fn losses(&mut self) -> Vec<(String, f64)> {
        let mut metrics = Vec::new();
        self.agent.settle().unwrap();
        self.agent.drain_metrics(Extent::Changes, &mut metrics);
        let told = |tag: &str| tag.starts_with("losses") || tag.starts_with("train/entropy");
        metrics.iter().filter(|m| told(&m.tag)).map(|m| (m.tag.to_string(), m.value)).collect()
    }

    fn params(&mut self) -> Vec<Vec<f32>> {
        self.agent.settle().unwrap();
        let networks = self.agent.networks();
        networks.iter().map(|one| one.network().params().to_vec1().unwrap()).collect()
    }

    /// Goes on where `other` was saved.
    fn take(&mut self, other: &dyn Agent, saved: &Section) {
        self.agent.load(saved).unwrap();
        if let (Some(from), Some(to)) = (other.replay(), self.agent.replay_mut()) {
            let (rows, piece) = (from.rows(), from.piece(from.rows()));
            to.restore(rows, &mut std::iter::once(Ok(piece))).unwrap();
        }
    }

    fn save(&mut self) -> Section {
        self.agent.settle().unwrap();
        let mut section = Section::new(1);
        self.agent.save(&mut section).unwrap();
        section
    }
}

const WIDTH: usize = 32;
const UPDATES: u64 = 36;
/// For every method: each trains in its own way from the first update on.
const FEW: u64 = 12;

fn optimizer() -> OptimizerConfig {
    OptimizerConfig { max_grad_norm: Some(5.0), ..OptimizerConfig::adam(1e-3) }
}

fn sac(sparsity: SparsityConfig) -> AgentConfig {
    AgentConfig::of(SacConfig {
        actor_hidden: vec![WIDTH, WIDTH],
        critic_hidden: vec![WIDTH, WIDTH],
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity,
        optimizer: optimizer(),
        temperature: Temperature::Learned {
            initial: 0.5,
            learning_rate: 1e-3,
            target_entropy_per_dim: -1.0,
        },
        batch_size: 20,
        replay_capacity: 1_000,
        warmup_env_steps: 60,
        ..SacConfig::paper()
    })
}

fn dqn(sparsity: SparsityConfig, change: impl Fn(&mut DqnConfig)) -> AgentConfig {
    let mut config = DqnConfig {
        network: NetworkConfig::mlp(&[WIDTH, WIDTH]),
        sparsity,
        optimizer: optimizer(),
        batch_size: 20,
        replay_capacity: 1_000,
        warmup_env_steps: 60,
        target_every_gradient_steps: 7,
        ..DqnConfig::paper()
    };
    change(&mut config);
    AgentConfig::of(config)
}

fn ppo(sparsity: SparsityConfig) -> AgentConfig {
    AgentConfig::of(PpoConfig {
        actor_hidden: vec![WIDTH, WIDTH],
        critic_hidden: vec![WIDTH],
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity,
        optimizer: optimizer(),
        rollout_steps: 50,
        epochs: 4,
        minibatch_size: 20,
        value_clip: Some(0.2),
        entropy_coef: 0.01,
        ..PpoConfig::paper(10_000)
    })
}

/// Often enough for the few updates of a test.
fn rewiring(every: u64) -> DropGrow {
    DropGrow { update_until: at(1200), drop_fraction: 0.3, ..drop_grow(every) }
}

/// Every method for a while, and one that rewires again and again for long.
fn alike_by_method(env: &str, of: impl Fn(SparsityConfig) -> AgentConfig) {
    let rewired = rigl(rewiring(10));
    for (method, updates) in
        methods().map(|method| (method, FEW)).into_iter().chain([(rewired, UPDATES)])
    {
        alike_on(&spec(env).unwrap(), &of(sparse(method)), true, updates);
    }
}

/// The losses of [`UPDATES`] gradient steps on the device and on the processor, within a thousandth.
fn alike(env: &str, config: &AgentConfig, rewires: bool) {
    alike_on(&spec(env).unwrap(), config, rewires, UPDATES);
}

fn alike_on(env: &EnvSpec, config: &AgentConfig, rewires: bool, updates: u64) {
    let mut host = Training::new(env, config, None);
    let gpu = device();
    let mut there = Training::new(env, config, Some((gpu.clone(), Precision::F32)));
    while host.agent.clock().gradient_steps < updates {
        host.step();
        there.step();
        let (expected, found) = (host.losses(), there.losses());
        assert_eq!(expected.len(), found.len());
        if host.agent.clock().gradient_steps > updates {
            break;
        }
        for ((tag, expected), (_, found)) in expected.iter().zip(&found) {
            let at = host.agent.clock().gradient_steps;
            let bound = 1e-3 * expected.abs().max(1e-2);
            assert!(
                (expected - found).abs() <= bound,
                "{tag} at {at}: {found} on the device, {expected} on the processor"
            );
        }
    }
    assert_eq!(host.agent.clock(), there.agent.clock());
    assert_eq!(host.agent.executed(), there.agent.executed());
    for (a, b) in host.agent.networks().iter().zip(there.agent.networks()) {
        for (a, b) in a.network().layers().iter().zip(b.network().layers()) {
            assert!(a.topology() == b.topology(), "a layer of {}", env.id);
        }
    }
    let biggest = |(a, b): (&f32, &f32)| (a - b).abs();
    for (a, b) in host.params().iter().zip(there.params()) {
        let most = a.iter().zip(&b).map(biggest).fold(0.0, f32::max);
        assert!(most < 2e-3, "parameters differ by {most}");
    }
    assert!(gpu.asked().launches > 0 || rewires);
}

#[test]
fn sac_learns_as_on_the_processor() {
    alike_by_method("Pendulum-v1", sac);
    alike("Pendulum-v1", &sac(SparsityConfig::dense()), false);
}

/// The residual networks with layer norms, in every agent: few and small, since a norm's barriers take long here.
#[test]
fn networks_with_layer_norms_learn_as_on_the_processor() {
    let schedule = rewiring(4);
    let simba = || NetworkConfig::from(Simba { hidden: 8, blocks: 1, ..Simba::default() });
    let bro = || NetworkConfig::from(Bro { hidden: 16, blocks: 1, width: 1.0 });
    let sac = SacConfig {
        actor_network: Some(bro()),
        critic_network: Some(simba()),
        critic_sparsity: sparse(rigl(schedule.clone())),
        optimizer: OptimizerConfig { weight_decay: WeightDecay::Decoupled, ..optimizer() },
        weight_decay: 1e-2,
        batch_size: 20,
        replay_capacity: 1_000,
        warmup_env_steps: 60,
        ..SacConfig::paper()
    };
    alike_on(&spec("Pendulum-v1").unwrap(), &AgentConfig::of(sac), true, 10);
    let of_q = dqn(sparse(rigl(schedule)), |config| config.network = simba());
    alike_on(&spec("CartPole-v1").unwrap(), &of_q, true, 10);
    let ppo = PpoConfig {
        network: Some(bro()),
        optimizer: optimizer(),
        rollout_steps: 40,
        epochs: 2,
        minibatch_size: 20,
        ..PpoConfig::paper(10_000)
    };
    alike_on(&spec("CartPole-v1").unwrap(), &AgentConfig::of(ppo), true, 4);
}

#[test]
fn dqn_learns_as_on_the_processor() {
    alike_by_method("CartPole-v1", |sparsity| dqn(sparsity, |_| ()));
    let all = |config: &mut DqnConfig| {
        config.double_q = true;
        config.dueling = true;
        config.loss = Loss::Huber;
        config.n_step = 3;
        config.target_every_gradient_steps = 1;
        config.target_tau = 0.05;
        config.decay_gradient_steps = Some(200);
        config.prioritized = Some(Prioritized { exponent: 0.6, importance: 0.4 });
    };
    alike("CartPole-v1", &dqn(sparse(fixed()), all), false);
    alike("CartPole-v1", &dqn(SparsityConfig::dense(), all), false);
}

#[test]
fn ppo_learns_as_on_the_processor() {
    alike_by_method("CartPole-v1", ppo);
    for env in ["CartPole-v1", "Pendulum-v1"] {
        alike(env, &ppo(SparsityConfig::dense()), false);
    }
    alike("Pendulum-v1", &ppo(sparse(fixed())), false);
}

/// Two trainings are equal in every bit, and so is one that was written down and read back on the way.
#[test]
fn a_device_repeats_itself_and_goes_on_where_it_stopped() {
    for (env, config) in rewired() {
        repeats(env, &config, Precision::F32, [80, 25]);
    }
}

/// An agent of each kind that rewires.
fn rewired() -> [(&'static str, AgentConfig); 3] {
    let schedule = rewiring(10);
    [
        ("Pendulum-v1", sac(sparse(rigl(schedule.clone())))),
        ("CartPole-v1", dqn(sparse(rigl(schedule.clone())), |_| ())),
        ("CartPole-v1", ppo(sparse(rigl(schedule)))),
    ]
}

/// Twice over so many `steps`, and then on for `more` from what was written down.
fn repeats(env: &str, config: &AgentConfig, precision: Precision, [steps, more]: [usize; 2]) {
    let env = spec(env).unwrap();
    let run = || {
        let mut training = Training::new(&env, config, Some((device(), precision)));
        (0..steps).for_each(|_| training.step());
        training
    };
    let (mut first, mut second) = (run(), run());
    let saved = first.save();
    assert_eq!(saved.to_bytes().unwrap(), second.save().to_bytes().unwrap());
    let mut third = Training::new(&env, config, Some((device(), precision)));
    third.take(&*first.agent, &saved);
    (first.rng, third.rng) = (Seed::new(6).rng(), Seed::new(6).rng());
    (first.obs, third.obs) = (first.draw(), third.draw());
    for k in 0..more {
        let same = first.save().to_bytes().unwrap() == third.save().to_bytes().unwrap();
        assert!(same, "{} differs after {k} steps", env.id);
        first.step();
        third.step();
    }
    let bits = |params: Vec<Vec<f32>>| -> Vec<Vec<u32>> {
        params.iter().map(|of| of.iter().map(|x| x.to_bits()).collect()).collect()
    };
    assert!(bits(first.params()) == bits(third.params()), "{} differs", env.id);
}

#[test]
fn with_bf16_a_device_repeats_itself_and_goes_on_where_it_stopped() {
    let [(env, config), ..] = rewired();
    repeats(env, &config, Precision::Bf16, [80, 12]);
}

/// With activations of bf16 an agent learns nearly what it learns with float32, and takes over what was saved with the
/// other: the distance of all losses over their size, and that of the parameters.
#[test]
fn with_bf16_agents_stay_near_float32() {
    let of_images = dqn(sparse(fixed()), |config| {
        config.network = Minatar { width: 0.25 }.into();
        config.batch_size = 4;
    });
    for (env, config, updates) in [
        ("Pendulum-v1", sac(sparse(fixed())), 30),
        ("Pendulum-v1", sac(SparsityConfig::dense()), 10),
        ("CartPole-v1", dqn(sparse(fixed()), |_| ()), 50),
        ("Pendulum-v1", ppo(sparse(fixed())), 20),
        ("MinAtar/Breakout-v1", of_images, 5),
    ] {
        let env = spec(env).unwrap();
        let [mut wide, mut narrow] = [Precision::F32, Precision::Bf16]
            .map(|precision| Training::new(&env, &config, Some((device(), precision))));
        let (mut apart, mut size, mut pairs) = (0.0, 0.0, 0);
        while wide.agent.clock().gradient_steps < updates {
            wide.step();
            narrow.step();
            for ((tag, a), (_, b)) in wide.losses().iter().zip(&narrow.losses()) {
                if tag.starts_with("losses") {
                    apart += (a - b).powi(2);
                    size += a.powi(2);
                    pairs += 1;
                }
            }
        }
        let losses = (apart / size).sqrt();
        let all = |of: Vec<Vec<f32>>| of.into_iter().flatten().collect::<Vec<f32>>();
        let (a, b) = (all(wide.params()), all(narrow.params()));
        let norm = |of: &mut dyn Iterator<Item = f32>| of.map(|x| x * x).sum::<f32>().sqrt();
        let params = norm(&mut a.iter().zip(&b).map(|(a, b)| a - b)) / norm(&mut a.iter().copied());
        let name = config.row().name;
        println!("{name} with bf16: losses {losses:.5} apart over {pairs}, parameters {params:.5}");
        assert!(pairs > 0 && a != b, "{name}: bf16 changed nothing");
        assert!(losses < 0.1 && params < 0.02, "{name}: {losses}, {params}");
        let saved = wide.save();
        narrow.take(&*wide.agent, &saved);
        assert_eq!(saved.to_bytes().unwrap(), narrow.save().to_bytes().unwrap());
        while narrow.agent.clock().gradient_steps == wide.agent.clock().gradient_steps {
            narrow.step();
        }
        narrow.params();
    }
}

/// What a gradient step asks of a device.
#[test]
fn an_update_is_one_copy_there_and_one_back() {
    for (env, config, most) in [
        ("Pendulum-v1", sac(sparse(fixed())), 45),
        ("Pendulum-v1", sac(SparsityConfig::dense()), 45),
        ("CartPole-v1", dqn(sparse(fixed()), |c| c.target_every_gradient_steps = 1_000), 20),
    ] {
        let gpu = device();
        let env = spec(env).unwrap();
        let mut training = Training::new(&env, &config, Some((gpu.clone(), Precision::F32)));
        (0..70).for_each(|_| training.step());
        let learn = |training: &mut Training| {
            let obs = training.draw();
            let batch = Batch {
                envs: &[0],
                obs: obs.view(),
                next: obs.view(),
                reward: &[0.5],
                row: &[Row::Step],
                finished: &[],
            };
            training.agent.learn(&batch).unwrap();
        };
        let before = gpu.asked();
        learn(&mut training);
        let Asked { launches, uploads, downloads, waits, allocations, .. } = gpu.asked();
        let launches = launches - before.launches;
        println!("{}: {launches} launches an update", config.row().name);
        assert!((1..=most).contains(&launches), "{launches}");
        assert_eq!((uploads - before.uploads, downloads - before.downloads), (1, 1));
        // The one wait is for the update before, whose results are read.
        assert_eq!((waits - before.waits, allocations - before.allocations), (1, 0));
    }
}

/// An env of which only the spaces are used.
fn images(channels: usize, size: usize) -> EnvSpec {
    EnvSpec { obs: Space::bytes_to(&[channels, size, size], 255), ..spec("CartPole-v1").unwrap() }
}

/// The networks of images, dense and sparse, under methods that rewire and prune.
#[test]
fn agents_of_images_learn_as_on_the_processor() {
    let schedule = rewiring(5);
    let small = |sparsity: SparsityConfig, network: NetworkConfig| {
        dqn(sparsity, |config| {
            config.network = network.clone();
            config.batch_size = 4;
            config.warmup_env_steps = 88;
        })
    };
    let minatar = || Minatar { width: 0.25 };
    let breakout = spec("MinAtar/Breakout-v1").unwrap();
    for sparsity in [
        SparsityConfig::dense(),
        sparse(fixed()),
        sparse(rigl(schedule.clone())),
        sparse(pruning(5, 60, 4)),
    ] {
        alike_on(&breakout, &small(sparsity, minatar().into()), true, 12);
    }
    let ppo = PpoConfig {
        network: Some(minatar().into()),
        actor_sparsity: sparse(rigl(schedule)),
        rollout_steps: 20,
        epochs: 1,
        minibatch_size: 7,
        optimizer: optimizer(),
        normalize_observations: false,
        ..PpoConfig::paper(10_000)
    };
    alike_on(&breakout, &AgentConfig::of(ppo), true, 12);
    let impala = Impala { width: 0.125 };
    alike_on(&images(2, 12), &small(sparse(fixed()), impala.into()), true, 12);
}

#[test]
fn what_a_device_cannot_compute_is_refused() {
    let network = Some(Minatar::default().into());
    let config = AgentConfig::of(SacConfig { network, ..SacConfig::paper() });
    let spec = EnvSpec {
        obs: Space::bytes_to(&[2, 10, 10], 1),
        action: Space::uniform(&[2], -1.0, 1.0),
        ..spec("Pendulum-v1").unwrap()
    };
    let mut agent = config.build(&spec, 1, &Seed::new(1)).unwrap();
    let error = agent.move_to(device(), Precision::F32).unwrap_err().to_string();
    assert!(error.contains("as planes of an image"), "{error}");
}
