//! Episodes as they are played, by what it takes to play them again.

use sparring_agents::ActionBuf;
use sparring_envs::{Actions, Batch, Episode, Space, episode_seed};

/// An episode by its seed and actions, and what the engine said of it.
#[derive(Clone, Debug)]
pub struct Take {
    /// What its env was reset with.
    pub seed: u64,
    /// All actions.
    pub actions: ActionBuf,
    /// How it went.
    pub told: Episode,
}

/// Takes the steps of environments down, each of whose episodes has a seed of its own
/// ([`sparring_envs::VectorConfig::seed_episodes`]).
pub struct Tape {
    action: Space,
    envs: Vec<UnderWay>,
}

/// The present episode of an env.
struct UnderWay {
    env_seed: u64,
    /// Its number, from 0.
    episode: u64,
    actions: ActionBuf,
}

impl Tape {
    /// Of environments with these seeds, before their first step.
    pub fn new(action: &Space, seeds: &[u64]) -> Self {
        let begin = |seed: &u64| UnderWay {
            env_seed: *seed,
            episode: 0,
            actions: ActionBuf::empty(action),
        };
        Self { action: action.clone(), envs: seeds.iter().map(begin).collect() }
    }

    /// Takes a step down that answers `actions`; the episodes that it ended, in order of their env.
    pub fn add(&mut self, actions: Actions<'_>, batch: &Batch<'_>) -> Vec<Take> {
        for (row, env) in batch.envs.iter().enumerate() {
            self.envs[*env].actions.push(actions, row, self.action.dim());
        }
        let end = |told: &Episode| {
            let UnderWay { env_seed, episode, actions } = &mut self.envs[told.env];
            let seed = episode_seed(*env_seed, *episode);
            *episode += 1;
            let actions = std::mem::replace(actions, ActionBuf::empty(&self.action));
            Take { seed, actions, told: *told }
        };
        batch.finished.iter().map(end).collect()
    }
}
