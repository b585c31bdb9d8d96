//! Trains a run to record it: its policies at levels of their score, or all that it played.

use std::sync::atomic::AtomicBool;

use sparring_envs::{Actions, Batch};
use sparring_sparse::{Saved, Seed};

use super::tape::{Take, Tape};
use crate::console::note;
use crate::error::{Error, TrainError};
use crate::plan::Job;
use crate::status::State;
use crate::table::thousands;
use crate::train::{Reached, Records, env_seeds, train};

/// A policy that was better than all before it.
pub struct Better {
    /// Its mean return.
    pub score: f64,
    /// Environment steps that it was trained for.
    pub env_steps: u64,
    /// What it acts by.
    pub policy: Saved,
}

/// An episode of the training, and after how many environment steps it ended.
pub struct Ended {
    /// The episode.
    pub take: Take,
    /// Of all environments.
    pub env_steps: u64,
}

/// A run that has come to its end.
pub struct Trained {
    /// The policies of its evaluations, that before the first step aside, that were better than all before them and are as good as medium, ascending.
    pub better: Vec<Better>,
    /// Its episodes, in the order of their ends, where they were asked for.
    pub episodes: Vec<Ended>,
}

/// A third of the way from random to the best: what D4RL calls medium.
pub fn medium(random: f64, best: f64) -> f64 {
    random + (best - random) / 3.0
}

/// Trains `job`, each episode of which has a seed of its own; none if `stop` came first. Its episodes are kept where
/// `with_episodes`. Random actions score `random`.
pub fn run(
    job: Job<'_>,
    random: f64,
    with_episodes: bool,
    stop: &AtomicBool,
) -> Result<Option<Trained>, TrainError> {
    let seeds = env_seeds(&Seed::new(job.seed), job.variant.settings.env.num_envs);
    let tape = with_episodes.then(|| Tape::new(&job.variant.spec.action, &seeds));
    let trained = Trained { better: Vec::new(), episodes: Vec::new() };
    let mut watch = Watch { random, tape, env_steps: 0, trained };
    match train(job, None, &mut watch, &mut Reached::default(), stop)? {
        State::Finished | State::Running | State::Failed => Ok(Some(watch.trained)),
        State::Interrupted => Ok(None),
    }
}

/// Keeps of a run what is asked for.
struct Watch {
    random: f64,
    tape: Option<Tape>,
    env_steps: u64,
    trained: Trained,
}

impl Records for Watch {
    fn evaluated(
        &mut self,
        reached: &Reached,
        policy: &Saved,
        _about: Option<String>,
    ) -> Result<(), Error> {
        let (score, env_steps) =
            (reached.curve.last().copied().unwrap_or(f64::NAN), reached.env_steps);
        note(format!("training: {} environment steps, return {score:.2}", thousands(env_steps)));
        let better = &mut self.trained.better;
        // What a network scores before it has learnt anything is luck.
        let is_better = better.last().is_none_or(|best| score > best.score);
        if env_steps > 0 && is_better {
            better.push(Better { score, env_steps, policy: policy.clone() });
            // What is below medium now will be so at the end.
            let least = medium(self.random, score);
            better.retain(|one| one.score >= least);
        }
        Ok(())
    }

    fn step(&mut self, actions: Actions<'_>, batch: &Batch<'_>) -> Result<(), Error> {
        self.env_steps += batch.row.len() as u64;
        if let Some(tape) = &mut self.tape {
            let env_steps = self.env_steps;
            let ended = tape.add(actions, batch).into_iter().map(|take| Ended { take, env_steps });
            self.trained.episodes.extend(ended);
        }
        Ok(())
    }
}
