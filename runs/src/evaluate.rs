//! Takes the score of an agent as it is now.

use std::sync::atomic::{AtomicBool, Ordering};

use sparring_agents::{Agent, EnvRows, Mode};
use sparring_envs::{EnvSpec, VectorConfig, VectorEnv};
use sparring_sparse::seed::Seed;

use crate::config::settings::Settings;
use crate::error::TrainError;

/// One episode of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// The undiscounted sum of its rewards.
    pub ret: f64,
    /// Its steps.
    pub len: u32,
}

/// Plays `eval.episodes` episodes by the evaluation policy; none if `stop` came first.
///
/// Each environment plays a fixed share of the episodes to their ends. Taking the first episodes
/// to end, from whichever environment, would favour short ones. An episode that `eval.max_episode_steps` cuts
/// counts as it stands.
pub fn evaluate(
    agent: &mut dyn Agent,
    spec: &EnvSpec,
    settings: &Settings,
    seed: &Seed,
    stop: &AtomicBool,
) -> Result<Option<Vec<Played>>, TrainError> {
    let (episodes, num_envs) = (settings.eval.episodes, settings.eval.num_envs);
    let share = |env: usize| episodes / num_envs + usize::from(env < episodes % num_envs);
    let seeds: Vec<_> = (0..num_envs).map(|env| seed.child(&env.to_string()).value()).collect();
    // Evaluation steps inline, whatever training does: few steps, many short-lived engines.
    let config = VectorConfig { num_envs, workers: 0, ..settings.env.vector() };
    let most = settings.eval.max_episode_steps;
    let limit = spec.max_episode_steps.map_or(most, |limit| limit.min(most));
    let spec = spec.for_evaluation().limit(limit);
    let mut envs = VectorEnv::new(&spec, &seeds, &config)?;
    let mut played: Vec<Vec<Played>> = (0..num_envs).map(|_| Vec::new()).collect();
    let (mut missing, mut rows) = (episodes, EnvRows::new(num_envs));
    while missing > 0 {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let actions = agent.act(rows.observations(envs.obs()), Mode::Eval)?;
        let batch = envs.step(actions)?;
        for episode in batch.finished {
            if played[episode.env].len() < share(episode.env) {
                played[episode.env].push(Played { ret: episode.ret, len: episode.len });
                missing -= 1;
            }
        }
        rows.follow(&batch);
    }
    Ok(Some(played.into_iter().flatten().collect()))
}
