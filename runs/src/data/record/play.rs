//! Plays episodes to be recorded.

use std::sync::atomic::{AtomicBool, Ordering};

use sparring_agents::{Agent, EnvRows, Mode};
use sparring_envs::{Actions, EnvRng, EnvSpec, OnFault, Sample, Space, VectorConfig, VectorEnv};
use sparring_sparse::Seed;

use super::tape::{Take, Tape};
use crate::error::TrainError;
use crate::evaluate::EvalSettings;

/// Who plays.
pub enum Actor {
    /// Points of the action space, uniform where it is bounded; each env draws its own.
    Random,
    /// The evaluation policy of an agent.
    Policy(Box<dyn Agent>),
}

/// Plays `episodes` of `spec`, several side by side, on `workers` threads besides this one; none if `stop` came first.
/// Each env plays a fixed share to the end, so that short episodes are not favoured. What is played goes by `seed`
/// alone.
pub fn play(
    actor: &mut Actor,
    spec: &EnvSpec,
    episodes: usize,
    workers: usize,
    seed: &Seed,
    stop: &AtomicBool,
) -> Result<Option<Vec<Take>>, TrainError> {
    let num_envs = episodes.min(EvalSettings::MOST_ENVS as usize);
    let share = |env: usize| episodes / num_envs + usize::from(env < episodes % num_envs);
    let of = |what: &str, env: usize| seed.child(what).child(&env.to_string()).value();
    let seeds: Vec<_> = (0..num_envs).map(|env| of("env", env)).collect();
    let mut draws: Vec<_> = (0..num_envs).map(|env| EnvRng::new(of("random", env))).collect();
    // What is broken off could not be played again.
    let config = VectorConfig {
        num_envs,
        workers,
        on_fault: OnFault::Stop,
        seed_episodes: true,
        ..VectorConfig::default()
    };
    let mut envs = VectorEnv::new(spec, &seeds, &config)?;
    let mut tape = Tape::new(&spec.action, &seeds);
    let mut rows = EnvRows::new(num_envs);
    let mut played: Vec<Vec<Take>> = (0..num_envs).map(|_| Vec::new()).collect();
    let mut missing = episodes;
    while missing > 0 {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let drawn;
        let actions = match actor {
            Actor::Random => {
                drawn = Drawn::of(&spec.action, &mut draws);
                drawn.view()
            }
            Actor::Policy(agent) => agent.act(rows.observations(envs.obs()), Mode::Eval)?,
        };
        let batch = envs.step(actions)?;
        for take in tape.add(actions, &batch) {
            let of_env = &mut played[take.told.env];
            if of_env.len() < share(take.told.env) {
                of_env.push(take);
                missing -= 1;
            }
        }
        rows.follow(&batch);
    }
    Ok(Some(played.into_iter().flatten().collect()))
}

/// Random actions, one an env.
enum Drawn {
    Discrete(Vec<u32>),
    Continuous(Vec<f32>),
}

impl Drawn {
    fn of(space: &Space, draws: &mut [EnvRng]) -> Self {
        let mut drawn = match space {
            Space::Discrete { .. } => Self::Discrete(Vec::new()),
            Space::Box { .. } => Self::Continuous(Vec::new()),
        };
        for rng in draws {
            match (&mut drawn, space.sample(rng)) {
                (Self::Discrete(all), Sample::Discrete(index)) => all.push(index),
                (Self::Continuous(all), Sample::Continuous(point)) => all.extend(point),
                (Self::Discrete(_), Sample::Continuous(_))
                | (Self::Continuous(_), Sample::Discrete(_)) => {}
            }
        }
        drawn
    }

    fn view(&self) -> Actions<'_> {
        match self {
            Self::Discrete(all) => Actions::Discrete(all),
            Self::Continuous(all) => Actions::Continuous(all),
        }
    }
}
