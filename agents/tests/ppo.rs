//! PPO as a training loop meets it: it learns with every method and switch, and repeats itself.

use crate::common::{as_planned, fixed, learn, methods, sparse, trace};
use sparring_agents::networks::minatar::Minatar;
use sparring_agents::{AgentConfig, AgentError, NetworkConfig, PpoConfig};
use sparring_envs::spec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{Activation, ClipNorm, Misfit, OptimizerConfig, Rule, Seed};

fn small(total_env_steps: u64) -> PpoConfig {
    PpoConfig {
        actor_hidden: vec![32, 32],
        critic_hidden: vec![32, 32],
        optimizer: OptimizerConfig {
            learning_rate: 3e-3,
            ..PpoConfig::paper(total_env_steps).optimizer
        },
        weight_decay: 0.0,
        rollout_steps: 64,
        epochs: 8,
        minibatch_size: 64,
        discount: 0.0,
        ..PpoConfig::paper(total_env_steps)
    }
}

fn with(sparsity: SparsityConfig, total_env_steps: u64) -> PpoConfig {
    let config = small(total_env_steps);
    PpoConfig { actor_sparsity: sparsity.clone(), critic_sparsity: sparsity, ..config }
}

#[test]
fn every_method_names_the_state_and_repeats_the_number() {
    for method in methods() {
        let config = AgentConfig::of(with(sparse(method), 12_800));
        let (agent, mean) = learn(&config, "Identity-v0", 4, 12_800, 10);
        assert_eq!(mean, 100.0, "{config:?}");
        as_planned(&config, &*agent, "Identity-v0", 4, 12_800);
        // A random agent gets −67 here.
        let (agent, mean) = learn(&config, "IdentityBox-v0", 4, 12_800, 10);
        assert!(mean > -1.0, "{mean} {config:?}");
        as_planned(&config, &*agent, "IdentityBox-v0", 4, 12_800);
    }
}

#[test]
fn every_switch_learns_too() {
    let small = || small(12_800);
    let switches = [
        PpoConfig { normalize_observations: false, ..small() },
        PpoConfig { normalize_rewards: false, ..small() },
        PpoConfig { normalize_advantages: false, ..small() },
        PpoConfig { decay_env_steps: None, ..small() },
        PpoConfig { value_clip: Some(0.2), ..small() },
        PpoConfig { entropy_coef: 1e-3, ..small() },
        PpoConfig { discount: 0.5, gae_lambda: 0.5, ..small() },
        PpoConfig { minibatch_size: 100, ..small() },
        // Leaves a last minibatch of one row.
        PpoConfig { minibatch_size: 255, ..small() },
        PpoConfig { initial_std: 0.8, clip: 0.1, value_coef: 1.0, ..small() },
        PpoConfig {
            actor_activation: Activation::Relu,
            critic_activation: Activation::Tanh,
            ..small()
        },
        PpoConfig { actor_hidden: vec![48], critic_hidden: vec![16, 16, 16], ..small() },
        PpoConfig {
            optimizer: OptimizerConfig { clip_norm: ClipNorm::Dense, ..small().optimizer },
            ..with(sparse(methods()[2].clone()), 12_800)
        },
        PpoConfig {
            optimizer: OptimizerConfig {
                rule: Rule::Sgd { momentum: 0.9 },
                learning_rate: 0.03,
                ..small().optimizer
            },
            ..small()
        },
        PpoConfig { critic_sparsity: SparsityConfig::dense(), ..with(sparse(fixed()), 12_800) },
    ];
    for config in switches {
        let tasks = [("Identity-v0", 95.0), ("IdentityBox-v0", -2.0), ("Recall-v0", 94.0)];
        for (env, enough) in tasks {
            let (_, mean) = learn(&AgentConfig::of(config.clone()), env, 4, 12_800, 10);
            assert!(mean >= enough, "{env}: {mean} {config:?}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_training() {
    let config = AgentConfig::of(with(sparse(methods()[3].clone()), 3000));
    let first = trace(&config, "CartPole-v1", 3000);
    assert_eq!(first, trace(&config, "CartPole-v1", 3000));
    assert_ne!(first, trace(&config, "CartPole-v1", 2700));
    for tag in [
        "losses/kl",
        "losses/clip_fraction",
        "train/learning_rate",
        "train/entropy",
        "sparsity/actor/hidden.1/grown",
        "sparsity/critic/head/density",
    ] {
        assert!(first.0.iter().any(|(name, _)| name == tag), "{tag}: {:?}", first.0);
    }
    let continuous = trace(&config, "Pendulum-v1", 3000);
    assert!(continuous.0.iter().any(|(name, _)| name == "train/action_std"));
}

#[test]
fn a_rollout_that_the_end_cuts_trains_nothing_and_is_not_planned() {
    let config = AgentConfig::of(small(1000));
    let (agent, _) = learn(&config, "Identity-v0", 4, 1000, 1);
    // 250 steps of each environment are three rollouts of 64, with 8 · 256/64 gradient steps each.
    assert_eq!(agent.clock().gradient_steps, 96);
    as_planned(&config, &*agent, "Identity-v0", 4, 1000);
}

/// The games of MinAtar, whose images the actor and the critic read by a convolution each.
#[test]
fn minatar_is_played_from_its_images() {
    let sparsity = sparse(methods()[3].clone());
    let network = Some(NetworkConfig::from(Minatar { width: 0.5 }));
    let config = PpoConfig { network, ..with(sparsity, 2_560) };
    let config = AgentConfig::of(config);
    let (agent, _) = learn(&config, "MinAtar/Breakout-v1", 8, 2_560, 2);
    as_planned(&config, &*agent, "MinAtar/Breakout-v1", 8, 2_560);
    let names: Vec<String> =
        agent.summaries()[1].layers.iter().map(|layer| layer.name.clone()).collect();
    assert_eq!(names, ["conv.0", "hidden.0", "head"]);
}

#[test]
fn what_cannot_be_is_refused() {
    let sparsity = SparsityConfig { sparsity: 0.9999, ..sparse(fixed()) };
    let config = AgentConfig::of(with(sparsity, 1000));
    let error = config.build(&spec("CartPole-v1").unwrap(), 1, &Seed::new(1)).err().unwrap();
    let empty = |misfit: &Misfit| matches!(misfit, Misfit::Empty { is_own: false, .. });
    assert!(matches!(&error, AgentError::Sparsity { misfit, .. } if empty(misfit)), "{error}");
}
