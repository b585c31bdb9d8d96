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

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::env::{OPTIONS, spec};
use super::rules::{ABREAST, Draws, Frames, Lanes, Move, Rules, mask};
use super::screen::{LAST, SIDE, Screen, cells};
use super::spots::{rows, spots};
use crate::EnvRow;

const PADDLE: usize = 0;
const BALL: usize = 1;
const TRAIL: usize = 2;
const BRICK: usize = 3;

/// Row in which the ball starts.
const START_ROW: i8 = 3;
/// Column in which the paddle starts.
const START_PADDLE: i8 = 4;

/// The row of the first brick.
const WALL_TOP: i8 = 1;
/// The bricks of a new board, a bit each: three rows of ten.
const WALL: u32 = (1 << 30) - 1;

/// The row of MinAtar/Breakout-v0: all six actions.
pub const ROW_V0: EnvRow = EnvRow::new(
    "MinAtar/Breakout-v0",
    "keep a ball in play with a paddle and break the bricks",
    |options| spec::<Breakout>("MinAtar/Breakout-v0", &Move::ALL, options),
)
.options(&OPTIONS);

/// The row of MinAtar/Breakout-v1: the actions that do something.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/Breakout-v1",
    spec: |options| spec::<Breakout>("MinAtar/Breakout-v1", &Breakout::MOVES, options),
    ..ROW_V0
};

/// The games; see the [module](self).
#[derive(Debug, Clone, Default)]
pub struct Breakout {
    paddle: Lanes<i8>,
    x: Lanes<i8>,
    y: Lanes<i8>,
    dx: Lanes<i8>,
    dy: Lanes<i8>,
    last_x: Lanes<i8>,
    last_y: Lanes<i8>,
    /// Whether the ball broke a brick and has not left the bricks since: a mask.
    strike: Lanes<i8>,
    /// Bit `10 (y - 1) + x`: the brick at `(x, y)`.
    bricks: Lanes<u32>,
}

/// One of the games.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakoutBoard {
    paddle: i8,
    x: i8,
    y: i8,
    dx: i8,
    dy: i8,
    last_x: i8,
    last_y: i8,
    strike: i8,
    bricks: u32,
}

/// `-d` where the mask is set.
#[inline]
fn turned(d: i8, mask: i8) -> i8 {
    (d ^ mask) - mask
}

impl Breakout {
    pub(super) const MOVES: [Move; 3] = [Move::Noop, Move::Left, Move::Right];
}

impl Rules for Breakout {
    type Board = BreakoutBoard;
    const CHANNELS: usize = 4;

    fn new(_: bool) -> Self {
        Self::default()
    }

    fn reset(&mut self, lane: usize, draws: &mut impl Draws) {
        let (x, dx) = if draws.below(2) == 0 { (0, 1) } else { (LAST, -1) };
        let board = BreakoutBoard {
            paddle: START_PADDLE,
            x,
            y: START_ROW,
            dx,
            dy: 1,
            last_x: x,
            last_y: START_ROW,
            strike: 0,
            bricks: WALL,
        };
        self.set(lane, board);
    }

    fn play(&mut self, moves: &Lanes<Move>, _: &mut [impl Draws]) -> Frames {
        let mut frames = Frames::default();
        let (mut x, mut y) = ([0; ABREAST], [0; ABREAST]);
        let (mut ceiling, mut cell) = ([0; ABREAST], [0; ABREAST]);
        for i in 0..ABREAST {
            self.paddle[i] = (self.paddle[i] + moves[i].dx()).clamp(0, LAST);
            (self.last_x[i], self.last_y[i]) = (self.x[i], self.y[i]);
            let (to_x, to_y) = (self.x[i] + self.dx[i], self.y[i] + self.dy[i]);
            (x[i], y[i]) = (to_x.clamp(0, LAST), to_y.max(0));
            self.dx[i] = turned(self.dx[i], mask(to_x != x[i]));
            ceiling[i] = mask(to_y < 0);
            cell[i] = (y[i] - WALL_TOP) * SIDE as i8 + x[i];
        }
        let (mut in_brick, mut cleared) = ([0; ABREAST], [0; ABREAST]);
        for i in 0..ABREAST {
            // A cell above or below the bricks is no bit of them.
            let bit = 1_u32.checked_shl(cell[i] as u8 as u32).unwrap_or(0);
            in_brick[i] = mask(self.bricks[i] & bit != 0);
            self.bricks[i] &= !bit | self.strike[i] as u32;
            cleared[i] = mask(self.bricks[i] == 0);
        }
        for i in 0..ABREAST {
            let hit = in_brick[i] & !self.strike[i];
            let floor = mask(y[i] == LAST);
            let old = floor & mask(self.paddle[i] == self.last_x[i]);
            let new = floor & !old & mask(self.paddle[i] == x[i]);
            let back = hit | old | new;
            self.dx[i] = turned(self.dx[i], new);
            self.dy[i] = turned(self.dy[i], ceiling[i] | back);
            self.strike[i] = (self.strike[i] | hit) & in_brick[i];
            (self.x[i], self.y[i]) = (x[i], (y[i] & !back) | (self.last_y[i] & back));
            cleared[i] &= floor;
            frames.reward[i] = -hit;
            frames.over[i] = floor & !old & !new;
        }
        for (bricks, cleared) in self.bricks.iter_mut().zip(cleared) {
            *bricks |= WALL & i32::from(cleared) as u32;
        }
        frames
    }

    fn observe(&self, lanes: Range<usize>, screens: &mut [u8]) {
        let paddle = spots(PADDLE, &self.paddle, &rows(&[LAST; ABREAST]));
        let ball = spots(BALL, &self.x, &rows(&self.y));
        let trail = spots(TRAIL, &self.last_x, &rows(&self.last_y));
        let (screens, _) = screens.as_chunks_mut::<{ cells(Breakout::CHANNELS) }>();
        for (lane, screen) in lanes.zip(screens) {
            for mark in [&paddle, &ball, &trail] {
                screen[usize::from(mark[lane])] = 1;
            }
            Screen(screen).bits(BRICK, WALL_TOP, self.bricks[lane]);
        }
    }

    fn get(&self, lane: usize) -> BreakoutBoard {
        BreakoutBoard {
            paddle: self.paddle[lane],
            x: self.x[lane],
            y: self.y[lane],
            dx: self.dx[lane],
            dy: self.dy[lane],
            last_x: self.last_x[lane],
            last_y: self.last_y[lane],
            strike: self.strike[lane],
            bricks: self.bricks[lane],
        }
    }

    fn set(&mut self, lane: usize, board: BreakoutBoard) {
        self.paddle[lane] = board.paddle;
        (self.x[lane], self.y[lane]) = (board.x, board.y);
        (self.dx[lane], self.dy[lane]) = (board.dx, board.dy);
        (self.last_x[lane], self.last_y[lane]) = (board.last_x, board.last_y);
        self.strike[lane] = board.strike;
        self.bricks[lane] = board.bricks;
    }
}
