//! MinAtar's Asterix: collect treasure and keep clear of enemies.
//!
//! | channel | what |
//! |---|---|
//! | 0 | player |
//! | 1 | enemies |
//! | 2 | trail: the cell behind each enemy and treasure |
//! | 3 | treasure |
//!
//! Moves: left, up, right and down, within rows 1 to 8. Reward: 1 a treasure. Over: where the player and
//! an enemy meet. Start: the player in the middle (5, 5), nothing else.
//!
//! Each row from 1 to 8 holds at most one enemy or treasure. It comes in at the left or the right side
//! (even chances), is treasure once in three, and moves on to the other side. At first one comes in
//! every 10 frames and all move every 5. Ramping: every 102 frames the former interval falls by 1, and
//! every second time the latter too, each down to 1.

use serde::{Deserialize, Serialize};

use super::env::{OPTIONS, spec};
use super::game::{Board, Draws, Frame, Game, LAST, Move};
use crate::EnvRow;

const PLAYER: usize = 0;
const ENEMY: usize = 1;
const TRAIL: usize = 2;
const GOLD: usize = 3;

const ROWS: usize = 8;
const TOP: i8 = 1;
const BOTTOM: i8 = ROWS as i8;
const START: i8 = 5;
const SPAWN_INTERVAL: i8 = 10;
const MOVE_INTERVAL: i8 = 5;
/// Counted down past 0, so that it takes two frames more.
const RAMP_INTERVAL: i8 = 100;

/// The row of MinAtar/Asterix-v0: all six actions.
pub const ROW_V0: EnvRow = EnvRow {
    id: "MinAtar/Asterix-v0",
    about: "collect treasure and keep clear of enemies",
    options: &OPTIONS,
    needs: None,
    spec: |options| spec("MinAtar/Asterix-v0", &Move::ALL, options, new),
};

/// The row of MinAtar/Asterix-v1: the actions that do something.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/Asterix-v1",
    spec: |options| spec("MinAtar/Asterix-v1", &Asterix::MOVES, options, new),
    ..ROW_V0
};

fn new(ramping: bool) -> Game {
    Game::Asterix(Asterix::new(ramping))
}

/// An enemy or a treasure; its row is its place in the list.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Thing {
    /// Whether there is one.
    here: bool,
    x: i8,
    /// 1: to the right, -1: to the left.
    dx: i8,
    gold: bool,
}

/// The game; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Asterix {
    ramping: bool,
    x: i8,
    y: i8,
    things: [Thing; ROWS],
    spawn_interval: i8,
    spawn_timer: i8,
    move_interval: i8,
    move_timer: i8,
    ramp_timer: i8,
    ramps: u32,
}

impl Asterix {
    pub(super) const CHANNELS: usize = 4;
    pub(super) const MOVES: [Move; 5] = [Move::Noop, Move::Left, Move::Up, Move::Right, Move::Down];

    /// A game, to be reset before the first frame; `ramping`: whether it grows harder.
    pub fn new(ramping: bool) -> Self {
        Self { ramping, ..Self::default() }
    }

    pub(super) fn reset(&mut self) {
        *self = Self {
            ramping: self.ramping,
            x: START,
            y: START,
            things: [Thing::default(); ROWS],
            spawn_interval: SPAWN_INTERVAL,
            spawn_timer: SPAWN_INTERVAL,
            move_interval: MOVE_INTERVAL,
            move_timer: MOVE_INTERVAL,
            ramp_timer: RAMP_INTERVAL,
            ramps: 0,
        };
    }

    pub(super) fn play(&mut self, action: Move, draws: &mut impl Draws) -> Frame {
        let mut frame = Frame::default();
        if self.spawn_timer == 0 {
            self.spawn(draws);
            self.spawn_timer = self.spawn_interval;
        }
        self.x = (self.x + action.dx()).clamp(0, LAST);
        self.y = (self.y + action.dy()).clamp(TOP, BOTTOM);
        self.meet(&mut frame);
        if self.move_timer == 0 {
            self.move_timer = self.move_interval;
            for thing in &mut self.things {
                thing.x += thing.dx * i8::from(thing.here);
                thing.here &= (0..=LAST).contains(&thing.x);
            }
            self.meet(&mut frame);
        }
        self.spawn_timer -= 1;
        self.move_timer -= 1;
        self.ramp();
        frame
    }

    /// Something comes in, if a row is free.
    fn spawn(&mut self, draws: &mut impl Draws) {
        let (x, dx) = if draws.unit() < 1.0 / 2.0 { (0, 1) } else { (LAST, -1) };
        let gold = draws.unit() < 1.0 / 3.0;
        let free = self.things.iter().filter(|thing| !thing.here).count() as u32;
        if free == 0 {
            return;
        }
        let choice = draws.below(free) as usize;
        if let Some(thing) = self.things.iter_mut().filter(|thing| !thing.here).nth(choice) {
            *thing = Thing { here: true, x, dx, gold };
        }
    }

    /// The player meets what stands in the same cell: only one thing can.
    fn meet(&mut self, frame: &mut Frame) {
        let thing = &mut self.things[(self.y - TOP) as usize];
        if thing.here & (thing.x == self.x) {
            thing.here = !thing.gold;
            frame.reward += i32::from(thing.gold);
            frame.over |= !thing.gold;
        }
    }

    fn ramp(&mut self) {
        if !self.ramping || (self.spawn_interval <= 1 && self.move_interval <= 1) {
            return;
        }
        if self.ramp_timer >= 0 {
            self.ramp_timer -= 1;
            return;
        }
        if self.move_interval > 1 && self.ramps % 2 == 1 {
            self.move_interval -= 1;
        }
        if self.spawn_interval > 1 {
            self.spawn_interval -= 1;
        }
        self.ramps += 1;
        self.ramp_timer = RAMP_INTERVAL;
    }

    pub(super) fn observe(&self, board: &mut Board<'_>) {
        board.mark(PLAYER, self.x, self.y);
        for (y, thing) in (TOP..).zip(&self.things) {
            board.mark_alone(thing.here, if thing.gold { GOLD } else { ENEMY }, thing.x, y);
            board.mark_alone(thing.here, TRAIL, thing.x - thing.dx, y);
        }
    }
}
