//! MinAtar's Freeway: cross eight lanes of cars from the bottom to the top.
//!
//! | channel | what |
//! |---|---|
//! | 0 | chicken, in column 4 |
//! | 1 | cars |
//! | 2 to 6 | trail: the cell behind each car that moves every 2nd, 3rd, .. 6th frame |
//!
//! Moves: up and down, one in three frames. Reward: 1 for each crossing, after which the chicken is back
//! in row 9 and every car takes a new direction and a new speed. A car that hits the chicken sends it
//! back to row 9. Start: the cars in column 0 of rows 1 to 8, with directions and speeds drawn alike.
//! A car that leaves one side comes in at the other. Nothing ramps.
//!
//! Over: after 2,501 frames. The package calls that terminal and so do we: it is a rule of the game that
//! the observation does not show, no time limit of the engine's.

use std::array::from_fn;

use serde::{Deserialize, Serialize};

use super::env::{OPTIONS, spec};
use super::rules::{Draws, Frame, Lanes, Move, OneByOne};
use super::screen::{LAST, Screen};
use crate::EnvRow;

const CHICKEN: usize = 0;
const CAR: usize = 1;
/// The channel of a car's trail is this and the car's pause.
const TRAIL: usize = 1;

const LANES: usize = 8;
const COLUMN: i8 = 4;
const MOVE_INTERVAL: i8 = 3;
/// The longest pause of a car.
const LONGEST: u32 = 5;
/// The game ends when this many frames are over and one more.
const FRAMES: i32 = 2500;

/// The row of MinAtar/Freeway-v0: all six actions.
pub const ROW_V0: EnvRow = EnvRow::new(
    "MinAtar/Freeway-v0",
    "cross eight lanes of cars from the bottom to the top",
    |options| spec::<Lanes<Freeway>>("MinAtar/Freeway-v0", &Move::ALL, options),
)
.options(&OPTIONS);

/// The row of MinAtar/Freeway-v1: the actions that do something.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/Freeway-v1",
    spec: |options| spec::<Lanes<Freeway>>("MinAtar/Freeway-v1", &Freeway::MOVES, options),
    ..ROW_V0
};

/// The game; see the [module](self). A car's row is its place in the arrays and one more; by array, the
/// compiler moves all eight at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeway {
    y: i8,
    x: [i8; LANES],
    /// 1: to the right, -1: to the left.
    dx: [i8; LANES],
    /// Frames between two moves in which a car stands.
    pause: [i8; LANES],
    timer: [i8; LANES],
    move_timer: i8,
    frames_left: i32,
}

/// A column one beyond a side is the last of the other side.
fn wrap(x: i8) -> i8 {
    if x < 0 {
        LAST
    } else if x > LAST {
        0
    } else {
        x
    }
}

impl Freeway {
    pub(super) const MOVES: [Move; 3] = [Move::Noop, Move::Up, Move::Down];

    /// New speeds and directions for all cars.
    fn change_cars(&mut self, draws: &mut impl Draws) {
        self.pause = from_fn(|_| 1 + draws.below(LONGEST) as i8);
        self.timer = self.pause;
        self.dx = from_fn(|_| if draws.unit() < 0.5 { -1 } else { 1 });
    }

    /// Whether a car stands on the chicken.
    fn hit(&self) -> bool {
        let lane = usize::try_from(self.y - 1).ok();
        lane.and_then(|lane| self.x.get(lane)) == Some(&COLUMN)
    }
}

impl OneByOne for Freeway {
    const CHANNELS: usize = 7;

    fn new(_: bool) -> Self {
        Self::default()
    }

    fn reset(&mut self, draws: &mut impl Draws) {
        *self = Self { y: LAST, move_timer: MOVE_INTERVAL, frames_left: FRAMES, ..Self::default() };
        self.change_cars(draws);
    }

    fn play(&mut self, action: Move, draws: &mut impl Draws) -> Frame {
        let mut frame = Frame::default();
        if self.move_timer == 0 && action.dy() != 0 {
            self.move_timer = MOVE_INTERVAL;
            self.y = (self.y + action.dy()).clamp(0, LAST);
        }
        if self.y == 0 {
            frame.reward = 1;
            self.change_cars(draws);
            self.y = LAST;
        }
        let stood = self.hit();
        for car in 0..LANES {
            let moves = self.timer[car] == 0;
            self.timer[car] = if moves { self.pause[car] } else { self.timer[car] - 1 };
            self.x[car] = wrap(self.x[car] + if moves { self.dx[car] } else { 0 });
        }
        if stood | self.hit() {
            self.y = LAST;
        }
        self.move_timer = (self.move_timer - 1).max(0);
        self.frames_left -= 1;
        frame.over = self.frames_left < 0;
        frame
    }

    fn observe(&self, screen: &mut Screen<'_>) {
        screen.mark(CHICKEN, COLUMN, self.y);
        for (car, y) in (1..).enumerate().take(LANES) {
            screen.mark(CAR, self.x[car], y);
            screen.mark(TRAIL + self.pause[car] as usize, wrap(self.x[car] - self.dx[car]), y);
        }
    }
}
