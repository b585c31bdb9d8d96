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

use serde::{Deserialize, Serialize};

use super::boards::Lanes;
use super::env::{OPTIONS, spec};
use super::game::{Board, Draws, Frame, Game, LAST, Move};
use super::swimmer::{Swimmer, remove_at};
use crate::EnvRow;

const FRONT: usize = 0;
const BACK: usize = 1;
const BULLET: usize = 2;
const TRAIL: usize = 3;
const ENEMY_BULLET: usize = 4;
const FISH: usize = 5;
const ENEMY_SUB: usize = 6;
const OXYGEN_GAUGE: usize = 7;
const DIVER_GAUGE: usize = 8;
const DIVER: usize = 9;

const START: i8 = 5;
/// The deepest row of the player.
const DEEPEST: i8 = 8;
/// Rows, from 1 on, in which enemies and divers come in.
const LANES: u32 = 8;
const MAX_OXYGEN: i32 = 200;
/// Cells of the oxygen bar.
const GAUGE: i32 = 10;
const MAX_DIVERS: i32 = 6;
const SPAWN_INTERVAL: i8 = 20;
const DIVER_SPAWN_INTERVAL: i8 = 30;
/// What an enemy waits between moves; the least is [`FASTEST`].
const MOVE_PAUSE: i8 = 5;
const FASTEST: i8 = 2;
const DIVER_PAUSE: i8 = 5;
const SHOT_INTERVAL: i8 = 5;
const ENEMY_SHOT_PAUSE: i8 = 10;
/// Room for all that can be in the water at once: an enemy a frame, each gone after 30.
const CAPACITY: usize = 64;

/// The row of MinAtar/Seaquest-v0: all six actions.
pub const ROW_V0: EnvRow = EnvRow {
    id: "MinAtar/Seaquest-v0",
    about: "shoot enemies under water, rescue divers and come up for air",
    options: &OPTIONS,
    needs: None,
    spec: |options| spec::<Lanes<Seaquest>>("MinAtar/Seaquest-v0", &Move::ALL, options),
};

/// The row of MinAtar/Seaquest-v1: all of them do something, so as `-v0`.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/Seaquest-v1",
    spec: |options| spec::<Lanes<Seaquest>>("MinAtar/Seaquest-v1", &Move::ALL, options),
    ..ROW_V0
};

/// The game; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Seaquest {
    ramping: bool,
    x: i8,
    y: i8,
    /// 1: faces right, -1: left.
    dx: i8,
    bullets: Vec<Swimmer>,
    enemy_bullets: Vec<Swimmer>,
    fish: Vec<Swimmer>,
    subs: Vec<Swimmer>,
    divers: Vec<Swimmer>,
    oxygen: i32,
    divers_on_board: i32,
    at_surface: bool,
    shot_timer: i8,
    spawn_interval: i8,
    spawn_timer: i8,
    diver_spawn_timer: i8,
    move_pause: i8,
    ramps: u32,
}

impl Seaquest {
    fn spawn_enemy(&mut self, draws: &mut impl Draws) {
        let (x, dx) = if draws.unit() < 1.0 / 2.0 { (0, 1) } else { (LAST, -1) };
        let is_sub = draws.unit() < 1.0 / 3.0;
        let y = 1 + draws.below(LANES) as i8;
        if self.subs.iter().chain(&self.fish).any(|enemy| enemy.y == y && enemy.dx != dx) {
            return;
        }
        let shot_timer = if is_sub { ENEMY_SHOT_PAUSE } else { 0 };
        let enemy = Swimmer { x, y, dx, move_timer: self.move_pause, shot_timer };
        if is_sub { self.subs.push(enemy) } else { self.fish.push(enemy) }
    }

    fn spawn_diver(&mut self, draws: &mut impl Draws) {
        let (x, dx) = if draws.unit() < 1.0 / 2.0 { (0, 1) } else { (LAST, -1) };
        let y = 1 + draws.below(LANES) as i8;
        self.divers.push(Swimmer { x, y, dx, move_timer: DIVER_PAUSE, shot_timer: 0 });
    }

    fn steer(&mut self, action: Move) {
        if action == Move::Fire && self.shot_timer == 0 {
            self.bullets.push(Swimmer::bullet(self.x, self.y, self.dx));
            self.shot_timer = SHOT_INTERVAL;
        }
        if action.dx() != 0 {
            self.dx = action.dx();
        }
        self.x = (self.x + action.dx()).clamp(0, LAST);
        self.y = (self.y + action.dy()).clamp(0, DEEPEST);
    }

    fn move_bullets(&mut self, frame: &mut Frame) {
        for i in (0..self.bullets.len()).rev() {
            self.bullets[i].x += self.bullets[i].dx;
            let Swimmer { x, y, .. } = self.bullets[i];
            if !self.bullets[i].inside() {
                self.bullets.remove(i);
            } else if remove_at(&mut self.fish, x, y) || remove_at(&mut self.subs, x, y) {
                self.bullets.remove(i);
                frame.reward += 1;
            }
        }
    }

    fn move_divers(&mut self) {
        for i in (0..self.divers.len()).rev() {
            let room = self.divers_on_board < MAX_DIVERS;
            let mut rescued = room && self.divers[i].at(self.x, self.y);
            if !rescued && self.divers[i].swim(DIVER_PAUSE) {
                rescued = room && self.divers[i].at(self.x, self.y);
                if !self.divers[i].inside() {
                    self.divers.remove(i);
                }
            }
            if rescued {
                self.divers.remove(i);
                self.divers_on_board += 1;
            }
        }
    }

    fn move_subs(&mut self, frame: &mut Frame) {
        let player = (self.x, self.y);
        for i in (0..self.subs.len()).rev() {
            let sub = &mut self.subs[i];
            let gone = sub.hunt(self.move_pause, player, &mut self.bullets, frame);
            // Also one that is just gone fires.
            if sub.shot_timer == 0 {
                sub.shot_timer = ENEMY_SHOT_PAUSE;
                self.enemy_bullets.push(Swimmer::bullet(sub.x, sub.y, sub.dx));
            } else {
                sub.shot_timer -= 1;
            }
            if gone {
                self.subs.remove(i);
            }
        }
    }

    fn move_enemy_bullets(&mut self, frame: &mut Frame) {
        for i in (0..self.enemy_bullets.len()).rev() {
            let shot = &mut self.enemy_bullets[i];
            frame.over |= shot.at(self.x, self.y);
            shot.x += shot.dx;
            frame.over |= shot.at(self.x, self.y);
            if !shot.inside() {
                self.enemy_bullets.remove(i);
            }
        }
    }

    fn move_fish(&mut self, frame: &mut Frame) {
        let player = (self.x, self.y);
        for i in (0..self.fish.len()).rev() {
            if self.fish[i].hunt(self.move_pause, player, &mut self.bullets, frame) {
                self.fish.remove(i);
            }
        }
    }

    fn breathe(&mut self, frame: &mut Frame) {
        frame.over |= self.oxygen <= 0;
        if self.y > 0 {
            self.oxygen -= 1;
            self.at_surface = false;
        } else if !self.at_surface {
            if self.divers_on_board == 0 {
                frame.over = true;
            } else {
                frame.reward += self.surface();
            }
        }
    }

    /// Takes air for a diver; gives the reward.
    fn surface(&mut self) -> i32 {
        self.at_surface = true;
        let mut reward = 0;
        if self.divers_on_board == MAX_DIVERS {
            self.divers_on_board = 0;
            reward = self.oxygen * GAUGE / MAX_OXYGEN;
        }
        self.oxygen = MAX_OXYGEN;
        self.divers_on_board -= 1;
        if self.ramping && (self.spawn_interval > 1 || self.move_pause > FASTEST) {
            if self.move_pause > FASTEST && self.ramps % 2 == 1 {
                self.move_pause -= 1;
            }
            if self.spawn_interval > 1 {
                self.spawn_interval -= 1;
            }
            self.ramps += 1;
        }
        reward
    }
}

impl Game for Seaquest {
    const CHANNELS: usize = 10;

    fn new(ramping: bool) -> Self {
        Self { ramping, ..Self::default() }
    }

    fn reset(&mut self, _: &mut impl Draws) {
        for swimmers in [
            &mut self.bullets,
            &mut self.enemy_bullets,
            &mut self.fish,
            &mut self.subs,
            &mut self.divers,
        ] {
            swimmers.clear();
            swimmers.reserve(CAPACITY);
        }
        (self.x, self.y, self.dx) = (START, 0, -1);
        self.oxygen = MAX_OXYGEN;
        self.divers_on_board = 0;
        self.at_surface = true;
        self.shot_timer = 0;
        self.spawn_interval = SPAWN_INTERVAL;
        self.spawn_timer = SPAWN_INTERVAL;
        self.diver_spawn_timer = DIVER_SPAWN_INTERVAL;
        self.move_pause = MOVE_PAUSE;
        self.ramps = 0;
    }

    fn play(&mut self, action: Move, draws: &mut impl Draws) -> Frame {
        let mut frame = Frame::default();
        if self.spawn_timer == 0 {
            self.spawn_enemy(draws);
            self.spawn_timer = self.spawn_interval;
        }
        if self.diver_spawn_timer == 0 {
            self.spawn_diver(draws);
            self.diver_spawn_timer = DIVER_SPAWN_INTERVAL;
        }
        self.steer(action);
        self.move_bullets(&mut frame);
        self.move_divers();
        self.move_subs(&mut frame);
        self.move_enemy_bullets(&mut frame);
        self.move_fish(&mut frame);
        for timer in [&mut self.spawn_timer, &mut self.diver_spawn_timer, &mut self.shot_timer] {
            *timer = (*timer - 1).max(0);
        }
        self.breathe(&mut frame);
        frame
    }

    fn observe(&self, board: &mut Board<'_>) {
        board.mark(FRONT, self.x, self.y);
        board.mark(BACK, self.x - self.dx, self.y);
        board.bar(OXYGEN_GAUGE, 0, self.oxygen.max(0) * GAUGE / MAX_OXYGEN);
        let last = i32::from(LAST);
        board.bar(DIVER_GAUGE, last - self.divers_on_board, last);
        for (channel, trail, swimmers) in [
            (BULLET, false, &self.bullets),
            (ENEMY_BULLET, false, &self.enemy_bullets),
            (FISH, true, &self.fish),
            (ENEMY_SUB, true, &self.subs),
            (DIVER, true, &self.divers),
        ] {
            for swimmer in swimmers {
                board.mark(channel, swimmer.x, swimmer.y);
                if trail {
                    board.mark(TRAIL, swimmer.x - swimmer.dx, swimmer.y);
                }
            }
        }
    }
}
