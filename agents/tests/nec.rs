//! Neural episodic control learns, dense and sparse, and stays within its memory.

use crate::common::{self, as_planned, learn, methods, sparse, trace};
use sparring_agents::{AgentConfig, Epsilon, Extent, NecConfig, NetworkConfig};
use sparring_envs::spec;
use sparring_sparse::Seed;
use sparring_sparse::config::SparsityConfig;

fn config(sparsity: SparsityConfig) -> NecConfig {
    NecConfig {
        network: NetworkConfig::mlp(&[32]),
        sparsity,
        key_size: 4,
        memory_capacity: 200,
        neighbours: 8,
        n_step: 1,
        discount: 0.0,
        warmup_env_steps: 100,
        replay_capacity: 2_000,
        epsilon: Epsilon { start: 1.0, end: 0.1, decay_env_steps: 600, eval: 0.0 },
        ..NecConfig::default()
    }
}

#[test]
fn it_names_what_it_is_shown_with_every_method() {
    for method in methods() {
        let sparsity = match method.row().is_sparse {
            true => sparse(method),
            false => SparsityConfig::dense(),
        };
        let config = AgentConfig::of(config(sparsity));
        let (mut agent, mean) = learn(&config, "Identity-v0", 2, 1_600, 3);
        // A random agent gets 25, the best 100.
        assert!(mean >= 90.0, "{mean} {config:?}");
        let mut metrics = Vec::new();
        agent.drain_metrics(Extent::Whole, &mut metrics);
        let of = |tag: &str| metrics.iter().find(|metric| metric.tag == tag).unwrap().value;
        assert!((100.0..=800.0).contains(&of("train/memory_size")));
        assert!(of("losses/td").is_finite());
    }
}

#[test]
fn it_is_as_planned_and_the_same_again() {
    let config = AgentConfig::of(config(sparse(common::fixed())));
    let (agent, _) = learn(&config, "CartPole-v1", 2, 400, 1);
    as_planned(&config, &*agent, "CartPole-v1", 2, 400);
    let [one, other] = [(); 2].map(|()| trace(&config, "CartPole-v1", 600));
    assert_eq!(one, other);
}

#[test]
fn boxes_of_actions_are_refused() {
    let config = AgentConfig::of(config(SparsityConfig::dense()));
    let error = config.build(&spec("Pendulum-v1").unwrap(), 1, &Seed::new(1)).err().unwrap();
    assert!(error.to_string().contains("discrete actions"), "{error}");
}
