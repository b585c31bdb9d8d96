//! The games as envs: their actions, their options and their generators.

use std::slice::{from_mut, from_ref};

use serde::{Deserialize, Serialize};

use super::boards::Boards;
use super::rules::{ABREAST, Frame, Move, Rules};
use super::screen::{SIDE, cells};
use crate::picture::{CHANNELS, INK, Picture};
use crate::wrappers::observation_noise::{self, Noise, ObservationNoise};
use crate::{
    Action, Actions, End, Env, EnvError, EnvGroup, EnvOption, EnvRng, EnvSpec, GroupRows, Limits,
    Make, ObsMut, OptionValue, Options, Row, Space, Step, maker, state,
};

pub(super) const STICKY: &str = "sticky_action_prob";
pub(super) const RAMPING: &str = "difficulty_ramping";

/// The option of the last move that sticks.
pub(super) const STICKS: EnvOption = EnvOption {
    key: STICKY,
    default: OptionValue::Real(0.1),
    limits: Limits::Within(0.0, 1.0),
    about: "probability with which the last move is played again instead of the new one",
};

/// The option of games that grow harder.
pub(super) const RAMPS: EnvOption = EnvOption {
    key: RAMPING,
    default: OptionValue::Flag(true),
    limits: Limits::Any,
    about: "whether the game grows harder as it goes on (Breakout and Freeway never do)",
};

const GREY: &str = "grey_levels";

/// The options of every game: first those of the package, with its keys and defaults.
pub(super) const OPTIONS: [EnvOption; 5] = [
    STICKS,
    RAMPS,
    EnvOption {
        key: GREY,
        default: OptionValue::Flag(false),
        limits: Limits::Any,
        about: "cells of 0 and 255, as pixels, which networks see as 0 and 1 all the same",
    },
    observation_noise::SIGMA,
    observation_noise::MODE,
];

/// The spec of a game with these moves as its actions.
pub(super) fn spec<R: Rules + 'static>(
    id: &'static str,
    moves: &'static [Move],
    options: &Options,
) -> Result<EnvSpec, EnvError> {
    let (ramping, sticky) = (options.bool(RAMPING)?, options.f64(STICKY)?);
    let (grey, noise) = (options.bool(GREY)?, Noise::of(options)?);
    let group = move || MinAtar::<R> {
        id,
        moves,
        grey,
        new: Boards::new(ramping, sticky),
        boards: Vec::new(),
        generators: Vec::new(),
        seeded: Vec::new(),
    };
    let alone = move || {
        let mut alone = group();
        alone.push()?;
        Ok(alone)
    };
    let make = match (noise.sigma > 0.0, grey) {
        (false, _) => Make::new(
            move || Ok(Box::new(alone()?)),
            move || Box::new(group()),
            MinAtar::<R>::bytes,
        ),
        (true, true) => maker(move || Ok(ObservationNoise::new(alone()?, 1, noise))),
        (true, false) => {
            let (key, found) = (observation_noise::SIGMA.key, noise.sigma.to_string());
            let allowed = format!("0 unless {GREY} is true");
            return Err(EnvError::OptionValue { id, key, found, allowed });
        }
    };
    let obs = Space::bytes_to(&[R::CHANNELS, SIDE, SIDE], if grey { u8::MAX } else { 1 });
    let action = Space::Discrete { n: moves.len() as u32 };
    Ok(EnvSpec::new(obs, action, make))
}

/// The games of one kind that are stepped together; as an [`Env`], the first of them.
#[derive(Debug, Clone)]
struct MinAtar<R> {
    id: &'static str,
    /// The move of each action.
    moves: &'static [Move],
    /// Whether cells are pixels.
    grey: bool,
    /// What new boards begin as.
    new: Boards<R>,
    /// Env `i` is lane `i % ABREAST` of the boards `i / ABREAST`.
    boards: Vec<Boards<R>>,
    /// The generator of each env.
    generators: Vec<EnvRng>,
    /// Whether it has been seeded.
    seeded: Vec<bool>,
}

/// The state of a game.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// The generator, if it has been seeded.
    generator: Option<EnvRng>,
    /// What [`Boards::save`] gave.
    board: String,
}

fn outcome(frame: Frame) -> (f64, Row) {
    (frame.reward.into(), frame.over.then_some(End::Terminated).into())
}

impl<R: Rules> MinAtar<R> {
    /// What is seen of the env `first` and those behind it in its boards.
    fn observe(&self, first: usize, obs: &mut [u8]) {
        let (lane, count) = (first % ABREAST, obs.len() / cells(R::CHANNELS));
        self.boards[first / ABREAST].observe(lane..lane + count, obs);
        if self.grey {
            obs.iter_mut().for_each(|cell| *cell *= u8::MAX);
        }
    }

    fn move_of(&self, action: u32) -> Result<Move, EnvError> {
        let action = Action::Discrete(action).discrete(self.moves.len() as u32)?;
        Ok(self.moves[action as usize])
    }

    /// Bytes of so many.
    fn bytes(num_envs: usize) -> usize {
        let boards = num_envs.div_ceil(ABREAST) * size_of::<Boards<R>>();
        boards + num_envs * (size_of::<EnvRng>() + size_of::<bool>())
    }

    fn misfit(&self, found: serde_json::Error) -> EnvError {
        EnvError::State { id: self.id.to_owned(), found: found.to_string() }
    }
}

impl<R: Rules> EnvGroup for MinAtar<R> {
    fn len(&self) -> usize {
        self.generators.len()
    }

    fn push(&mut self) -> Result<(), EnvError> {
        if self.len().is_multiple_of(ABREAST) {
            self.boards.push(self.new.clone());
        }
        self.generators.push(EnvRng::new(0));
        self.seeded.push(false);
        Ok(())
    }

    fn renew(&mut self, env: usize) -> Result<(), EnvError> {
        self.boards[env / ABREAST].renew(env % ABREAST);
        self.seeded[env] = false;
        Ok(())
    }

    fn reset(&mut self, env: usize, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.bytes(cells(R::CHANNELS))?;
        let (boards, lane) = (&mut self.boards[env / ABREAST], env % ABREAST);
        if let Some(seed) = seed {
            (self.generators[env], self.seeded[env]) = (EnvRng::new(seed), true);
            // A seed alone says what follows, so nothing of the past may stick.
            boards.forget(lane);
        }
        if !self.seeded[env] {
            return Err(EnvError::SeedNeeded);
        }
        boards.start(lane, &mut self.generators[env]);
        self.observe(env, obs);
        Ok(())
    }

    fn step(&mut self, turn: &mut usize, rows: GroupRows<'_>) -> Result<(), EnvError> {
        let GroupRows { held, actions, next, reward, row } = rows;
        let Actions::Discrete(actions) = actions else {
            return Err(EnvError::ActionKind { found: "continuous", allowed: "discrete" });
        };
        let dim = cells(R::CHANNELS);
        let next = next.bytes(self.len() * dim)?;
        while *turn < self.len() {
            let first = *turn;
            let lane = first % ABREAST;
            let end = self.len().min(first - lane + ABREAST);
            let some_held = held.get(first..end).is_some_and(|held| held.contains(&true));
            if some_held && held[first] {
                *turn += 1;
                continue;
            }
            let wanted = self.move_of(actions[first])?;
            if lane != 0 || some_held {
                // Only behind one that failed or was held are boards not begun at their first lane.
                let boards = &mut self.boards[first / ABREAST];
                let frame = boards.step_one(lane, wanted, &mut self.generators[first]);
                self.observe(first, &mut next[first * dim..(first + 1) * dim]);
                (reward[first], row[first]) = outcome(frame);
                *turn += 1;
                continue;
            }
            let mut all_wanted = [wanted; ABREAST];
            for (wanted, &action) in all_wanted.iter_mut().zip(&actions[first..end]) {
                *wanted = self.move_of(action)?;
            }
            let boards = &mut self.boards[first / ABREAST];
            let frames = boards.step(&all_wanted, &mut self.generators[first..end]);
            self.observe(first, &mut next[first * dim..end * dim]);
            for env in first..end {
                (reward[env], row[env]) = outcome(frames.lane(env - first));
            }
            *turn = end;
        }
        Ok(())
    }

    fn render(&self, env: usize) -> Result<Picture, EnvError> {
        if !self.seeded[env] {
            return Err(EnvError::ResetNeeded);
        }
        let mut cells = vec![0; cells(R::CHANNELS)];
        self.observe(env, &mut cells);
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

    fn reward_range(&self) -> Option<(f64, f64)> {
        None
    }

    fn save(&self, env: usize) -> Result<Vec<u8>, EnvError> {
        let generator = self.seeded[env].then(|| self.generators[env].clone());
        let board = self.boards[env / ABREAST].save(env % ABREAST);
        let board = board.map_err(|error| self.misfit(error))?;
        state::pack(self.id, &Saved { generator, board })
    }

    fn restore(&mut self, env: usize, bytes: &[u8]) -> Result<(), EnvError> {
        let Saved { generator, board } = state::unpack(self.id, bytes)?;
        let restored = self.boards[env / ABREAST].restore(env % ABREAST, &board);
        restored.map_err(|error| self.misfit(error))?;
        self.seeded[env] = generator.is_some();
        if let Some(generator) = generator {
            self.generators[env] = generator;
        }
        Ok(())
    }
}

impl<R: Rules> Env for MinAtar<R> {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        EnvGroup::reset(self, 0, seed, obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if !self.seeded[0] {
            return Err(EnvError::ResetNeeded);
        }
        let actions = match &action {
            Action::Discrete(action) => Actions::Discrete(from_ref(action)),
            Action::Continuous(values) => Actions::Continuous(values),
        };
        let (mut reward, mut row) = (0.0, Row::Void);
        let (rewards, rows) = (from_mut(&mut reward), from_mut(&mut row));
        let rows = GroupRows { held: &[], actions, next: obs, reward: rewards, row: rows };
        EnvGroup::step(self, &mut 0, rows)?;
        Ok(Step { reward, end: row.end() })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        EnvGroup::render(self, 0)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        EnvGroup::save(self, 0)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        EnvGroup::restore(self, 0, state)
    }
}
