//! DQN as a training loop meets it: it learns with every method and switch, and repeats itself.

use crate::common::{Decay, DropGrow, Order, as_planned, at, fixed, learn, methods, set, sparse};
use sparring_agents::networks::AlgebraKeys;
use sparring_agents::networks::algebra::AlgebraName;
use sparring_agents::{
    AgentConfig, AgentError, DqnConfig, EnvRows, Epsilon, Extent, Loss, Metric, Mode,
    NetworkConfig, Prioritized, RunLength,
};
use sparring_envs::{VectorConfig, VectorEnv, spec};
use sparring_sparse::Seed;
use sparring_sparse::config::*;
use sparring_sparse::{ALGEBRAS, Algebra, ClipNorm, Misfit, OptimizerConfig, Rule, WeightDecay};

fn small() -> DqnConfig {
    DqnConfig {
        network: NetworkConfig::mlp(&[32, 32]),
        batch_size: 32,
        replay_capacity: 5000,
        warmup_env_steps: 100,
        target_every_gradient_steps: 50,
        epsilon: Epsilon { start: 1.0, end: 0.05, decay_env_steps: 1000, eval: 0.0 },
        ..DqnConfig::paper()
    }
}

#[test]
fn every_method_solves_the_identity_env() {
    let best = {
        let spec = &spec("Identity-v0").unwrap();
        f64::from(spec.max_episode_steps.unwrap())
    };
    for method in methods() {
        let config = DqnConfig { sparsity: sparse(method.clone()), ..small() };
        let (agent, mean) = learn(&AgentConfig::of(config.clone()), "Identity-v0", 1, 2000, 10);
        assert_eq!(mean, best, "{method:?}");
        assert_eq!(agent.clock().gradient_steps, 1900);
        as_planned(&AgentConfig::of(config), &*agent, "Identity-v0", 1, 2000);
    }
}

/// Dense, and with half of the elements by RigL.
#[test]
fn every_algebra_solves_the_identity_env() {
    for row in ALGEBRAS {
        for sparsity in [SparsityConfig::dense(), sparse(methods()[3].clone())] {
            let kind = AlgebraName(Algebra::of(row));
            let algebra = Some(AlgebraKeys { kind, ..AlgebraKeys::default() });
            let network = NetworkConfig::mlp(&[144, 144]);
            let config = AgentConfig::of(DqnConfig { network, algebra, sparsity, ..small() });
            let (agent, mean) = learn(&config, "Identity-v0", 1, 2000, 10);
            assert!(mean >= 95.0, "{row:?} {mean}");
            as_planned(&config, &*agent, "Identity-v0", 1, 2000);
        }
    }
}

/// Bytes in two stacked frames: who mixes frames or episodes up cannot learn it. The memory goes round
/// several times.
#[test]
fn stacked_frames_are_learnt() {
    let small = || DqnConfig { replay_capacity: 500, discount: 0.9, ..small() };
    for config in [
        small(),
        DqnConfig { n_step: 3, ..small() },
        DqnConfig { prioritized: Some(Prioritized { exponent: 0.6, importance: 0.4 }), ..small() },
    ] {
        let config = AgentConfig::of(config);
        let (agent, mean) = learn(&config, "Recall-v0", 2, 3000, 10);
        assert!(mean >= 98.0, "{mean} {config:?}");
        as_planned(&config, &*agent, "Recall-v0", 2, 3000);
    }
}

#[test]
fn every_switch_walks_the_chain() {
    let switches = [
        small(),
        DqnConfig { double_q: true, ..small() },
        DqnConfig { loss: Loss::Huber, ..small() },
        DqnConfig { dueling: true, double_q: true, ..small() },
        DqnConfig { prioritized: Some(Prioritized { exponent: 0.6, importance: 0.4 }), ..small() },
        DqnConfig { n_step: 3, ..small() },
        DqnConfig { decay_gradient_steps: Some(6000), ..small() },
        DqnConfig { target_every_gradient_steps: 1, target_tau: 0.02, ..small() },
        DqnConfig {
            train_every_env_steps: 16,
            gradient_steps: 16,
            optimizer: OptimizerConfig { max_grad_norm: Some(10.0), ..OptimizerConfig::adam(1e-3) },
            ..small()
        },
        DqnConfig {
            optimizer: OptimizerConfig {
                max_grad_norm: Some(10.0),
                clip_norm: ClipNorm::Dense,
                ..OptimizerConfig::adam(1e-3)
            },
            sparsity: sparse(methods()[2].clone()),
            ..small()
        },
        DqnConfig {
            optimizer: OptimizerConfig {
                weight_decay: WeightDecay::Decoupled,
                ..OptimizerConfig::adam(1e-3)
            },
            weight_decay: 1e-3,
            ..small()
        },
        DqnConfig {
            optimizer: OptimizerConfig {
                rule: Rule::Sgd { momentum: 0.9 },
                ..OptimizerConfig::adam(1e-2)
            },
            ..small()
        },
    ];
    let (_, best) = learn(&AgentConfig::of(switches[0].clone()), "Chain-v0", 1, 6000, 10);
    for config in switches {
        let (_, mean) = learn(&AgentConfig::of(config.clone()), "Chain-v0", 4, 6000, 10);
        assert!(mean >= best && mean > 0.0, "{mean} {best} {config:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_training() {
    let run = |steps| {
        let config = DqnConfig { sparsity: sparse(methods()[3].clone()), ..small() };
        let (mut agent, mean) = learn(&AgentConfig::of(config.clone()), "CartPole-v1", 3, steps, 3);
        let mut metrics = Vec::new();
        agent.drain_metrics(Extent::Whole, &mut metrics);
        (metrics, mean)
    };
    let (first, second) = (run(1000), run(1000));
    assert_eq!(first, second);
    assert_ne!(first, run(1100));
    let tags: Vec<&str> = first.0.iter().map(|metric: &Metric| metric.tag.as_str()).collect();
    for tag in
        ["losses/td", "train/epsilon", "sparsity/q/hidden.1/grown", "sparsity/q/head/density"]
    {
        assert!(tags.contains(&tag), "{tags:?}");
    }
}

#[test]
fn the_papers_network_has_the_papers_size() {
    let sparsity = SparsityConfig { sparsity: 0.9, ..sparse(fixed()) };
    let config = AgentConfig::of(DqnConfig { sparsity, ..DqnConfig::paper() });
    let estimate =
        config.estimate(&spec("CartPole-v0").unwrap(), &RunLength::of(101_000, 1)).unwrap();
    let layers = &estimate.networks[0].layers;
    let params: u64 = layers.iter().map(|layer| layer.cost.parameters()).sum();
    let active: u64 = layers.iter().map(|layer| layer.cost.active_parameters()).sum();
    assert_eq!((params, active, estimate.gradient_steps), (266_242, 27_549, 100_000));
    // Two operations a weight and one a bias forward, three passes, 128 samples a step.
    let forward = |parameters: u64| (2 * parameters - 1026) as f64;
    let steps = 3.0 * 128.0 * 100_000.0;
    assert_eq!(estimate.training.model, steps * forward(active));
    assert_eq!(estimate.training.dense, steps * forward(params));
    // The replay memory, 128 transitions drawn and the places of them, and one that waits for its reward.
    let one = 2 * 4 * 4 + 4 + 4 + 4;
    let waiting = estimate.memory_bytes - 100_000 * one - 128 * (one + 8);
    assert!((1..=200).contains(&waiting), "{waiting}");
}

#[test]
fn what_cannot_be_is_refused() {
    let build = |config: DqnConfig, env: &str| {
        AgentConfig::of(config).build(&spec(env).unwrap(), 1, &Seed::new(1)).err().unwrap()
    };
    let error = build(small(), "Pendulum-v1");
    assert!(matches!(error, AgentError::Space { env: "Pendulum-v1", .. }), "{error}");
    let sparsity = SparsityConfig { sparsity: 0.9999, ..sparse(fixed()) };
    let error = build(DqnConfig { sparsity, ..small() }, "CartPole-v1");
    let empty = |misfit: &Misfit| matches!(misfit, Misfit::Empty { is_own: false, .. });
    assert!(matches!(&error, AgentError::Sparsity { misfit, .. } if empty(misfit)), "{error}");
}

#[test]
fn a_loss_that_is_no_number_stops_with_its_source() {
    let spec = &spec("CartPole-v1").unwrap();
    let config =
        DqnConfig { optimizer: OptimizerConfig::adam(1e30), warmup_env_steps: 40, ..small() };
    let mut agent = AgentConfig::of(config).build(spec, 1, &Seed::new(1)).unwrap();
    let vector = VectorConfig { num_envs: 1, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(spec, &[1], &vector).unwrap();
    let mut rows = EnvRows::new(1);
    for _ in 0..500 {
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train).unwrap();
        let batch = envs.step(actions).unwrap();
        if let Err(error) = agent.learn(&batch) {
            let text = error.to_string();
            assert!(
                matches!(error, AgentError::NotFinite { .. }) && text.contains("`q`"),
                "{text}"
            );
            return;
        }
        rows.follow(&batch);
    }
    unreachable!("a learning rate of 1e30 went unnoticed");
}

/// What is executed is what a step is made of: acting, the targets and the three products of a
/// training pass, `2` operations an active weight each.
#[test]
fn every_product_is_counted_as_executed() {
    let epsilon = Epsilon { start: 0.5, ..small().epsilon };
    let config = DqnConfig { warmup_env_steps: 99, sparsity: sparse(fixed()), epsilon, ..small() };
    let run = |steps| learn(&AgentConfig::of(config.clone()), "Identity-v0", 1, steps, 0).0;
    let [before, after] = [run(99), run(100)].map(|agent| (agent.executed(), agent.summaries()));
    let layers = &after.1[0].layers;
    let product = |first: usize| -> u64 { layers[first..].iter().map(|l| 2 * l.cost.active).sum() };
    // A warm-up acts by chance and asks no network.
    assert_eq!((before.0.forward, before.0.backward), (0, 0));
    // One step acts, then online and target network see a batch; the first layer's input has no
    // gradient.
    let batch = config.batch_size as u64;
    assert_eq!(after.0.forward, (1 + 2 * batch) * product(0));
    assert_eq!(after.0.backward, batch * (product(0) + product(1)));
}

#[test]
fn a_step_that_a_rewiring_takes_the_place_of_counts_as_a_gradient_step() {
    let schedule = DropGrow {
        update_every_gradient_steps: 50,
        update_until: at(300),
        drop_fraction: 0.3,
        drop_schedule: Decay::Constant,
        update_order: Order::InsteadOfStep,
    };
    let config = DqnConfig { sparsity: sparse(set(schedule)), ..small() };
    let (agent, _) = learn(&AgentConfig::of(config), "Identity-v0", 1, 500, 1);
    assert_eq!(agent.clock().gradient_steps, 400);
}
