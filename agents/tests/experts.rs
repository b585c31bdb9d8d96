//! Blocks of experts in agents: every router learns, logs and is measured; nothing of it can be laid open.

use crate::common::*;
use serde::{Deserialize, Serialize};
use sparring_agents::diagnostics::{Diagnosis, Diagnostics};
use sparring_agents::networks::ExpertKeys;
use sparring_agents::networks::experts::{RouterName, TokensOf};
use sparring_agents::networks::minatar::Minatar;
use sparring_agents::{
    AgentConfig, DqnConfig, Epsilon, Extent, Metric, NetworkConfig, PpoConfig, RunLength,
    SacConfig, Temperature,
};
use sparring_envs::{Action, Env, EnvError, EnvRng, EnvSpec, ObsMut, Space, Step, maker, spec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::routing::{Way, s_base, top_k};
use sparring_sparse::{OptimizerConfig, ROUTERS, Router, RouterRow, Seed};

fn experts(row: &'static RouterRow) -> ExpertKeys {
    let router = RouterName(Router::of(row));
    let tokens = match row.way {
        Way::Mixes => TokensOf::Pixels,
        Way::Chooses { .. } | Way::Hashes => TokensOf::Batch,
    };
    ExpertKeys { count: 4, router, hidden: 16, tokens, ..ExpertKeys::default() }
}

fn dqn(network: NetworkConfig, sparsity: SparsityConfig) -> DqnConfig {
    DqnConfig {
        network,
        sparsity,
        batch_size: 32,
        replay_capacity: 2000,
        warmup_env_steps: 200,
        discount: 0.0,
        epsilon: Epsilon { end: 0.1, decay_env_steps: 1000, eval: 0.0, ..Epsilon::default() },
        ..DqnConfig::paper()
    }
}

/// Identity-v0 with images: the state is the plane that is lit.
#[derive(Debug, Default)]
struct Planes {
    rng: Option<EnvRng>,
    shown: u32,
}

const SIDE: usize = 4;

impl Planes {
    fn spec() -> EnvSpec {
        let obs = Space::uniform(&[4, SIDE, SIDE], 0.0, 1.0);
        EnvSpec::new(obs, Space::Discrete { n: 4 }, maker(|| Ok(Self::default()))).limit(100)
    }

    fn draw(&mut self, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let rng = self.rng.as_mut().ok_or(EnvError::ResetNeeded)?;
        self.shown = rng.integers(4);
        let obs = obs.floats(4 * SIDE * SIDE)?;
        obs.fill(0.0);
        obs[self.shown as usize * SIDE * SIDE..][..SIDE * SIDE].fill(1.0);
        Ok(())
    }
}

impl Env for Planes {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        if let Some(seed) = seed {
            self.rng = Some(EnvRng::new(seed));
        }
        self.draw(obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let reward = if action.discrete(4)? == self.shown { 1.0 } else { 0.0 };
        self.draw(obs)?;
        Ok(Step { reward, end: None })
    }

    /// Nobody asks for it here.
    fn save(&self) -> Result<Vec<u8>, EnvError> {
        Err(EnvError::ResetNeeded)
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Err(EnvError::ResetNeeded)
    }
}

/// Samples as tokens with half of the experts' weights by RigL, and pixels; hashes are of what is seen.
#[test]
fn every_router_solves_the_identity_env() {
    for row in ROUTERS {
        let own = experts(row);
        if own.tokens == TokensOf::Batch {
            for sparsity in [SparsityConfig::dense(), sparse(methods()[3].clone())] {
                let network = NetworkConfig::mlp(&[32]).with_experts(own);
                let config = AgentConfig::of(dqn(network, sparsity));
                let (agent, mean) = learn(&config, "Identity-v0", 1, 2000, 10);
                assert!(mean >= 95.0, "{row:?} {mean}");
                as_planned(&config, &*agent, "Identity-v0", 1, 2000);
            }
        }
        let pixels = ExpertKeys { tokens: TokensOf::Pixels, ..own };
        let network = NetworkConfig::from(Minatar { width: 0.5 }).with_experts(pixels);
        let config = AgentConfig::of(dqn(network, SparsityConfig::dense()));
        let (_, mean) = learn_on(&config, &Planes::spec(), 1, 2000, 10);
        assert!(mean >= 95.0, "{row:?} pixels: {mean}");
    }
}

#[test]
fn ppo_and_sac_learn_with_experts() {
    let network = || Some(NetworkConfig::mlp(&[32]).with_experts(experts(&s_base::ROW)));
    let ppo = PpoConfig {
        network: network(),
        optimizer: OptimizerConfig::adam(3e-3),
        rollout_steps: 64,
        minibatch_size: 64,
        discount: 0.0,
        ..PpoConfig::paper(12_000)
    };
    let (_, mean) = learn(&AgentConfig::of(ppo), "Identity-v0", 4, 12_000, 10);
    assert!(mean >= 90.0, "{mean}");
    let sac = SacConfig {
        network: network(),
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
    };
    let (agent, mean) = learn(&AgentConfig::of(sac), "IdentityBox-v0", 1, 2500, 5);
    assert!(mean >= -5.0, "{mean}");
    assert_eq!(agent.networks().len(), 3);
}

fn value(metrics: &[Metric], tag: &str) -> f64 {
    let found = metrics.iter().find(|metric| metric.tag == tag);
    found.unwrap_or_else(|| panic!("no {tag} in {metrics:?}")).value
}

#[test]
fn loads_are_logged_and_dormant_units_counted_in_each_expert() {
    let network = NetworkConfig::mlp(&[16]).with_experts(experts(&top_k::ROW));
    let config = AgentConfig::of(dqn(network, SparsityConfig::dense()));
    let (mut agent, _) = learn(&config, "Identity-v0", 1, 400, 1);
    let mut out = Vec::new();
    agent.drain_metrics(Extent::Changes, &mut out);
    let of = |what: &str| value(&out, &format!("routing/q/hidden.0/{what}"));
    let loads: f64 = (0..4).map(|e| of(&format!("load.{e}"))).sum();
    assert!((loads - 1.0).abs() < 1e-9);
    assert!((0.0..1.0).contains(&of("dropped")) && of("entropy") > 0.0 && of("importance") >= 0.0);
    assert_eq!(of("shifted"), 0.0);
    out.clear();
    agent.drain_metrics(Extent::Changes, &mut out);
    assert!(out.iter().all(|metric| !metric.tag.starts_with("routing/")), "nothing was done since");
    let diagnosis = Diagnosis::new(Diagnostics::all(), &*agent, Seed::new(1));
    let found = diagnosis.measure(&*agent, 400).unwrap().unwrap().metrics;
    for expert in 0..4 {
        let tag = format!("network/q/hidden.0.expert.{expert}.dense.0/dormant");
        assert!((0.0..=1.0).contains(&value(&found, &tag)));
    }
    assert!(value(&found, "network/q/effective_rank") > 0.0);
    let refused = agent.policy_view().unwrap_err().to_string();
    assert!(refused.contains("block of experts behind layer `hidden.0`"), "{refused}");
}

/// What a batch reads of `network` as the model has it, where nothing is dropped.
#[test]
fn plans_count_what_is_routed() {
    let of = |experts: Option<ExpertKeys>| {
        let network = NetworkConfig::mlp(&[32]);
        let network = match experts {
            Some(experts) => network.with_experts(experts),
            None => network,
        };
        let config = AgentConfig::of(dqn(network, SparsityConfig::dense()));
        let estimate =
            config.estimate(&spec("Identity-v0").unwrap(), &RunLength::of(1000, 1)).unwrap();
        let layers = &estimate.networks[0].layers;
        let flops: u64 = layers.iter().map(|layer| layer.cost.forward_flops()).sum();
        (flops, layers.iter().map(|layer| layer.cost.parameters()).sum::<u64>())
    };
    let (plain, top1) = (of(None), of(Some(experts(&top_k::ROW))));
    let one_expert = [2 * 32 * 16 + 16, 2 * 16 * 32 + 32];
    let router = 2 * 32 * 4 + 4;
    assert_eq!(top1.0 - plain.0, one_expert.iter().sum::<u64>() + router);
    assert_eq!(top1.1 - plain.1, 4 * (32 * 16 + 16 + 16 * 32 + 32) + 32 * 4 + 4);
    let two = ExpertKeys { k: 2, ..experts(&top_k::ROW) };
    assert_eq!(of(Some(two)).0 - top1.0, one_expert.iter().sum::<u64>());
}

/// A section in a config and back.
#[test]
fn keys_come_back() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Section {
        network: NetworkConfig,
    }
    let text = r#"{"network": {"kind": "minatar", "experts": {"router": "soft", "tokens": "pixels", "count": 3}}}"#;
    let section: Section = serde_json::from_str(text).unwrap();
    let experts = section.network.experts().unwrap();
    assert_eq!((experts.count, experts.hidden, experts.tokens), (3, 64, TokensOf::Pixels));
    let again = serde_json::from_str(&serde_json::to_string(&section).unwrap()).unwrap();
    assert_eq!(section, again);
    let unknown = r#"{"network": {"kind": "mlp", "experts": {"router": "best"}}}"#;
    let error = serde_json::from_str::<Section>(unknown).unwrap_err().to_string();
    assert!(error.contains("unknown router best"), "{error}");
}
