//! MinAtar's Seaquest: a submarine shoots, rescues divers, and must come up for air.
//!
//! | channel | what |
//! |---|---|
//! | 0 | front of the player's submarine |
//! | 1 | its back |
//! | 2 | the player's bullets |
//! | 3 | trail: the cell behind each fish, enemy submarine and diver |
//! | 4 | enemy bullets |
//! | 5 | fish |
//! | 6 | enemy submarines |
//! | 7 | oxygen, a bar in row 9 from the left, a cell for 20 |
//! | 8 | divers on board, a bar in row 9 that ends in column 8 |
//! | 9 | divers in the water |
//!
//! Moves: all; left and right also turn the submarine, fire works once in five frames. Reward: 1 an enemy
//! shot down, and the cells of oxygen left on surfacing with six divers. Start: the submarine at the
//! surface in column 5, facing left, with 200 of oxygen.
//!
//! Over: where an enemy or its bullet meets the player, a frame after the oxygen came to 0, or on
//! surfacing with no diver on board. A frame under water costs 1 of oxygen. Surfacing fills it up and costs a diver; surfacing
//! with six costs all six **and** that one, which leaves -1. Below 0 the player surfaces as it likes,
//! each time for one more, but at 0 again it may not. (So the package does it; its description says that
//! six go.)
//!
//! Every 20 frames an enemy comes in at a side of rows 1 to 8 (a submarine once in three, which shoots every
//! 11 frames), unless one in its row goes the other way; every 30 a diver does. Enemies and divers move
//! every 6 frames. Ramping: with each surfacing enemies come a frame sooner (at last every frame), with every
//! second they move a frame sooner (at last every 3).

mod moves;
mod swimmers;
mod view;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::env::{OPTIONS, spec};
use super::rules::{ABREAST, Draws, Frames, Lanes, Move, Rules, mask};
use super::screen::LAST;
use crate::EnvRow;
use swimmers::{Swimmer, Swimmers, lanes_of};

const START: i8 = 5;
/// The deepest row of the player.
const DEEPEST: i8 = 8;
/// Rows, from 1 on, in which enemies and divers come in.
const ROWS: u32 = 8;
const MAX_OXYGEN: i16 = 200;
/// Cells of the oxygen bar.
const GAUGE: i16 = 10;
const MAX_DIVERS: i32 = 6;
const SPAWN_INTERVAL: i8 = 20;
const DIVER_SPAWN_INTERVAL: i8 = 30;
/// What an enemy waits between moves; the least is [`FASTEST`].
const MOVE_PAUSE: i8 = 5;
const FASTEST: i8 = 2;
const DIVER_PAUSE: i8 = 5;
const SHOT_INTERVAL: i8 = 5;
const ENEMY_SHOT_PAUSE: i8 = 10;

/// The row of MinAtar/Seaquest-v0: all six actions.
pub const ROW_V0: EnvRow = EnvRow::new(
    "MinAtar/Seaquest-v0",
    "shoot enemies under water, rescue divers and come up for air",
    |options| spec::<Seaquest>("MinAtar/Seaquest-v0", &Move::ALL, options),
)
.options(&OPTIONS);

/// The row of MinAtar/Seaquest-v1: all of them do something, so as `-v0`.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/Seaquest-v1",
    spec: |options| spec::<Seaquest>("MinAtar/Seaquest-v1", &Move::ALL, options),
    ..ROW_V0
};

/// The games; see the [module](self). What is or is not is a mask. Most of what happens is worked out for all
/// boards at once; what is rare on a board (something leaves, meets or shoots), for that board.
#[derive(Debug, Clone)]
pub struct Seaquest {
    ramping: bool,
    x: Lanes<i8>,
    y: Lanes<i8>,
    /// 1: faces right, -1: left.
    dx: Lanes<i8>,
    bullets: Swimmers,
    enemy_bullets: Swimmers,
    fish: Swimmers,
    subs: Swimmers,
    divers: Swimmers,
    oxygen: Lanes<i16>,
    divers_on_board: Lanes<i32>,
    at_surface: Lanes<i8>,
    shot_timer: Lanes<i8>,
    spawn_interval: Lanes<i8>,
    spawn_timer: Lanes<i8>,
    diver_spawn_timer: Lanes<i8>,
    move_pause: Lanes<i8>,
    /// Whether it has ramped an odd number of times.
    odd_ramps: Lanes<i8>,
}

/// One of the games.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeaquestBoard {
    x: i8,
    y: i8,
    dx: i8,
    bullets: Vec<Swimmer>,
    enemy_bullets: Vec<Swimmer>,
    fish: Vec<Swimmer>,
    subs: Vec<Swimmer>,
    divers: Vec<Swimmer>,
    oxygen: i16,
    divers_on_board: i32,
    at_surface: i8,
    shot_timer: i8,
    spawn_interval: i8,
    spawn_timer: i8,
    diver_spawn_timer: i8,
    move_pause: i8,
    odd_ramps: i8,
}

impl Seaquest {
    fn spawn_enemy(&mut self, lane: usize, draws: &mut impl Draws) {
        let (x, dx) = if draws.unit() < 1.0 / 2.0 { (0, 1) } else { (LAST, -1) };
        let is_sub = draws.unit() < 1.0 / 3.0;
        let y = 1 + draws.below(ROWS) as i8;
        let against = |enemy: Swimmer| enemy.y == y && enemy.dx != dx;
        if self.subs.on(lane).any(against) || self.fish.on(lane).any(against) {
            return;
        }
        let shot_timer = if is_sub { ENEMY_SHOT_PAUSE } else { 0 };
        let enemy = Swimmer { x, y, dx, move_timer: self.move_pause[lane], shot_timer };
        if is_sub { self.subs.push(lane, enemy) } else { self.fish.push(lane, enemy) }
    }

    fn spawn_diver(&mut self, lane: usize, draws: &mut impl Draws) {
        let (x, dx) = if draws.unit() < 1.0 / 2.0 { (0, 1) } else { (LAST, -1) };
        let y = 1 + draws.below(ROWS) as i8;
        self.divers.push(lane, Swimmer { x, y, dx, move_timer: DIVER_PAUSE, shot_timer: 0 });
    }

    fn steer(&mut self, moves: &Lanes<Move>) {
        let mut fires = [0; ABREAST];
        for i in 0..ABREAST {
            fires[i] = mask(moves[i] == Move::Fire) & mask(self.shot_timer[i] == 0);
        }
        for lane in lanes_of(fires) {
            let bullet = Swimmer::bullet(self.x[lane], self.y[lane], self.dx[lane]);
            self.bullets.push(lane, bullet);
            self.shot_timer[lane] = SHOT_INTERVAL;
        }
        for (i, action) in moves.iter().enumerate() {
            let (dx, dy) = (action.dx(), action.dy());
            self.dx[i] = (self.dx[i] & mask(dx == 0)) | dx;
            self.x[i] = (self.x[i] + dx).clamp(0, LAST);
            self.y[i] = (self.y[i] + dy).clamp(0, DEEPEST);
        }
    }

    fn breathe(&mut self, frames: &mut Frames) {
        let mut surfaces = [0; ABREAST];
        for (i, surfaces) in surfaces.iter_mut().enumerate() {
            let under = mask(self.y[i] > 0);
            frames.over[i] |= mask(self.oxygen[i] <= 0);
            *surfaces = !under & !self.at_surface[i];
            self.at_surface[i] &= !under;
            // Once below 0 the game is over.
            self.oxygen[i] = (self.oxygen[i] + i16::from(under)).max(-1);
        }
        for lane in lanes_of(surfaces) {
            if self.divers_on_board[lane] == 0 {
                frames.over[lane] = mask(true);
            } else {
                frames.reward[lane] += self.surface(lane);
            }
        }
    }

    /// Takes air for a diver; gives the reward.
    fn surface(&mut self, lane: usize) -> i8 {
        self.at_surface[lane] = mask(true);
        let mut reward = 0;
        if self.divers_on_board[lane] == MAX_DIVERS {
            self.divers_on_board[lane] = 0;
            reward = (self.oxygen[lane] * GAUGE / MAX_OXYGEN) as i8;
        }
        self.oxygen[lane] = MAX_OXYGEN;
        self.divers_on_board[lane] -= 1;
        let (spawn, pause) = (&mut self.spawn_interval[lane], &mut self.move_pause[lane]);
        if self.ramping && (*spawn > 1 || *pause > FASTEST) {
            if *pause > FASTEST && self.odd_ramps[lane] != 0 {
                *pause -= 1;
            }
            if *spawn > 1 {
                *spawn -= 1;
            }
            self.odd_ramps[lane] = !self.odd_ramps[lane];
        }
        reward
    }
}

impl Rules for Seaquest {
    type Board = SeaquestBoard;
    const CHANNELS: usize = 10;

    fn new(ramping: bool) -> Self {
        let (zeros, none) = ([0; ABREAST], Swimmers::new());
        Self {
            ramping,
            x: zeros,
            y: zeros,
            dx: zeros,
            bullets: none.clone(),
            enemy_bullets: none.clone(),
            fish: none.clone(),
            subs: none.clone(),
            divers: none,
            oxygen: [0; ABREAST],
            divers_on_board: [0; ABREAST],
            at_surface: zeros,
            shot_timer: zeros,
            spawn_interval: zeros,
            spawn_timer: zeros,
            diver_spawn_timer: zeros,
            move_pause: zeros,
            odd_ramps: zeros,
        }
    }

    fn reset(&mut self, lane: usize, _: &mut impl Draws) {
        let board = SeaquestBoard {
            x: START,
            y: 0,
            dx: -1,
            bullets: Vec::new(),
            enemy_bullets: Vec::new(),
            fish: Vec::new(),
            subs: Vec::new(),
            divers: Vec::new(),
            oxygen: MAX_OXYGEN,
            divers_on_board: 0,
            at_surface: mask(true),
            shot_timer: 0,
            spawn_interval: SPAWN_INTERVAL,
            spawn_timer: SPAWN_INTERVAL,
            diver_spawn_timer: DIVER_SPAWN_INTERVAL,
            move_pause: MOVE_PAUSE,
            odd_ramps: 0,
        };
        self.set(lane, board);
    }

    fn play(&mut self, moves: &Lanes<Move>, draws: &mut [impl Draws]) -> Frames {
        let mut frames = Frames::default();
        for (lane, draws) in draws.iter_mut().enumerate() {
            if self.spawn_timer[lane] == 0 {
                self.spawn_enemy(lane, draws);
                self.spawn_timer[lane] = self.spawn_interval[lane];
            }
            if self.diver_spawn_timer[lane] == 0 {
                self.spawn_diver(lane, draws);
                self.diver_spawn_timer[lane] = DIVER_SPAWN_INTERVAL;
            }
        }
        self.steer(moves);
        self.move_bullets(&mut frames);
        self.move_divers();
        self.move_subs(&mut frames);
        self.move_enemy_bullets(&mut frames);
        self.move_fish(&mut frames);
        for timers in [&mut self.spawn_timer, &mut self.diver_spawn_timer, &mut self.shot_timer] {
            for timer in timers {
                *timer = (*timer - 1).max(0);
            }
        }
        self.breathe(&mut frames);
        frames
    }

    fn observe(&self, lanes: Range<usize>, screens: &mut [u8]) {
        self.show(lanes, screens);
    }

    fn get(&self, lane: usize) -> SeaquestBoard {
        SeaquestBoard {
            x: self.x[lane],
            y: self.y[lane],
            dx: self.dx[lane],
            bullets: self.bullets.on(lane).collect(),
            enemy_bullets: self.enemy_bullets.on(lane).collect(),
            fish: self.fish.on(lane).collect(),
            subs: self.subs.on(lane).collect(),
            divers: self.divers.on(lane).collect(),
            oxygen: self.oxygen[lane],
            divers_on_board: self.divers_on_board[lane],
            at_surface: self.at_surface[lane],
            shot_timer: self.shot_timer[lane],
            spawn_interval: self.spawn_interval[lane],
            spawn_timer: self.spawn_timer[lane],
            diver_spawn_timer: self.diver_spawn_timer[lane],
            move_pause: self.move_pause[lane],
            odd_ramps: self.odd_ramps[lane],
        }
    }

    fn set(&mut self, lane: usize, board: SeaquestBoard) {
        (self.x[lane], self.y[lane], self.dx[lane]) = (board.x, board.y, board.dx);
        self.bullets.set(lane, &board.bullets);
        self.enemy_bullets.set(lane, &board.enemy_bullets);
        self.fish.set(lane, &board.fish);
        self.subs.set(lane, &board.subs);
        self.divers.set(lane, &board.divers);
        self.oxygen[lane] = board.oxygen;
        self.divers_on_board[lane] = board.divers_on_board;
        self.at_surface[lane] = board.at_surface;
        self.shot_timer[lane] = board.shot_timer;
        self.spawn_interval[lane] = board.spawn_interval;
        self.spawn_timer[lane] = board.spawn_timer;
        self.diver_spawn_timer[lane] = board.diver_spawn_timer;
        self.move_pause[lane] = board.move_pause;
        self.odd_ramps[lane] = board.odd_ramps;
    }
}
