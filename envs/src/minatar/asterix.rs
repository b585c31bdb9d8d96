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

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::env::{OPTIONS, spec};
use super::rules::{ABREAST, Draws, Frames, Lanes, Move, Rules, mask};
use super::screen::{LAST, cells};
use super::spots::{behind, rows, spots, spots_shown};
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
pub const ROW_V0: EnvRow =
    EnvRow::new("MinAtar/Asterix-v0", "collect treasure and keep clear of enemies", |options| {
        spec::<Asterix>("MinAtar/Asterix-v0", &Move::ALL, options)
    })
    .options(&OPTIONS);

/// The row of MinAtar/Asterix-v1: the actions that do something.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/Asterix-v1",
    spec: |options| spec::<Asterix>("MinAtar/Asterix-v1", &Asterix::MOVES, options),
    ..ROW_V0
};

/// The games; see the [module](self). What is or is not is a mask.
#[derive(Debug, Clone)]
pub struct Asterix {
    ramping: i8,
    x: Lanes<i8>,
    y: Lanes<i8>,
    /// The enemy or treasure of each row.
    things: [Things; ROWS],
    spawn_interval: Lanes<i8>,
    spawn_timer: Lanes<i8>,
    move_interval: Lanes<i8>,
    move_timer: Lanes<i8>,
    ramp_timer: Lanes<i8>,
    /// Whether it has ramped an odd number of times.
    odd_ramps: Lanes<i8>,
}

/// What a row holds.
#[derive(Debug, Clone, Copy, Default)]
struct Things {
    /// Whether there is something.
    here: Lanes<i8>,
    x: Lanes<i8>,
    /// 1: to the right, -1: to the left.
    dx: Lanes<i8>,
    gold: Lanes<i8>,
}

/// One of the games.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsterixBoard {
    x: i8,
    y: i8,
    things: [Thing; ROWS],
    spawn_interval: i8,
    spawn_timer: i8,
    move_interval: i8,
    move_timer: i8,
    ramp_timer: i8,
    odd_ramps: i8,
}

/// What a row of one of them holds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    here: i8,
    x: i8,
    dx: i8,
    gold: i8,
}

impl Asterix {
    pub(super) const MOVES: [Move; 5] = [Move::Noop, Move::Left, Move::Up, Move::Right, Move::Down];

    /// Something comes in, if a row is free.
    fn spawn(&mut self, lane: usize, draws: &mut impl Draws) {
        let from_left = mask(draws.unit() < 1.0 / 2.0);
        let gold = mask(draws.unit() < 1.0 / 3.0);
        // A bit for each row.
        let mut free = 0_u32;
        for (row, things) in self.things.iter().enumerate() {
            free |= u32::from(things.here[lane] == 0) << row;
        }
        if free == 0 {
            return;
        }
        for _ in 0..draws.below(free.count_ones()) {
            free &= free - 1;
        }
        let things = &mut self.things[free.trailing_zeros() as usize];
        (things.here[lane], things.gold[lane]) = (mask(true), gold);
        (things.x[lane], things.dx[lane]) = (LAST & !from_left, 1 | !from_left);
    }

    /// The player meets what stands in the same cell: only one thing can.
    #[inline]
    fn meet(&mut self, frames: &mut Frames) {
        let Self { x, y, .. } = *self;
        let Frames { mut reward, mut over } = *frames;
        for (row, things) in (TOP..).zip(&mut self.things) {
            let Things { mut here, x: thing_x, gold, .. } = *things;
            for i in 0..ABREAST {
                let met = here[i] & mask(thing_x[i] == x[i]) & mask(row == y[i]);
                let won = met & gold[i];
                here[i] &= !won;
                reward[i] -= won;
                over[i] |= met & !gold[i];
            }
            things.here = here;
        }
        *frames = Frames { reward, over };
    }

    /// Everything moves on where it is time.
    #[inline]
    fn move_things(&mut self) {
        let timer = self.move_timer;
        for things in &mut self.things {
            let Things { mut here, mut x, dx, .. } = *things;
            for i in 0..ABREAST {
                x[i] += dx[i] & here[i] & mask(timer[i] == 0);
                here[i] &= mask(x[i] >= 0) & mask(x[i] <= LAST);
            }
            (things.here, things.x) = (here, x);
        }
    }

    #[inline]
    fn ramp(&mut self) {
        for i in 0..ABREAST {
            let (spawn, step) = (self.spawn_interval[i], self.move_interval[i]);
            let active = self.ramping & (mask(spawn > 1) | mask(step > 1));
            let waits = mask(self.ramp_timer[i] >= 0);
            let ramps = active & !waits;
            self.move_interval[i] += ramps & self.odd_ramps[i] & mask(step > 1);
            self.spawn_interval[i] += ramps & mask(spawn > 1);
            self.odd_ramps[i] ^= ramps;
            let timer = self.ramp_timer[i] + (active & waits);
            self.ramp_timer[i] = (timer & !ramps) | (RAMP_INTERVAL & ramps);
        }
    }
}

impl Rules for Asterix {
    type Board = AsterixBoard;
    const CHANNELS: usize = 4;

    fn new(ramping: bool) -> Self {
        let zeros = [0; ABREAST];
        Self {
            ramping: mask(ramping),
            x: zeros,
            y: zeros,
            things: [Things::default(); ROWS],
            spawn_interval: zeros,
            spawn_timer: zeros,
            move_interval: zeros,
            move_timer: zeros,
            ramp_timer: zeros,
            odd_ramps: zeros,
        }
    }

    fn reset(&mut self, lane: usize, _: &mut impl Draws) {
        let board = AsterixBoard {
            x: START,
            y: START,
            things: [Thing::default(); ROWS],
            spawn_interval: SPAWN_INTERVAL,
            spawn_timer: SPAWN_INTERVAL,
            move_interval: MOVE_INTERVAL,
            move_timer: MOVE_INTERVAL,
            ramp_timer: RAMP_INTERVAL,
            odd_ramps: 0,
        };
        self.set(lane, board);
    }

    fn play(&mut self, moves: &Lanes<Move>, draws: &mut [impl Draws]) -> Frames {
        let mut frames = Frames::default();
        for (lane, draws) in draws.iter_mut().enumerate() {
            if self.spawn_timer[lane] == 0 {
                self.spawn(lane, draws);
            }
        }
        for (i, action) in moves.iter().enumerate() {
            self.spawn_timer[i] += self.spawn_interval[i] & mask(self.spawn_timer[i] == 0);
            self.x[i] = (self.x[i] + action.dx()).clamp(0, LAST);
            self.y[i] = (self.y[i] + action.dy()).clamp(TOP, BOTTOM);
        }
        self.meet(&mut frames);
        self.move_things();
        self.meet(&mut frames);
        for i in 0..ABREAST {
            self.move_timer[i] += self.move_interval[i] & mask(self.move_timer[i] == 0);
            // A lane that is not used counts on: its intervals are 0.
            self.spawn_timer[i] = self.spawn_timer[i].wrapping_sub(1);
            self.move_timer[i] = self.move_timer[i].wrapping_sub(1);
        }
        self.ramp();
        frames
    }

    fn observe(&self, lanes: Range<usize>, screens: &mut [u8]) {
        let player = spots(PLAYER, &self.x, &rows(&self.y));
        // The cells of the things and of what is behind them.
        let mut marks = [[player; 2]; ROWS];
        for ((y, things), [thing, trail]) in (TOP..).zip(&self.things).zip(&mut marks) {
            let (Things { here, x, dx, gold }, row) = (*things, rows(&[y; ABREAST]));
            let mut at = spots_shown(ENEMY, &x, &row, &here, &player);
            for i in 0..ABREAST {
                at[i] += u16::from((here[i] & gold[i]) as u8 & cells(GOLD - ENEMY) as u8);
            }
            *thing = at;
            *trail = spots_shown(TRAIL, &behind(&x, &dx), &row, &here, &player);
        }
        let (screens, _) = screens.as_chunks_mut::<{ cells(Asterix::CHANNELS) }>();
        for (lane, screen) in lanes.zip(screens) {
            screen[usize::from(player[lane])] = 1;
            for mark in marks.as_flattened() {
                screen[usize::from(mark[lane])] = 1;
            }
        }
    }

    fn get(&self, lane: usize) -> AsterixBoard {
        AsterixBoard {
            x: self.x[lane],
            y: self.y[lane],
            things: self.things.map(|Things { here, x, dx, gold }| Thing {
                here: here[lane],
                x: x[lane],
                dx: dx[lane],
                gold: gold[lane],
            }),
            spawn_interval: self.spawn_interval[lane],
            spawn_timer: self.spawn_timer[lane],
            move_interval: self.move_interval[lane],
            move_timer: self.move_timer[lane],
            ramp_timer: self.ramp_timer[lane],
            odd_ramps: self.odd_ramps[lane],
        }
    }

    fn set(&mut self, lane: usize, board: AsterixBoard) {
        (self.x[lane], self.y[lane]) = (board.x, board.y);
        for (things, Thing { here, x, dx, gold }) in self.things.iter_mut().zip(board.things) {
            (things.here[lane], things.gold[lane]) = (here, gold);
            (things.x[lane], things.dx[lane]) = (x, dx);
        }
        self.spawn_interval[lane] = board.spawn_interval;
        self.spawn_timer[lane] = board.spawn_timer;
        self.move_interval[lane] = board.move_interval;
        self.move_timer[lane] = board.move_timer;
        self.ramp_timer[lane] = board.ramp_timer;
        self.odd_ramps[lane] = board.odd_ramps;
    }
}
