//! MinAtar's Breakout: keep a ball in play with a paddle and break the bricks.
//!
//! | channel | what |
//! |---|---|
//! | 0 | paddle, in row 9 |
//! | 1 | ball |
//! | 2 | trail: where the ball was a frame ago |
//! | 3 | bricks |
//!
//! Moves: left and right. Reward: 1 a brick. Start: three full rows of bricks (1 to 3), the paddle in
//! column 4, the ball in row 3 at the left or the right wall, going down and inwards.
//!
//! The ball goes along diagonals, a cell a frame. Walls and the ceiling turn it; a brick breaks and
//! sends it back, but the next breaks only after a frame outside bricks. In row 9 a paddle under the
//! ball's old column turns its vertical direction, one in its new column turns both, and without
//! either the game is over. A cleared board is filled anew when the ball next comes to row 9.
//! Nothing ramps.

use serde::{Deserialize, Serialize};

use super::env::{OPTIONS, spec};
use super::game::{Board, Draws, Frame, Game, LAST, Move, Plane, SIDE};
use crate::EnvRow;

const PADDLE: usize = 0;
const BALL: usize = 1;
const TRAIL: usize = 2;
const BRICK: usize = 3;

/// Row in which the ball starts.
const START_ROW: i8 = 3;
/// Column in which the paddle starts.
const START_PADDLE: i8 = 4;

/// The bricks of a new board.
const WALL: Plane = {
    let mut wall = [[0; SIDE]; SIDE];
    wall[1] = [1; SIDE];
    wall[2] = [1; SIDE];
    wall[3] = [1; SIDE];
    wall
};

/// The row of MinAtar/Breakout-v0: all six actions.
pub const ROW_V0: EnvRow = EnvRow {
    id: "MinAtar/Breakout-v0",
    about: "keep a ball in play with a paddle and break the bricks",
    options: &OPTIONS,
    needs: None,
    spec: |options| spec("MinAtar/Breakout-v0", &Move::ALL, options, new),
};

/// The row of MinAtar/Breakout-v1: the actions that do something.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/Breakout-v1",
    spec: |options| spec("MinAtar/Breakout-v1", &Breakout::MOVES, options, new),
    ..ROW_V0
};

fn new(_: bool) -> Game {
    Game::Breakout(Breakout::default())
}

/// The game; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Breakout {
    paddle: i8,
    x: i8,
    y: i8,
    dx: i8,
    dy: i8,
    last_x: i8,
    last_y: i8,
    bricks: Plane,
    /// Whether the ball broke a brick and has not left the bricks since.
    strike: bool,
}

impl Breakout {
    pub(super) const CHANNELS: usize = 4;
    pub(super) const MOVES: [Move; 3] = [Move::Noop, Move::Left, Move::Right];

    pub(super) fn reset(&mut self, draws: &mut impl Draws) {
        let (x, dx) = if draws.below(2) == 0 { (0, 1) } else { (LAST, -1) };
        *self = Self {
            paddle: START_PADDLE,
            x,
            y: START_ROW,
            dx,
            dy: 1,
            last_x: x,
            last_y: START_ROW,
            bricks: WALL,
            strike: false,
        };
    }

    pub(super) fn play(&mut self, action: Move) -> Frame {
        let mut frame = Frame::default();
        self.paddle = (self.paddle + action.dx()).clamp(0, LAST);
        (self.last_x, self.last_y) = (self.x, self.y);
        let (mut x, mut y) = (self.x + self.dx, self.y + self.dy);
        if !(0..=LAST).contains(&x) {
            x = x.clamp(0, LAST);
            self.dx = -self.dx;
        }
        let mut in_brick = false;
        if y < 0 {
            y = 0;
            self.dy = -self.dy;
        } else if self.bricks[y as usize][x as usize] == 1 {
            in_brick = true;
            if !self.strike {
                frame.reward = 1;
                self.strike = true;
                self.bricks[y as usize][x as usize] = 0;
                y = self.last_y;
                self.dy = -self.dy;
            }
        } else if y == LAST {
            if self.bricks == [[0; SIDE]; SIDE] {
                self.bricks = WALL;
            }
            if self.paddle == self.last_x {
                self.dy = -self.dy;
                y = self.last_y;
            } else if self.paddle == x {
                (self.dx, self.dy) = (-self.dx, -self.dy);
                y = self.last_y;
            } else {
                frame.over = true;
            }
        }
        self.strike &= in_brick;
        (self.x, self.y) = (x, y);
        frame
    }

    pub(super) fn observe(&self, board: &mut Board<'_>) {
        board.mark(PADDLE, self.paddle, LAST);
        board.mark(BALL, self.x, self.y);
        board.mark(TRAIL, self.last_x, self.last_y);
        board.fill(BRICK, &self.bricks);
    }
}
