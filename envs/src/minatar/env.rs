//! The games as envs: their actions, their options and their generator.

use serde::{Deserialize, Serialize};

use super::game::{Draws, Frame, Game, Move, SIDE};
use crate::env::generator;
use crate::picture::{CHANNELS, INK, Picture};
use crate::{
    Action, End, Env, EnvError, EnvOption, EnvRng, EnvSpec, Limits, ObsMut, OptionValue, Options,
    Space, Step, maker, state,
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

/// The spec of a game, made by `game` from whether it ramps, with these moves as its actions.
pub(super) fn spec(
    id: &'static str,
    moves: &'static [Move],
    options: &Options,
    game: impl Fn(bool) -> Game,
) -> Result<EnvSpec, EnvError> {
    let game = game(options.bool(RAMPING)?);
    let channels = game.channels();
    let play = Play::new(game, options.f64(STICKY)?);
    Ok(EnvSpec {
        id,
        obs: Space::bytes_to(&[channels, SIDE, SIDE], 1),
        frames: 1,
        action: Space::Discrete { n: moves.len() as u32 },
        max_episode_steps: None,
        reward_threshold: None,
        make: maker(move || Ok(MinAtar { id, moves, rng: None, play: play.clone() })),
    })
}

/// A game and what stands between it and its player.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Play {
    game: Game,
    /// The probability with which `last` is played in place of the wanted move.
    sticky: f64,
    /// It lives through the ends of episodes, as in the package.
    last: Move,
    over: bool,
}

impl Play {
    /// A game that sticks to the last move with probability `sticky`; it needs [`Play::start`].
    pub fn new(game: Game, sticky: f64) -> Self {
        Self { game, sticky, last: Move::Noop, over: false }
    }

    /// The game that is played.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// Starts an episode.
    pub fn start(&mut self, draws: &mut impl Draws) {
        self.game.reset(draws);
        self.over = false;
    }

    /// Plays a frame; after the end nothing moves any more and the reward is 0.
    pub fn step(&mut self, wanted: Move, draws: &mut impl Draws) -> Frame {
        let action = if draws.unit() < self.sticky { self.last } else { wanted };
        self.last = action;
        if self.over {
            return Frame { reward: 0, over: true };
        }
        let frame = self.game.play(action, draws);
        self.over = frame.over;
        frame
    }
}

/// A game as an env.
#[derive(Debug, Clone)]
struct MinAtar {
    id: &'static str,
    /// The move of each action.
    moves: &'static [Move],
    rng: Option<EnvRng>,
    play: Play,
}

impl MinAtar {
    fn dim(&self) -> usize {
        self.play.game.channels() * SIDE * SIDE
    }
}

impl Env for MinAtar {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.bytes(self.dim())?;
        let rng = generator(&mut self.rng, seed)?;
        if seed.is_some() {
            // A seed alone says what follows, so nothing of the past may stick.
            self.play.last = Move::Noop;
        }
        self.play.start(rng);
        self.play.game.observe(obs);
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let obs = obs.bytes(self.dim())?;
        let Some(rng) = &mut self.rng else { return Err(EnvError::ResetNeeded) };
        let action = action.discrete(self.moves.len() as u32)?;
        let frame = self.play.step(self.moves[action as usize], rng);
        self.play.game.observe(obs);
        Ok(Step { reward: f64::from(frame.reward), end: frame.over.then_some(End::Terminated) })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let mut cells = vec![0; self.dim()];
        self.play.game.observe(&mut cells);
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
        state::pack(self.id, &(&self.rng, &self.play))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        (self.rng, self.play) = state::unpack(self.id, bytes)?;
        Ok(())
    }
}
