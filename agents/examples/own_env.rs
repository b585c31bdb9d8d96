//! An environment of one's own, and a DQN that learns it, from `main`.
//!
//! `cargo run --release -p sparring-agents --example own_env`

use sparring_agents::{AgentConfig, DqnConfig, EnvRows, Epsilon, Mode, NetworkConfig};
use sparring_envs::{
    Action, End, Env, EnvError, EnvSpec, ObsMut, Space, Step, VectorConfig, VectorEnv, maker, state,
};
use sparring_sparse::Seed;

/// A corridor of eight places; action 1 goes right, where the way out is. Every step costs 1.
struct Corridor {
    at: u32,
}

impl Env for Corridor {
    fn reset(&mut self, _seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.at = 0;
        obs.floats(1).map(|obs| obs.fill(0.0))
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let right = action.discrete(2)? == 1;
        self.at = if right { self.at + 1 } else { self.at.saturating_sub(1) };
        obs.floats(1)?.fill(self.at as f32 / 7.0);
        Ok(Step { reward: -1.0, end: (self.at == 7).then_some(End::Terminated) })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack("Corridor", &self.at)
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), EnvError> {
        state::unpack("Corridor", saved).map(|at| self.at = at)
    }
}

/// The returns of all episodes, in the order of their ends.
pub fn learn() -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let (obs, action) = (Space::uniform(&[1], 0.0, 1.0), Space::Discrete { n: 2 });
    let spec = EnvSpec::new(obs, action, maker(|| Ok(Corridor { at: 0 }))).limit(50);
    let config = VectorConfig { num_envs: 4, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(&spec, &[1, 2, 3, 4], &config)?;
    let epsilon = Epsilon { decay_env_steps: 2_000, ..Epsilon::default() };
    let dqn = DqnConfig { network: NetworkConfig::mlp(&[64]), epsilon, ..DqnConfig::paper() };
    let mut agent = AgentConfig::of(dqn).build(&spec, 4, &Seed::new(1))?;
    let (mut rows, mut returns) = (EnvRows::new(4), Vec::new());
    for _ in 0..2_000 {
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train)?;
        let batch = envs.step(actions)?;
        agent.learn(&batch)?;
        returns.extend(batch.finished.iter().map(|episode| episode.ret));
        rows.follow(&batch);
    }
    Ok(returns)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    learn().map(|all| println!("{all:?}: the returns of all episodes; -7 is the best"))
}
