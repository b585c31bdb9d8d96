//! Takes the score of an agent as it is now.

use std::sync::atomic::{AtomicBool, Ordering};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_agents::{Agent, EnvRows, Mode};
use sparring_envs::{EnvSpec, VectorConfig, VectorEnv};
use sparring_sparse::KeyError;
use sparring_sparse::seed::Seed;
use sparring_sparse::stats::{mean, mean_and_variance};

use crate::envs::EnvSettings;
use crate::error::TrainError;
use crate::train::every::Every;

/// The section `eval`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EvalSettings {
    /// Environment steps from one evaluation to the next; step 0 and the end have one, too.
    #[schemars(range(min = 1), extend("x-not-beside" = ["every_gradient_steps"]))]
    pub every_env_steps: u64,
    /// In place of `every_env_steps`: gradient steps. Of an agent that learns from a data set null is a tenth of the run.
    #[schemars(range(min = 1), example = 1_000)]
    pub every_gradient_steps: Option<u64>,
    /// Episodes in one evaluation.
    #[schemars(range(min = 1))]
    pub episodes: usize,
    /// Environments that play them, `episodes` or 32 where that is left out; each plays its share to the
    /// end, so that short episodes are not favoured.
    #[schemars(range(min = 1))]
    pub num_envs: usize,
    /// An episode is cut after so many steps, where the environment's own limit does not come first: a game
    /// without one, such as MinAtar's Breakout, may never end for a policy that does not explore.
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    pub max_episode_steps: u32,
}

impl Default for EvalSettings {
    /// Episodes end where Atari's do: after 30 minutes of play (Machado et al. 2018, 108,000 frames).
    fn default() -> Self {
        Self {
            every_env_steps: 2_000,
            every_gradient_steps: None,
            episodes: 20,
            num_envs: 20,
            max_episode_steps: 27_000,
        }
    }
}

impl EvalSettings {
    /// More parallel episodes than this make the batch no cheaper per episode.
    pub const MOST_ENVS: u64 = 32;

    /// When it is due.
    pub fn every(&self) -> Every {
        Every::of(self.every_env_steps, self.every_gradient_steps)
    }

    /// Whether the keys fit each other.
    pub fn check(&self) -> Result<(), KeyError> {
        if self.num_envs > self.episodes {
            let allowed = format!("at most episodes = {}", self.episodes);
            return Err(KeyError::new(
                "num_envs",
                self.num_envs,
                allowed,
                self.episodes.to_string(),
            ));
        }
        Ok(())
    }
}

/// One episode of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Played {
    /// The undiscounted sum of its rewards.
    pub ret: f64,
    /// Its steps.
    pub len: u32,
}

/// What the episodes of an evaluation come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    /// The mean of their returns.
    pub ret: f64,
    /// The standard deviation of these: that of the whole, not of a sample.
    pub deviation: f64,
    /// The mean of their lengths.
    pub length: f64,
}

impl Means {
    /// Of `played`, at least one episode.
    pub fn of(played: &[Played]) -> Self {
        let (ret, variance) = mean_and_variance(played.iter().map(|one| one.ret));
        let length = mean(played.iter().map(|one| f64::from(one.len)));
        Self { ret, deviation: variance.sqrt(), length }
    }
}

/// Plays `eval.episodes` episodes by the evaluation policy; none if `stop` came first.
///
/// Each environment plays a fixed share of the episodes to their ends. Taking the first episodes
/// to end, from whichever environment, would favour short ones. An episode that `eval.max_episode_steps` cuts
/// counts as it stands.
pub fn evaluate(
    agent: &mut dyn Agent,
    spec: &EnvSpec,
    settings: &EvalSettings,
    env: &EnvSettings,
    seed: &Seed,
    stop: &AtomicBool,
) -> Result<Option<Vec<Played>>, TrainError> {
    let (episodes, num_envs) = (settings.episodes, settings.num_envs);
    let share = |env: usize| episodes / num_envs + usize::from(env < episodes % num_envs);
    let seeds: Vec<_> = (0..num_envs).map(|env| seed.child(&env.to_string()).value()).collect();
    // Evaluation steps inline, whatever training does: few steps, many short-lived engines.
    let config = VectorConfig { num_envs, workers: 0, ..env.vector() };
    let most = settings.max_episode_steps;
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
