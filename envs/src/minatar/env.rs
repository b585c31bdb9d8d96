//! The games as envs: their actions, their options and their generator.

use std::slice::{from_mut, from_ref};

use super::boards::Boards;
use super::game::{Move, SIDE, cells};
use super::group::MinAtarGroup;
use super::play::Play;
use crate::picture::{CHANNELS, INK, Picture};
use crate::{
    Action, Actions, Env, EnvError, EnvGroup, EnvOption, EnvSpec, GroupRows, Limits, Make, ObsMut,
    OptionValue, Options, Row, Space, Step,
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
    let group = move || MinAtarGroup::new(id, moves, Play::<B>::new(ramping, sticky));
    let obs = Space::bytes_to(&[B::CHANNELS, SIDE, SIDE], 1);
    let action = Space::Discrete { n: moves.len() as u32 };
    let make = Make::new(
        move || {
            let mut alone = group();
            alone.push()?;
            Ok(Box::new(MinAtar(alone)))
        },
        move || Box::new(group()),
    );
    Ok(EnvSpec::new(obs, action, make))
}

/// A game as an env: the only one of its group.
#[derive(Debug, Clone)]
struct MinAtar<B>(MinAtarGroup<B>);

impl<B: Boards> Env for MinAtar<B> {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.0.reset(0, seed, obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if !self.0.seeded(0) {
            return Err(EnvError::ResetNeeded);
        }
        let actions = match &action {
            Action::Discrete(action) => Actions::Discrete(from_ref(action)),
            Action::Continuous(values) => Actions::Continuous(values),
        };
        let (mut reward, mut row) = (0.0, Row::Void);
        let rows = GroupRows {
            actions,
            next: obs,
            reward: from_mut(&mut reward),
            row: from_mut(&mut row),
        };
        self.0.step(&mut 0, rows)?;
        Ok(Step { reward, end: row.end() })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if !self.0.seeded(0) {
            return Err(EnvError::ResetNeeded);
        }
        let mut cells = vec![0; cells(B::CHANNELS)];
        self.0.observe(0, &mut cells);
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
        self.0.save(0)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.0.restore(0, state)
    }
}
