//! An agent that is written down and read into another of the same choices, with another seed, goes on bit for
//! bit: what it does, what it learns, what it reports.

use std::ops::Range;

use crate::common::*;
use sparring_agents::networks::algebra::AlgebraName;
use sparring_agents::networks::experts::{RouterName, TokensOf};
use sparring_agents::networks::minatar::Minatar;
use sparring_agents::networks::{AlgebraKeys, ExpertKeys};
use sparring_agents::replay::{Replay, ReplayConfig};
use sparring_agents::{
    Agent, AgentConfig, Diagnosis, Diagnostics, DqnConfig, EnvRows, Extent, Metric, Mode,
    NetworkConfig, PpoConfig, Prioritized, SacConfig,
};
use sparring_envs::{Actions, Batch, End, EnvSpec, Obs, Row, Space, VectorConfig, VectorEnv, spec};
use sparring_sparse::algebra::{complex, dual, matrix2, quaternion};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::routing::{reinforce, s_base, soft, top_k};
use sparring_sparse::{Algebra, ClipNorm, OptimizerConfig, Router, Section, Seed};

const ENVS: usize = 3;
/// Vector steps after which a copy is made: in the warm-up, in the middle of a rollout and of a return of
/// several steps, before and after the memory is full.
const COPIES: [u64; 6] = [2, 9, 25, 40, 41, 66];
const STEPS: u64 = 88;

fn of_methods() -> [SparsityConfig; 5] {
    let schedule = DropGrow { drop_fraction: 0.3, ..drop_grow(7) };
    let methods = [
        dense(),
        rigl(schedule.clone()),
        snfs(schedule),
        pruning(5, 60, 4),
        top_kast(10, 0.5, 1e-4),
    ];
    methods.map(sparse)
}

fn optimizer() -> OptimizerConfig {
    OptimizerConfig {
        max_grad_norm: Some(0.5),
        clip_norm: ClipNorm::Dense,
        ..OptimizerConfig::adam(1e-3)
    }
}

fn dqn(sparsity: SparsityConfig) -> DqnConfig {
    DqnConfig {
        network: NetworkConfig::mlp(&[16, 16]),
        sparsity,
        optimizer: optimizer(),
        decay_gradient_steps: Some(200),
        batch_size: 8,
        replay_capacity: 100,
        warmup_env_steps: 20,
        train_every_env_steps: 3,
        target_every_gradient_steps: 5,
        n_step: 3,
        double_q: true,
        prioritized: Some(Prioritized { exponent: 0.6, importance: 0.4 }),
        ..DqnConfig::paper()
    }
}

fn sac(sparsity: SparsityConfig) -> SacConfig {
    SacConfig {
        actor_hidden: vec![16],
        critic_hidden: vec![16, 16],
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity,
        optimizer: optimizer(),
        batch_size: 8,
        replay_capacity: 100,
        warmup_env_steps: 20,
        warmup_hold_steps: 4,
        train_every_env_steps: 3,
        n_step: 2,
        ..SacConfig::paper()
    }
}

fn ppo(sparsity: SparsityConfig) -> PpoConfig {
    PpoConfig {
        actor_hidden: vec![16],
        critic_hidden: vec![16],
        actor_sparsity: sparsity.clone(),
        critic_sparsity: sparsity,
        optimizer: optimizer(),
        rollout_steps: 8,
        epochs: 2,
        minibatch_size: 10,
        ..PpoConfig::paper(STEPS * ENVS as u64)
    }
}

/// What was written down of a replay memory, bit by bit as a run goes on.
#[derive(Default)]
struct Pieces {
    end: u64,
    all: Vec<(u64, Vec<u8>)>,
}

impl Pieces {
    /// Writes down what is new, in pieces of a few rows, and drops what is no longer needed.
    fn follow(&mut self, replay: &Replay) -> Range<u64> {
        let rows = replay.rows();
        self.all.retain(|(end, _)| *end > rows.start);
        while self.end < rows.end {
            let start = self.end.max(rows.start);
            self.end = (start + 17).min(rows.end);
            self.all.push((self.end, replay.piece(start..self.end)));
        }
        rows
    }

    fn read(&self) -> impl Iterator<Item = std::io::Result<Vec<u8>>> {
        self.all.iter().map(|(_, piece)| Ok(piece.clone()))
    }
}

fn numbers(actions: Actions<'_>) -> Vec<u32> {
    match actions {
        Actions::Discrete(actions) => actions.to_vec(),
        Actions::Continuous(actions) => actions.iter().map(|a| a.to_bits()).collect(),
    }
}

fn bits(metrics: &[Metric]) -> Vec<(&str, u64)> {
    metrics.iter().map(|m| (m.tag.as_str(), m.value.to_bits())).collect()
}

fn state(agent: &dyn Agent) -> Vec<u8> {
    let mut section = Section::new(1);
    agent.save(&mut section).unwrap();
    section.to_bytes().unwrap()
}

struct Copied {
    at: u64,
    agent: Box<dyn Agent>,
    diagnosis: Diagnosis,
}

fn copy(
    at: u64,
    (agent, diagnosis): (&dyn Agent, &Diagnosis),
    pieces: &mut Pieces,
    (config, spec): (&AgentConfig, &EnvSpec),
) -> Copied {
    let seed = Seed::new(1000 + at);
    let mut other = config.build(spec, ENVS, &seed).unwrap();
    let of = diagnosis.what().clone();
    let mut copied = Diagnosis::new(of, &*other, Seed::new(5));
    other.load(&Section::from_bytes(&state(agent)).unwrap()).unwrap();
    let mut section = Section::new(1);
    diagnosis.save(&mut section).unwrap();
    copied.load(&section).unwrap();
    if let Some(replay) = agent.replay() {
        let holds = pieces.follow(replay);
        let restored = other.replay_mut().unwrap();
        assert!(restored.is_empty());
        restored.restore(holds.clone(), &mut pieces.read()).unwrap();
        assert_eq!((restored.rows(), restored.len()), (holds.clone(), replay.len()));
        assert_eq!(restored.piece(holds.clone()), replay.piece(holds));
    }
    assert_eq!(state(&*other), state(agent), "after {at} steps");
    assert_eq!(other.executed(), agent.executed());
    Copied { at, agent: other, diagnosis: copied }
}

fn goes_on(config: &AgentConfig, env: &str) {
    let spec = &spec(env).unwrap();
    goes_on_in(config, spec, spec);
}

/// In the env `played`, as an agent of `spec` sees it.
fn goes_on_in(config: &AgentConfig, played: &EnvSpec, spec: &EnvSpec) {
    let vector = VectorConfig { num_envs: ENVS, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(played, &[1, 2, 3], &vector).unwrap();
    let mut agent = config.build(spec, ENVS, &Seed::new(1)).unwrap();
    let what = Diagnostics { batch: Some(4), ..Diagnostics::all() };
    let diagnosis = Diagnosis::new(what, &*agent, Seed::new(5));
    let mut rows = EnvRows::new(ENVS);
    let (mut copies, mut pieces) = (Vec::<Copied>::new(), Pieces::default());
    let (name, env) = (config.row().name, spec.id);
    for t in 0..STEPS {
        if COPIES.contains(&t) {
            copies.push(copy(t, (&*agent, &diagnosis), &mut pieces, (config, spec)));
        }
        if t == 30 {
            let mut metrics = Vec::new();
            agent.drain_metrics(Extent::Changes, &mut metrics);
            copies.iter_mut().for_each(|c| c.agent.drain_metrics(Extent::Changes, &mut Vec::new()));
        }
        let seen = rows.observations(envs.obs());
        let mut chosen = numbers(agent.act(seen, Mode::Eval).unwrap());
        chosen.extend(numbers(agent.act(seen, Mode::Train).unwrap()));
        for copied in &mut copies {
            let mut also = numbers(copied.agent.act(seen, Mode::Eval).unwrap());
            also.extend(numbers(copied.agent.act(seen, Mode::Train).unwrap()));
            assert_eq!(also, chosen, "{name} on {env}: copied at {}, step {t}", copied.at);
        }
        // Again, for the borrow of the actions: what was chosen last is what counts.
        let actions = unpacked(&chosen[chosen.len() / 2..], played, spec);
        let batch = match &actions {
            Unpacked::Discrete(actions) => envs.step(Actions::Discrete(actions)).unwrap(),
            Unpacked::Continuous(actions) => envs.step(Actions::Continuous(actions)).unwrap(),
        };
        agent.learn(&batch).unwrap();
        copies.iter_mut().for_each(|copied| copied.agent.learn(&batch).unwrap());
        rows.follow(&batch);
    }
    assert!(agent.clock().gradient_steps > 20, "{:?}", agent.clock());
    let expected = state(&*agent);
    let measured = diagnosis.measure(&*agent, 1).unwrap().unwrap().metrics;
    let mut metrics = Vec::new();
    agent.drain_metrics(Extent::Changes, &mut metrics);
    for Copied { at, agent: mut copied, diagnosis } in copies {
        assert_eq!(state(&*copied), expected, "{name} on {env}: copied at {at}");
        assert_eq!(copied.executed(), agent.executed());
        let also = diagnosis.measure(&*copied, 1).unwrap().unwrap().metrics;
        assert_eq!(bits(&also), bits(&measured));
        let mut also = Vec::new();
        copied.drain_metrics(Extent::Changes, &mut also);
        assert_eq!(bits(&also), bits(&metrics));
    }
}

enum Unpacked {
    Discrete(Vec<u32>),
    Continuous(Vec<f32>),
}

/// A number is one of an env's choices by the sign that it has.
fn unpacked(chosen: &[u32], played: &EnvSpec, spec: &EnvSpec) -> Unpacked {
    let numbers = || chosen.iter().map(|bits| f32::from_bits(*bits));
    match (&spec.action, &played.action) {
        (Space::Discrete { .. }, _) => Unpacked::Discrete(chosen.to_vec()),
        (Space::Box { .. }, Space::Box { .. }) => Unpacked::Continuous(numbers().collect()),
        (Space::Box { .. }, Space::Discrete { .. }) => {
            Unpacked::Discrete(numbers().map(|number| u32::from(number > 0.0)).collect())
        }
    }
}

#[test]
fn dqn_goes_on() {
    for sparsity in of_methods() {
        goes_on(&AgentConfig::of(dqn(sparsity)), "CartPole-v1");
    }
}

#[test]
fn sac_goes_on() {
    for sparsity in of_methods() {
        goes_on(&AgentConfig::of(sac(sparsity)), "Pendulum-v1");
    }
}

/// Whole elements, and for the methods that keep something beside them.
#[test]
fn agents_over_algebras_go_on() {
    let over =
        |row| Some(AlgebraKeys { kind: AlgebraName(Algebra::of(row)), ..AlgebraKeys::default() });
    let both = vec![16, 16];
    for sparsity in of_methods() {
        let algebra = over(&quaternion::ROW);
        goes_on(&AgentConfig::of(DqnConfig { algebra, ..dqn(sparsity.clone()) }), "CartPole-v1");
        let algebra = over(&matrix2::ROW);
        let [actor_hidden, critic_hidden] = [both.clone(), both.clone()];
        let sac = SacConfig { algebra, actor_hidden, critic_hidden, ..sac(sparsity.clone()) };
        goes_on(&AgentConfig::of(sac), "Pendulum-v1");
        let algebra = over(&dual::ROW);
        let [actor_hidden, critic_hidden] = [both.clone(), both.clone()];
        let ppo = PpoConfig { algebra, actor_hidden, critic_hidden, ..ppo(sparsity.clone()) };
        goes_on(&AgentConfig::of(ppo), "Pendulum-v1");
        let network = NetworkConfig::from(Minatar { width: 0.25 });
        let algebra = over(&complex::ROW);
        goes_on(&AgentConfig::of(DqnConfig { network, algebra, ..dqn(sparsity) }), IMAGES);
    }
}

/// What routers draw from and what they have done since the last report, too.
#[test]
fn agents_with_experts_go_on() {
    let with = |network: NetworkConfig, row| {
        let router = RouterName(Router::of(row));
        let experts = ExpertKeys { count: 3, router, hidden: 8, ..ExpertKeys::default() };
        match network.row().reads_images {
            true => network.with_experts(ExpertKeys { tokens: TokensOf::Pixels, ..experts }),
            false => network.with_experts(experts),
        }
    };
    let mlp = || NetworkConfig::mlp(&[16]);
    for sparsity in of_methods() {
        for row in [&top_k::ROW, &reinforce::ROW] {
            let network = with(mlp(), row);
            goes_on(
                &AgentConfig::of(DqnConfig { network, ..dqn(sparsity.clone()) }),
                "CartPole-v1",
            );
        }
        let network = with(NetworkConfig::from(Minatar { width: 0.25 }), &soft::ROW);
        goes_on(&AgentConfig::of(DqnConfig { network, ..dqn(sparsity.clone()) }), IMAGES);
        let network = Some(with(mlp(), &reinforce::ROW));
        let sac = SacConfig { network, ..sac(sparsity.clone()) };
        goes_on(&AgentConfig::of(sac), "Pendulum-v1");
        let network = Some(with(mlp(), &s_base::ROW));
        goes_on(&AgentConfig::of(PpoConfig { network, ..ppo(sparsity) }), "Pendulum-v1");
    }
}

/// What is kept apart is a part of the agent's own state, its transitions too.
#[test]
fn what_is_held_out_goes_on() {
    let network = NetworkConfig::from(Minatar { width: 0.2 });
    let dqn = DqnConfig { held_out_episodes: 0.4, ..dqn(sparse(fixed())) };
    let sac = SacConfig { held_out_episodes: 0.4, ..sac(sparse(fixed())) };
    goes_on(&AgentConfig::of(DqnConfig { network, ..dqn.clone() }), IMAGES);
    goes_on(&AgentConfig::of(dqn), "CartPole-v1");
    goes_on(&AgentConfig::of(sac), "Pendulum-v1");
}

#[test]
fn ppo_goes_on() {
    for sparsity in of_methods() {
        goes_on(&AgentConfig::of(ppo(sparsity)), "Pendulum-v1");
    }
    goes_on(&AgentConfig::of(ppo(sparse(fixed()))), "CartPole-v1");
}

#[test]
fn agents_of_images_go_on() {
    let network = NetworkConfig::from(Minatar { width: 0.2 });
    for sparsity in of_methods() {
        let dqn = DqnConfig { network: network.clone(), ..dqn(sparsity) };
        goes_on(&AgentConfig::of(dqn), IMAGES);
    }
    let network = Some(network);
    let ppo = |sparsity| PpoConfig { network: network.clone(), ..ppo(sparsity) };
    let [first, second] = [sparse(fixed()), sparse(rigl(drop_grow(7)))];
    goes_on(&AgentConfig::of(ppo(first)), IMAGES);
    goes_on(&AgentConfig::of(ppo(second)), IMAGES);
    // No env of images takes numbers.
    let played = &spec(IMAGES).unwrap();
    let spec = &EnvSpec { action: Space::uniform(&[1], -1.0, 1.0), ..played.clone() };
    for sparsity in [sparse(fixed()), sparse(rigl(drop_grow(7)))] {
        let sac = SacConfig { network: network.clone(), ..sac(sparsity) };
        goes_on_in(&AgentConfig::of(sac), played, spec);
    }
}

const IMAGES: &str = "MinAtar/Breakout-v1";

/// What a checkpoint without the memory leaves: an agent whose memory is empty.
#[test]
fn without_its_memory_an_agent_learns_from_what_comes() {
    let config = AgentConfig::of(dqn(sparse(fixed())));
    let spec = &spec("CartPole-v1").unwrap();
    let vector = VectorConfig { num_envs: ENVS, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(spec, &[1, 2, 3], &vector).unwrap();
    let mut agent = config.build(spec, ENVS, &Seed::new(1)).unwrap();
    let mut rows = EnvRows::new(ENVS);
    for t in 0..60 {
        if t == 30 {
            let section = Section::from_bytes(&state(&*agent)).unwrap();
            agent = config.build(spec, ENVS, &Seed::new(2)).unwrap();
            agent.load(&section).unwrap();
            assert!(agent.replay().unwrap().is_empty());
        }
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train).unwrap();
        let batch = envs.step(actions).unwrap();
        agent.learn(&batch).unwrap();
        rows.follow(&batch);
    }
    assert_eq!(agent.replay().unwrap().len(), 30 * ENVS);
    assert_eq!(agent.clock().gradient_steps, (60 * ENVS as u64 - 20) / 3);
}

#[test]
fn another_agent_is_refused() {
    let config = |hidden: &[usize]| {
        let network = NetworkConfig::mlp(hidden);
        AgentConfig::of(DqnConfig { network, ..dqn(sparse(fixed())) })
    };
    let spec = &spec("CartPole-v1").unwrap();
    let section =
        Section::from_bytes(&state(&*config(&[16]).build(spec, ENVS, &Seed::new(1)).unwrap()));
    let section = section.unwrap();
    for (config, num_envs) in [(config(&[8]), ENVS), (config(&[16]), ENVS + 1)] {
        let mut other = config.build(spec, num_envs, &Seed::new(1)).unwrap();
        other.load(&section).unwrap_err();
    }
    let mut other = AgentConfig::of(ppo(sparse(fixed()))).build(spec, ENVS, &Seed::new(1)).unwrap();
    let error = other.load(&section).unwrap_err().to_string();
    assert!(error.contains("network.actor"), "{error}");
}

/// A memory of `config` in which an environment counts.
fn filled(config: ReplayConfig, steps: u32) -> Replay {
    let mut replay = Replay::new(config);
    for t in 0..steps {
        let (number, next) = ([t as f32, 0.5, -1.0], [t as f32 + 1.0, 0.5, -1.0]);
        let row = if t % 9 == 8 { Row::End(End::Truncated) } else { Row::Step };
        let batch = Batch {
            envs: &[0],
            obs: Obs::F32(&number),
            next: Obs::F32(&next),
            reward: &[f64::from(t)],
            row: &[row],
            finished: &[],
        };
        replay.store(&batch, Actions::Continuous(&[0.1])).unwrap();
    }
    replay
}

#[test]
fn damaged_missing_and_foreign_pieces_are_refused() {
    let config = ReplayConfig::new(&spec("Pendulum-v1").unwrap(), 1, 20, 0.9);
    let replay = filled(config, 30);
    assert_eq!(replay.rows(), 10..30);
    let loaded = |config| {
        let mut other = Replay::new(config);
        other.load(&replay.save().unwrap()).unwrap();
        other
    };
    let restored = |pieces: &[Vec<u8>]| {
        let mut other = loaded(config);
        let result = other.restore(10..30, &mut pieces.iter().cloned().map(Ok));
        assert_eq!(other.len(), if result.is_ok() { 20 } else { 0 });
        result.map_err(|error| error.to_string())
    };
    let [first, second] = [replay.piece(10..17), replay.piece(17..30)];
    restored(&[first.clone(), second.clone()]).unwrap();
    for at in 0..first.len() {
        let mut flipped = first.clone();
        flipped[at] ^= 1 << (at % 8);
        restored(&[flipped, second.clone()]).unwrap_err();
        restored(&[first[..at].to_vec(), second.clone()]).unwrap_err();
    }
    let error = restored(std::slice::from_ref(&first)).unwrap_err();
    assert!(error.contains("fewer"), "{error}");
    let error = restored(&[first.clone(), replay.piece(18..30)]).unwrap_err();
    assert!(error.contains("from 17 on") && error.contains("18..30"), "{error}");
    restored(&[first.clone(), replay.piece(16..30)]).unwrap_err();
    restored(std::slice::from_ref(&second)).unwrap_err();
    restored(&[]).unwrap_err();
    let foreign = filled(ReplayConfig { act_dim: 1, obs_dim: 3, capacity: 40, ..config }, 30);
    restored(&[foreign.piece(0..30)]).unwrap();
    let wide = Replay::new(ReplayConfig { obs_dim: 4, ..config }).piece(0..0);
    let error = restored(&[wide]).unwrap_err();
    assert!(error.contains("3 numbers of 32 bits") && error.contains("of 4 numbers"), "{error}");
    let mut other = loaded(config);
    let error = other.restore(9..29, &mut [Ok(first)].into_iter()).unwrap_err().to_string();
    assert!(error.contains("up to 30"), "{error}");
    let failing = std::io::Error::other("the disk is gone");
    let error = other.restore(10..30, &mut [Err(failing)].into_iter()).unwrap_err().to_string();
    assert!(error.contains("the disk is gone"), "{error}");
}
