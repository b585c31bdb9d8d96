//! Diagnostics of agents in training: what each is measured by, and that it goes on as if it were not.

use std::collections::BTreeMap;

use crate::common::{Decay, DropGrow, at, learn, set, sparse};
use sparring_agents::diagnostics::{Findings, Form};
use sparring_agents::networks::NetworkConfig;
use sparring_agents::{
    Agent, AgentConfig, Diagnosis, Diagnostics, DqnConfig, PpoConfig, SacConfig,
};
use sparring_envs::spec;
use sparring_sparse::Seed;
use sparring_sparse::config::*;

/// Of the agent that `config` builds, after it has trained for `steps`.
fn measured(
    config: &AgentConfig,
    env: &str,
    steps: u64,
    what: Diagnostics,
) -> (Box<dyn Agent>, BTreeMap<String, f64>) {
    let spec = spec(env).unwrap();
    let fresh = config.build(&spec, 2, &Seed::new(1).child("agent")).unwrap();
    let diagnosis = Diagnosis::new(what, &*fresh, Seed::new(7));
    assert!(diagnosis.measure(&*fresh, 0).unwrap().is_none(), "there is no batch yet");
    let (agent, _) = learn(config, env, 2, steps, 1);
    let Findings { metrics, took } = diagnosis.measure(&*agent, steps).unwrap().unwrap();
    assert!(took.iter().all(|(_, took)| took.as_nanos() > 0));
    let found: BTreeMap<_, _> =
        metrics.into_iter().map(|metric| (metric.tag, metric.value)).collect();
    assert!(found.values().all(|value| value.is_finite()), "{found:?}");
    (agent, found)
}

fn rewired() -> SparsityConfig {
    sparse(set(DropGrow {
        update_every_gradient_steps: 20,
        update_until: at(10_000),
        drop_fraction: 0.5,
        drop_schedule: Decay::Constant,
        ..DropGrow::default()
    }))
}

fn dqn() -> DqnConfig {
    DqnConfig {
        network: NetworkConfig::mlp(&[24, 16]),
        batch_size: 32,
        warmup_env_steps: 50,
        replay_capacity: 1000,
        sparsity: rewired(),
        ..DqnConfig::paper()
    }
}

#[test]
fn dqn_is_measured_by_its_values() {
    let (agent, found) = measured(&AgentConfig::of(dqn()), "CartPole-v1", 400, Diagnostics::all());
    let at = |tag: &str| found[&format!("network/q/{tag}")];
    for form in ["active", "dense"] {
        assert!(at(&format!("snr_{form}")) > 0.0 && at(&format!("snr_{form}_std")) > 0.0);
    }
    assert_ne!(at("snr_active"), at("snr_dense"));
    // The dense gradient has all that the active one has, and more.
    let trace = |form: &str| at(&format!("noise_scale_{form}_trace"));
    assert!(trace("dense") > trace("active") && trace("active") > 0.0);
    if let Some(scale) = found.get("network/q/noise_scale_active") {
        assert!((scale - trace("active") / at("noise_scale_active_signal")).abs() < 1e-9 * scale);
    }
    assert!(at("q_variance") > 0.0);
    let rank = at("effective_rank");
    assert!((1.0..=16.0).contains(&rank) && rank.fract() == 0.0, "{rank}");
    let layers = ["hidden.0", "hidden.1"].map(|layer| at(&format!("{layer}/dormant")));
    assert!((at("dormant") - (24.0 * layers[0] + 16.0 * layers[1]) / 40.0).abs() < 1e-12);
    assert!(
        !found.contains_key("network/q/head/dormant") && !found.contains_key("network/q/entropy")
    );

    // The square of the whole is the sum of the squares of weights and biases.
    let network = agent.networks()[0].network();
    let params: Vec<f32> = network.params().to_vec1().unwrap();
    let square: f64 = params.iter().map(|w| f64::from(*w).powi(2)).sum();
    assert!((at("parameter_norm") - square.sqrt()).abs() < 1e-9);
    let weights: f64 = ["hidden.0", "hidden.1", "head"]
        .map(|l| at(&format!("{l}/weight_norm")).powi(2))
        .iter()
        .sum();
    assert!(weights < square && weights > 0.5 * square);

    // Half of each layer is drawn anew every 20 steps, and it stays as large.
    let drift = at("hidden.1/drift");
    assert!((0.2..0.9).contains(&drift), "{drift}");
    assert!((at("hidden.1/jaccard") - (1.0 - drift) / (1.0 + drift)).abs() < 1e-9);
}

#[test]
fn errors_on_what_is_held_out_stand_beside_those_of_training() {
    let errors = |found: &BTreeMap<String, f64>, network: &str| {
        ["training", "held_out"]
            .map(|of| found.get(&format!("network/{network}/td_error_{of}")).copied())
    };
    let sac = || SacConfig {
        actor_hidden: vec![16],
        critic_hidden: vec![16],
        batch_size: 16,
        warmup_env_steps: 50,
        replay_capacity: 1000,
        ..SacConfig::paper()
    };
    let measured = |config: AgentConfig, env, steps| {
        measured(&config, env, steps, Diagnostics { batch: Some(64), ..Diagnostics::all() }).1
    };
    let found = measured(AgentConfig::of(dqn()), "CartPole-v1", 400);
    assert_eq!(errors(&found, "q"), [None, None]);
    let apart = DqnConfig { held_out_episodes: 0.3, ..dqn() };
    let of_dqn = errors(&measured(AgentConfig::of(apart), "CartPole-v1", 400), "q");
    let apart = SacConfig { held_out_episodes: 0.3, ..sac() };
    let found = measured(AgentConfig::of(apart), "Pendulum-v1", 900);
    let of_sac = ["critic.1", "critic.2"].map(|critic| errors(&found, critic));
    assert_ne!(of_sac[0], of_sac[1]);
    for errors in [of_dqn].into_iter().chain(of_sac) {
        let [Some(training), Some(held_out)] = errors else { unreachable!("{errors:?}") };
        assert!(training > 0.0 && held_out > 0.0 && training != held_out, "{errors:?}");
    }
    assert_eq!(errors(&found, "actor"), [None, None]);
}

#[test]
fn sac_and_ppo_are_measured_network_by_network() {
    let sac = SacConfig {
        actor_hidden: vec![16],
        critic_hidden: vec![16],
        batch_size: 16,
        warmup_env_steps: 50,
        replay_capacity: 1000,
        actor_sparsity: rewired(),
        critic_sparsity: rewired(),
        ..SacConfig::paper()
    };
    let (_, found) = measured(&AgentConfig::of(sac), "Pendulum-v1", 300, Diagnostics::all());
    for (network, tags) in [
        (
            "actor",
            &["snr_active", "snr_dense", "effective_rank", "dormant", "entropy", "drift"][..],
        ),
        ("critic.1", &["snr_active", "snr_dense", "q_mean", "q_variance", "parameter_norm"]),
        ("critic.2", &["snr_active", "q_mean", "jaccard"]),
    ] {
        for tag in tags {
            assert!(found.contains_key(&format!("network/{network}/{tag}")), "{network} {tag}");
        }
    }
    assert!(!found.contains_key("network/critic.1/entropy"));
    assert!(!found.contains_key("network/actor/q_mean"));

    for env in ["CartPole-v1", "Pendulum-v1"] {
        let ppo = PpoConfig {
            actor_hidden: vec![16],
            critic_hidden: vec![16],
            rollout_steps: 64,
            minibatch_size: 32,
            epochs: 2,
            actor_sparsity: rewired(),
            critic_sparsity: rewired(),
            ..PpoConfig::paper(1000)
        };
        let config = AgentConfig::of(ppo);
        let (agent, found) = measured(&config, env, 2 * 64 * 3, Diagnostics::all());
        for tag in ["actor/snr_active", "actor/entropy", "critic/snr_dense", "critic/v_mean"] {
            assert!(found.contains_key(&format!("network/{tag}")), "{tag}");
        }
        // Two actions have an entropy of at most log 2.
        if env == "CartPole-v1" {
            assert!((0.0..=2f64.ln() + 1e-6).contains(&found["network/actor/entropy"]));
        }
        // A rollout that is being filled has no advantages yet.
        let (filling, _) = learn(&config, env, 2, 2 * 64 * 3 + 2, 1);
        let diagnosis = Diagnosis::new(Diagnostics::all(), &*agent, Seed::new(7));
        assert!(diagnosis.measure(&*filling, 1).unwrap().is_none());
    }
}

#[test]
fn what_is_switched_off_is_not_measured() {
    let nothing = Diagnostics {
        snr: Vec::new(),
        noise_scale: Vec::new(),
        q: false,
        td_error: false,
        norms: false,
        effective_rank: false,
        dormant: false,
        entropy: false,
        drift: false,
        ..Diagnostics::all()
    };
    let of = |what| measured(&AgentConfig::of(dqn()), "CartPole-v1", 100, what).1;
    assert!(of(nothing.clone()).is_empty());
    let tags = |what| of(what).into_keys().collect::<Vec<_>>();
    let rank = Diagnostics { effective_rank: true, ..nothing.clone() };
    assert_eq!(tags(rank), ["network/q/effective_rank"]);
    let noise = Diagnostics { noise_scale: vec![Form::Active], ..nothing.clone() };
    let tags_of_noise = ["", "_signal", "_trace", "_two_batches"];
    let allowed = tags_of_noise.map(|of| format!("network/q/noise_scale_active{of}"));
    assert!(tags(noise).iter().all(|tag| allowed.contains(tag)));
    let q = Diagnostics { q: true, ..nothing };
    assert_eq!(tags(q), ["network/q/q_mean", "network/q/q_variance"]);
}

#[test]
fn a_measurement_counts_no_operation_and_repeats_itself() {
    let (agent, _) = learn(&AgentConfig::of(dqn()), "CartPole-v1", 2, 200, 1);
    let diagnosis = Diagnosis::new(Diagnostics::all(), &*agent, Seed::new(7));
    let before = agent.executed();
    let measure = |at| diagnosis.measure(&*agent, at).unwrap().unwrap().metrics;
    let first = measure(200);
    assert_eq!(first, measure(200));
    assert_ne!(first, measure(201), "another batch");
    assert_eq!(agent.executed(), before);
}
