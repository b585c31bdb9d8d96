//! An agent as a training loop meets it, for the tests of all agents.
#![allow(dead_code, reason = "the test of memory uses a part")]

use std::collections::BTreeMap;

use sparring_agents::{Agent, AgentConfig, EnvRows, Extent, Mode, RunLength};
use sparring_envs::{EnvSpec, VectorConfig, VectorEnv, spec};
use sparring_sparse::config::*;
use sparring_sparse::methods::dense::Dense;
use sparring_sparse::methods::pruning::Pruning;
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::methods::set::Set;
use sparring_sparse::methods::snfs::Snfs;
use sparring_sparse::methods::snip::Snip;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::methods::top_kast::TopKast;
#[allow(unused_imports, reason = "the test of memory uses a part")]
pub use sparring_sparse::methods::{Decay, DropGrow, MethodChoice, Order};
use sparring_sparse::{Compute, Seed};

/// Gradient steps of the run that all times are fractions of.
pub const RUN: u64 = 1_000_000;

/// The fraction of the run at which `step` is.
pub fn at(step: u64) -> f64 {
    step as f64 / RUN as f64
}

pub fn dense() -> MethodChoice {
    Dense {}.into()
}

pub fn fixed() -> MethodChoice {
    Static {}.into()
}

pub fn snip() -> MethodChoice {
    Snip {}.into()
}

pub fn set(schedule: DropGrow) -> MethodChoice {
    Set { schedule }.into()
}

pub fn rigl(schedule: DropGrow) -> MethodChoice {
    Rigl { schedule, ..Rigl::default() }.into()
}

pub fn snfs(schedule: DropGrow) -> MethodChoice {
    Snfs { schedule, smoothing: 0.9 }.into()
}

/// Prunes from `start` to `end`, in gradient steps.
pub fn pruning(start: u64, end: u64, every: u64) -> MethodChoice {
    Pruning { prune_every_gradient_steps: every, prune_from: at(start), prune_until: at(end) }
        .into()
}

pub fn top_kast(every: u64, backward_sparsity: f64, exploration_penalty: f64) -> MethodChoice {
    TopKast {
        update_every_gradient_steps: every,
        backward_sparsity: Some(backward_sparsity),
        exploration_penalty,
    }
    .into()
}

pub fn is(method: &MethodChoice, name: &str) -> bool {
    method.row().name == name
}

pub fn drop_grow(every: u64) -> DropGrow {
    DropGrow { update_every_gradient_steps: every, update_until: 1.0, ..DropGrow::default() }
}

pub fn sparse(method: MethodChoice) -> SparsityConfig {
    SparsityConfig {
        method,
        gradient_steps: RUN,
        sparsity: 0.7,
        distribution: Distribution::Erk { power: 1.0 },
        pattern: Pattern::Unstructured,
        layers: BTreeMap::new(),
        sparsity_aware_init: true,
        compute: Compute::Sparse.into(),
    }
}

/// Every method, done with rewiring after 1,200 gradient steps.
pub fn methods() -> [MethodChoice; 8] {
    let drop_grow = DropGrow { update_until: at(1200), drop_fraction: 0.3, ..drop_grow(100) };
    [
        dense(),
        fixed(),
        set(drop_grow.clone()),
        rigl(drop_grow.clone()),
        snfs(drop_grow),
        snip(),
        top_kast(100, 0.5, 1e-4),
        pruning(300, 1200, 100),
    ]
}

/// Trains for `steps`, then plays `episodes` episodes on one env; gives their mean return.
pub fn learn(
    config: &AgentConfig,
    env: &str,
    num_envs: usize,
    steps: u64,
    episodes: usize,
) -> (Box<dyn Agent>, f64) {
    learn_on(config, &spec(env).unwrap(), num_envs, steps, episodes)
}

/// The same on an env that has no name.
pub fn learn_on(
    config: &AgentConfig,
    spec: &EnvSpec,
    num_envs: usize,
    steps: u64,
    episodes: usize,
) -> (Box<dyn Agent>, f64) {
    let seed = Seed::new(1);
    let vector = VectorConfig { num_envs, ..VectorConfig::default() };
    let seeds: Vec<u64> =
        (0..num_envs).map(|i| seed.child("env").child(&i.to_string()).value()).collect();
    let mut envs = VectorEnv::new(spec, &seeds, &vector).unwrap();
    let mut agent = config.build(spec, num_envs, &seed.child("agent")).unwrap();
    let mut rows = EnvRows::new(num_envs);
    for _ in 0..steps.div_ceil(num_envs as u64) {
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train).unwrap();
        let batch = envs.step(actions).unwrap();
        agent.learn(&batch).unwrap();
        rows.follow(&batch);
    }
    let mut eval = VectorEnv::new(spec, &[99], &VectorConfig { num_envs: 1, ..vector }).unwrap();
    let (mut rows, mut returns) = (EnvRows::new(1), Vec::new());
    while returns.len() < episodes {
        let actions = agent.act(rows.observations(eval.obs()), Mode::Eval).unwrap();
        let batch = eval.step(actions).unwrap();
        returns.extend(batch.finished.iter().map(|episode| episode.ret));
        rows.follow(&batch);
    }
    (agent, returns.iter().sum::<f64>() / returns.len() as f64)
}

/// What an agent reports, and how it plays, after a training.
pub fn trace(config: &AgentConfig, env: &str, steps: u64) -> (Vec<(String, u64)>, u64) {
    let (mut agent, mean) = learn(config, env, 3, steps, 3);
    let mut metrics = Vec::new();
    agent.drain_metrics(Extent::Whole, &mut metrics);
    (metrics.into_iter().map(|m| (m.tag, m.value.to_bits())).collect(), mean.to_bits())
}

/// The networks have the active weights that the plan promised.
pub fn as_planned(config: &AgentConfig, agent: &dyn Agent, env: &str, num_envs: usize, steps: u64) {
    let estimate = config.estimate(&spec(env).unwrap(), &RunLength::of(steps, num_envs)).unwrap();
    let of = |networks: &[sparring_agents::NetworkSummary]| -> Vec<(String, Vec<u64>)> {
        let active = |network: &sparring_agents::NetworkSummary| {
            network.layers.iter().map(|layer| layer.cost.active).collect()
        };
        networks.iter().map(|network| (network.name.clone(), active(network))).collect()
    };
    assert_eq!(of(&agent.summaries()), of(&estimate.networks), "{config:?}");
    assert_eq!(agent.clock().gradient_steps, estimate.gradient_steps, "{config:?}");
}
