//! What an agent takes stays within what its estimate says. One test alone, because it counts for the
//! whole process.

#![allow(clippy::unwrap_used)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Decay, DropGrow, at, dense, fixed, pruning, rigl, set, snfs, snip, sparse, top_kast};
use sparring_agents::networks::bro::Bro;
use sparring_agents::networks::impala::Impala;
use sparring_agents::networks::minatar::Minatar;
use sparring_agents::networks::nature::NatureCnn;
use sparring_agents::networks::simba::Simba;
use sparring_agents::{
    AgentConfig, DqnConfig, EnvRows, Mode, NetworkConfig, PpoConfig, RunLength, SacConfig,
};
use sparring_envs::{Batch, End, EnvSpec, Obs, Row, Space, VectorConfig, VectorEnv, spec};
use sparring_sparse::config::*;
use sparring_sparse::{ClipNorm, OptimizerConfig, Rule, Seed};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(size: usize) {
    let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: every call is handed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller keeps the contract of GlobalAlloc::alloc.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of GlobalAlloc::dealloc.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The peak of an agent from its making to the end of a short training.
fn peak(config: &AgentConfig, env: &str) -> usize {
    let spec = &spec(env).unwrap();
    let vector = VectorConfig { num_envs: 1, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(spec, &[1], &vector).unwrap();
    let start = LIVE.load(Ordering::Relaxed);
    PEAK.store(start, Ordering::Relaxed);
    let mut agent = config.build(spec, 1, &Seed::new(1)).unwrap();
    let mut rows = EnvRows::new(1);
    for _ in 0..70 {
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train).unwrap();
        let batch = envs.step(actions).unwrap();
        agent.learn(&batch).unwrap();
        rows.follow(&batch);
    }
    PEAK.load(Ordering::Relaxed) - start
}

/// As [`peak`], of an agent that is shown one image again and again.
fn peak_of_images(config: &AgentConfig, spec: &EnvSpec) -> usize {
    let image = vec![100; spec.obs.dim()];
    let start = LIVE.load(Ordering::Relaxed);
    PEAK.store(start, Ordering::Relaxed);
    let mut agent = config.build(spec, 1, &Seed::new(1)).unwrap();
    let rows = EnvRows::new(1);
    for _ in 0..40 {
        agent.act(rows.observations(Obs::U8(&image)), Mode::Train).unwrap();
        let [obs, next] = [Obs::U8(&image); 2];
        let (reward, row) = (&[1.0], &[Row::End(End::Terminated)]);
        agent.learn(&Batch { envs: &[0], obs, next, reward, row, finished: &[] }).unwrap();
    }
    PEAK.load(Ordering::Relaxed) - start
}

/// What networks over images take, whose activations are most of it.
fn images_take_no_more_than_estimated(sparsity: &SparsityConfig, optimizer: OptimizerConfig) {
    for (network, size, batch_size) in [
        (NetworkConfig::from(NatureCnn { width: 1.0 }), 84, 8),
        (NetworkConfig::from(NatureCnn { width: 1.0 }), 10, 1),
        (NetworkConfig::from(Impala { width: 0.5 }), 40, 10),
        (NetworkConfig::from(Minatar { width: 1.0 }), 10, 32),
    ] {
        let obs = Space::bytes(&[4, size, size]);
        let spec = EnvSpec { obs, ..spec("CartPole-v1").unwrap() };
        let dqn = AgentConfig::of(DqnConfig {
            network: network.clone(),
            sparsity: sparsity.clone(),
            optimizer,
            batch_size,
            replay_capacity: 40,
            warmup_env_steps: 33,
            ..DqnConfig::paper()
        });
        let ppo = AgentConfig::of(PpoConfig {
            network: Some(network.clone()),
            actor_sparsity: sparsity.clone(),
            critic_sparsity: sparsity.clone(),
            optimizer,
            rollout_steps: 20,
            epochs: 1,
            minibatch_size: batch_size.min(20),
            ..PpoConfig::paper(40)
        });
        let sac = AgentConfig::of(SacConfig {
            network: Some(network),
            actor_sparsity: sparsity.clone(),
            critic_sparsity: sparsity.clone(),
            optimizer,
            batch_size,
            replay_capacity: 40,
            warmup_env_steps: 33,
            ..SacConfig::paper()
        });
        let action = Space::uniform(&[2], -1.0, 1.0);
        let points = EnvSpec { action, ..spec.clone() };
        for (config, spec) in [(&dqn, &spec), (&ppo, &spec), (&sac, &points)] {
            let estimate = config.estimate(spec, &RunLength::of(40, 1)).unwrap();
            let estimated = (estimate.network_bytes + estimate.memory_bytes) as usize;
            let (peak, small) = (peak_of_images(config, spec), 20_000);
            assert!(peak <= estimated + small, "{config:?}: {peak} of {estimated}");
            assert!(estimated <= 3 * peak, "{config:?}: {peak} of {estimated}");
        }
    }
}

#[test]
fn no_method_takes_more_than_estimated() {
    let schedule = DropGrow {
        update_every_gradient_steps: 5,
        update_until: at(40),
        drop_fraction: 0.5,
        drop_schedule: Decay::Constant,
        ..DropGrow::default()
    };
    let methods = [
        dense(),
        fixed(),
        set(schedule.clone()),
        rigl(schedule.clone()),
        snfs(schedule),
        pruning(5, 55, 1),
        snip(),
        top_kast(5, 0.8, 0.0),
    ];
    let adam = OptimizerConfig::adam(1e-3);
    let optimizers = [
        adam,
        OptimizerConfig { rule: Rule::Sgd { momentum: 0.9 }, ..adam },
        OptimizerConfig { max_grad_norm: Some(1.0), clip_norm: ClipNorm::Dense, ..adam },
    ];
    for method in methods {
        for optimizer in optimizers {
            let sparsity = SparsityConfig { sparsity: 0.9, ..sparse(method.clone()) };
            if optimizer == adam {
                images_take_no_more_than_estimated(&sparsity, optimizer);
            }
            for (env, config) in agents(&sparsity, optimizer) {
                let estimate = config.estimate(&spec(env).unwrap(), &RunLength::of(70, 1)).unwrap();
                let estimated = (estimate.network_bytes + estimate.memory_bytes) as usize;
                // What is small whatever the network's size.
                let (peak, small) = (peak(&config, env), 20_000);
                assert!(peak <= estimated + small, "{config:?}: {peak} of {estimated}");
                assert!(estimated <= 3 * peak, "{config:?}: {peak} of {estimated}");
            }
        }
    }
}

/// Each agent with the sparsity and the optimiser, on an env that it plays; 60 gradient steps in 70
/// environment steps.
fn agents(
    sparsity: &SparsityConfig,
    optimizer: OptimizerConfig,
) -> [(&'static str, AgentConfig); 5] {
    let dqn = DqnConfig {
        sparsity: sparsity.clone(),
        optimizer,
        batch_size: 2,
        replay_capacity: 100,
        warmup_env_steps: 10,
        ..DqnConfig::paper()
    };
    let sac = SacConfig {
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity.clone(),
        optimizer,
        batch_size: 2,
        replay_capacity: 100,
        warmup_env_steps: 10,
        ..SacConfig::paper()
    };
    let normed = SacConfig {
        actor_network: Some(Bro { hidden: 128, ..Bro::default() }.into()),
        critic_network: Some(Simba { hidden: 96, ..Simba::default() }.into()),
        batch_size: 20,
        warmup_env_steps: 20,
        ..sac.clone()
    };
    let ppo = PpoConfig {
        actor_hidden: vec![256, 256],
        critic_hidden: vec![256, 256],
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity.clone(),
        optimizer,
        rollout_steps: 35,
        epochs: 5,
        minibatch_size: 6,
        ..PpoConfig::paper(70)
    };
    [
        ("CartPole-v1", AgentConfig::of(dqn.clone())),
        ("Recall-v0", AgentConfig::of(dqn)),
        ("Pendulum-v1", AgentConfig::of(sac)),
        ("Pendulum-v1", AgentConfig::of(normed)),
        ("Pendulum-v1", AgentConfig::of(ppo)),
    ]
}
