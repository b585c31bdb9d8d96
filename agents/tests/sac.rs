//! SAC as a training loop meets it: it learns with every method and switch, and repeats itself.

use crate::common::{as_planned, fixed, learn, methods, sparse, trace};
use sparring_agents::replay::ReplayConfig;
use sparring_agents::{AgentConfig, AgentError, EnvRows, Mode, RunLength, SacConfig, Temperature};
use sparring_envs::{VectorConfig, VectorEnv, spec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{ClipNorm, Misfit, OptimizerConfig, Seed};

fn small() -> SacConfig {
    SacConfig {
        actor_hidden: vec![32, 32],
        critic_hidden: vec![32, 32],
        optimizer: OptimizerConfig::adam(3e-3),
        weight_decay: 0.0,
        temperature: Temperature::Learned {
            initial: 0.1,
            learning_rate: 3e-3,
            target_entropy_per_dim: -3.0,
        },
        batch_size: 32,
        replay_capacity: 5000,
        warmup_env_steps: 200,
        discount: 0.0,
        reward_scale: 1.0,
        ..SacConfig::paper()
    }
}

fn with(sparsity: SparsityConfig) -> SacConfig {
    SacConfig { actor_sparsity: sparsity.clone(), critic_sparsity: sparsity, ..small() }
}

#[test]
fn every_method_repeats_the_number_that_it_is_shown() {
    for method in methods() {
        let config = AgentConfig::of(with(sparse(method)));
        let (agent, mean) = learn(&config, "IdentityBox-v0", 1, 1700, 10);
        // A random agent gets −67.
        assert!(mean > -1.0, "{mean} {config:?}");
        as_planned(&config, &*agent, "IdentityBox-v0", 1, 1700);
    }
}

#[test]
fn every_switch_repeats_it_too() {
    let adam = OptimizerConfig::adam(3e-3);
    let clipped = OptimizerConfig { max_grad_norm: Some(10.0), ..adam };
    let set = methods()[2].clone();
    let switches = [
        SacConfig { temperature: Temperature::Fixed { alpha: 0.01 }, ..small() },
        SacConfig { log_std: [-5.0, 2.0], ..small() },
        SacConfig { n_step: 3, ..small() },
        SacConfig { discount: 0.5, reward_scale: 2.0, ..small() },
        SacConfig { target_every_gradient_steps: 5, target_tau: 0.1, ..small() },
        SacConfig { train_every_env_steps: 16, gradient_steps: 16, ..small() },
        SacConfig { warmup_hold_steps: 5, ..small() },
        SacConfig { weight_decay: 1e-5, optimizer: clipped, ..small() },
        SacConfig {
            optimizer: OptimizerConfig { clip_norm: ClipNorm::Dense, ..clipped },
            ..with(sparse(set.clone()))
        },
        SacConfig { actor_sparsity: SparsityConfig::dense(), ..with(sparse(set)) },
        SacConfig { critic_hidden: vec![48], ..small() },
    ];
    for config in switches {
        let (_, mean) = learn(&AgentConfig::of(config.clone()), "IdentityBox-v0", 4, 1700, 10);
        assert!(mean > -1.0, "{mean} {config:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_training() {
    let config = AgentConfig::of(with(sparse(methods()[3].clone())));
    let first = trace(&config, "Pendulum-v1", 900);
    assert_eq!(first, trace(&config, "Pendulum-v1", 900));
    assert_ne!(first, trace(&config, "Pendulum-v1", 960));
    for tag in [
        "losses/critic",
        "losses/actor",
        "train/temperature",
        "train/entropy",
        "sparsity/actor/hidden.1/grown",
        "sparsity/critic.2/head/density",
    ] {
        assert!(first.0.iter().any(|(name, _)| name == tag), "{tag}: {:?}", first.0);
    }
}

#[test]
fn random_actions_are_held_for_as_long_as_asked() {
    let spec = &spec("Pendulum-v1").unwrap();
    let config = SacConfig { warmup_env_steps: 60, warmup_hold_steps: 5, ..small() };
    let mut agent = AgentConfig::of(config).build(spec, 2, &Seed::new(1)).unwrap();
    let vector = VectorConfig { num_envs: 2, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(spec, &[1, 2], &vector).unwrap();
    let mut taken: Vec<Vec<f32>> = Vec::new();
    let mut rows = EnvRows::new(2);
    for _ in 0..30 {
        let seen = rows.observations(envs.obs());
        let sparring_envs::Actions::Continuous(actions) = agent.act(seen, Mode::Train).unwrap()
        else {
            unreachable!("a box");
        };
        taken.push(actions.to_vec());
        let batch = envs.step(sparring_envs::Actions::Continuous(&taken[taken.len() - 1])).unwrap();
        agent.learn(&batch).unwrap();
        rows.follow(&batch);
    }
    for (t, pair) in taken.windows(2).enumerate() {
        assert_eq!(pair[0] == pair[1], (t + 1) % 5 != 0, "{t}");
    }
    assert!(taken.iter().all(|actions| actions[0] != actions[1]));
}

/// The paper's networks on HalfCheetah have its sizes; here with the spaces of Pendulum
/// (3 and 1) the same count by hand.
#[test]
fn the_papers_networks_and_memory_have_their_sizes() {
    let config = AgentConfig::of(SacConfig {
        replay_capacity: 100_000,
        ..with(SparsityConfig { sparsity: 0.9, ..sparse(fixed()) })
    });
    let estimate =
        config.estimate(&spec("Pendulum-v1").unwrap(), &RunLength::of(20_000, 1)).unwrap();
    let names: Vec<_> = estimate.networks.iter().map(|network| network.name.as_str()).collect();
    assert_eq!(names, ["actor", "critic.1", "critic.2"]);
    // 3-32-32-2 and 4-32-32-1.
    let size = |network: usize| -> u64 {
        estimate.networks[network].layers.iter().map(|layer| layer.cost.parameters()).sum()
    };
    assert_eq!((size(0), size(1)), (3 * 32 + 1024 + 64 + 32 + 32 + 2, 4 * 32 + 1024 + 32 + 65));
    // Observations of 17, actions of 6, as HalfCheetah has them: nothing but the numbers themselves.
    let pendulum = ReplayConfig::new(&spec("Pendulum-v1").unwrap(), 1, 1_000_000, 0.99);
    let bytes = ReplayConfig { obs_dim: 17, act_dim: 6, ..pendulum }.bytes();
    // And one transition that waits for its reward.
    let waiting = bytes - 1_000_000 * 4 * (17 + 17 + 6 + 1 + 1);
    assert!((1..=300).contains(&waiting), "{waiting}");
}

#[test]
fn what_cannot_be_is_refused() {
    let build = |config: SacConfig, env: &str| {
        AgentConfig::of(config).build(&spec(env).unwrap(), 1, &Seed::new(1)).err().unwrap()
    };
    let error = build(small(), "CartPole-v1");
    assert!(matches!(error, AgentError::Space { env: "CartPole-v1", .. }), "{error}");
    let error = build(with(SparsityConfig { sparsity: 0.9999, ..sparse(fixed()) }), "Pendulum-v1");
    let empty = |misfit: &Misfit| matches!(misfit, Misfit::Empty { is_own: false, .. });
    assert!(matches!(&error, AgentError::Sparsity { misfit, .. } if empty(misfit)), "{error}");
}

#[test]
fn a_loss_that_is_no_number_stops_with_its_source() {
    let spec = &spec("Pendulum-v1").unwrap();
    let config = SacConfig { optimizer: OptimizerConfig::adam(1e30), discount: 0.99, ..small() };
    let mut agent = AgentConfig::of(config).build(spec, 1, &Seed::new(1)).unwrap();
    let vector = VectorConfig { num_envs: 1, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(spec, &[1], &vector).unwrap();
    let mut rows = EnvRows::new(1);
    for _ in 0..500 {
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train).unwrap();
        let Ok(batch) = envs.step(actions) else { unreachable!("an action that is no number") };
        if let Err(error) = agent.learn(&batch) {
            assert!(matches!(error, AgentError::NotFinite { .. }), "{error}");
            return;
        }
        rows.follow(&batch);
    }
    unreachable!("a learning rate of 1e30 went unnoticed");
}
