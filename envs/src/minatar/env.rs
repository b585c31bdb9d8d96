//! The games as envs: their actions, their options and their generator.

use std::slice::from_mut;

use super::boards::{ABREAST, Boards};
use super::game::{Move, SIDE, cells};
use super::group::MinAtarGroup;
use super::play::{Play, Played};
use crate::env::generator;
use crate::picture::{CHANNELS, INK, Picture};
use crate::{
    Action, End, Env, EnvError, EnvOption, EnvRng, EnvSpec, Limits, Make, ObsMut, OptionValue,
    Options, Space, Step, state,
};

const STICKY: &str = "sticky_action_prob";
const RAMPING: &str = "difficulty_ramping";

/// The options of every game, with the package's keys and defaults.
pub(super) const OPTIONS: [EnvOption; 2] = [
    EnvOption {
        key: STICKY,
        default: OptionValue::Real(0.1),
        limits: Limits::Within(0.0, 1.0),
        about: "probability with which the last move is played again instead of the new one",
    },
    EnvOption {
        key: RAMPING,
        default: OptionValue::Flag(true),
        limits: Limits::Any,
        about: "whether the game grows harder as it goes on (Breakout and Freeway never do)",
    },
];

/// The spec of a game with these moves as its actions.
pub(super) fn spec<B: Boards + 'static>(
    id: &'static str,
    moves: &'static [Move],
    options: &Options,
) -> Result<EnvSpec, EnvError> {
    let (ramping, sticky) = (options.bool(RAMPING)?, options.f64(STICKY)?);
    let play = move || Play::<B>::new(ramping, sticky);
    Ok(EnvSpec {
        id,
        obs: Space::bytes_to(&[B::CHANNELS, SIDE, SIDE], 1),
        frames: 1,
        action: Space::Discrete { n: moves.len() as u32 },
        max_episode_steps: None,
        reward_threshold: None,
        make: Make::new(
            move || Ok(Box::new(MinAtar { id, moves, rng: None, play: play() })),
            move || Box::new(MinAtarGroup::new(id, moves, play())),
        ),
    })
}

/// A game as an env: the first of the boards.
#[derive(Debug, Clone)]
struct MinAtar<B> {
    id: &'static str,
    /// The move of each action.
    moves: &'static [Move],
    rng: Option<EnvRng>,
    play: Play<B>,
}

/// The state of an env.
pub(super) type Saved<G> = (Option<EnvRng>, Played<G>);

impl<B: Boards> Env for MinAtar<B> {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.bytes(cells(B::CHANNELS))?;
        let rng = generator(&mut self.rng, seed)?;
        if seed.is_some() {
            // A seed alone says what follows, so nothing of the past may stick.
            self.play.forget(0);
        }
        self.play.start(0, rng);
        self.play.observe(0..1, obs);
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let obs = obs.bytes(cells(B::CHANNELS))?;
        let Some(rng) = &mut self.rng else { return Err(EnvError::ResetNeeded) };
        let action = action.discrete(self.moves.len() as u32)?;
        let wanted = [self.moves[action as usize]; ABREAST];
        let frame = self.play.step(&wanted, from_mut(rng)).lane(0);
        self.play.observe(0..1, obs);
        Ok(Step { reward: f64::from(frame.reward), end: frame.over.then_some(End::Terminated) })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let mut cells = vec![0; cells(B::CHANNELS)];
        self.play.observe(0..1, &mut cells);
        let side = SIDE as f64;
        let mut picture = Picture::new([0.0, 0.0], [side, side], 24.0, 20);
        picture.rectangle([0.0, 0.0], [side, side], INK);
        // Where several channels have a cell, the last one is seen, as in the package.
        for (at, _) in cells.iter().enumerate().filter(|(_, cell)| **cell > 0) {
            let colour = CHANNELS[at / (SIDE * SIDE) % CHANNELS.len()];
            let (x, y) = ((at % SIDE) as f64, side - (at / SIDE % SIDE) as f64);
            picture.rectangle([x, y - 1.0], [x + 1.0, y], colour);
        }
        Ok(picture)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        let saved: Saved<B::Board> = (self.rng.clone(), self.play.get(0));
        state::pack(self.id, &saved)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let (rng, played): Saved<B::Board> = state::unpack(self.id, bytes)?;
        self.rng = rng;
        self.play.set(0, played);
        Ok(())
    }
}
