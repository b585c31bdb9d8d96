//! What the games have in common: the board, the moves, where chances come from, and what rules are.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::EnvRng;

/// Rows and columns of the board.
pub const SIDE: usize = 10;
/// The last row and the last column.
pub(super) const LAST: i8 = SIDE as i8 - 1;

/// Cells of a board with so many channels: the values of an observation.
pub(super) const fn cells(channels: usize) -> usize {
    channels * SIDE * SIDE
}

/// One channel of the board, `[y][x]`, each cell 0 or 1.
pub(super) type Plane = [[u8; SIDE]; SIDE];

/// What the player does in a frame; in each game some moves do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Move {
    /// Nothing.
    Noop,
    /// A cell to the left.
    Left,
    /// A cell up.
    Up,
    /// A cell to the right.
    Right,
    /// A cell down.
    Down,
    /// A shot.
    Fire,
}

impl Move {
    /// All moves in the order of the package: the action set of every `-v0`.
    pub const ALL: [Self; 6] =
        [Self::Noop, Self::Left, Self::Up, Self::Right, Self::Down, Self::Fire];

    /// What the move adds to a column.
    pub(super) fn dx(self) -> i8 {
        i8::from(self == Self::Right) - i8::from(self == Self::Left)
    }

    /// What the move adds to a row; down is positive.
    pub(super) fn dy(self) -> i8 {
        i8::from(self == Self::Down) - i8::from(self == Self::Up)
    }
}

/// Where a game's chances come from: the env's generator, or in tests the draws of a recorded game.
pub trait Draws {
    /// Uniform in `[0, 1)`.
    fn unit(&mut self) -> f64;

    /// Uniform in `0..n`.
    fn below(&mut self, n: u32) -> u32;
}

impl Draws for EnvRng {
    fn unit(&mut self) -> f64 {
        self.random()
    }

    fn below(&mut self, n: u32) -> u32 {
        self.integers(n)
    }
}

/// What a frame gave.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Frame {
    /// The reward.
    pub reward: i32,
    /// Whether the game is over.
    pub over: bool,
}

/// The observation under construction, `(channels, y, x)`.
pub struct Board<'a>(pub(super) &'a mut [u8]);

impl Board<'_> {
    /// Marks a cell; one beside the board is not seen.
    #[inline]
    pub fn mark(&mut self, channel: usize, x: i8, y: i8) {
        if (0..=LAST).contains(&x) && (0..=LAST).contains(&y) {
            self.0[(channel * SIDE + y as usize) * SIDE + x as usize] = 1;
        }
    }

    /// Marks the cells of the last row whose columns lie in `from..to`.
    #[inline]
    pub fn bar(&mut self, channel: usize, from: i32, to: i32) {
        let row = &mut self.0[(channel * SIDE + SIDE - 1) * SIDE..][..SIDE];
        for (x, cell) in (0..).zip(row) {
            *cell = u8::from((from <= x) & (x < to));
        }
    }

    /// Writes 32 cells from a row's first on: a bit each, the lowest first.
    #[inline]
    pub fn bits(&mut self, channel: usize, y: i8, bits: u32) {
        let cells = &mut self.0[(channel * SIDE + y as usize) * SIDE..][..32];
        for (cells, bits) in cells.chunks_exact_mut(8).zip(bits.to_le_bytes()) {
            // Each byte keeps its own bit of a copy of them; 127 more lift it to the highest bit.
            let own = (u64::from(bits) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
            let high = (own + 0x7f7f_7f7f_7f7f_7f7f) & 0x8080_8080_8080_8080;
            cells.copy_from_slice(&(high >> 7).to_le_bytes());
        }
    }

    /// Writes a whole channel.
    #[inline]
    pub fn fill(&mut self, channel: usize, plane: &Plane) {
        self.0[channel * SIDE * SIDE..][..SIDE * SIDE].copy_from_slice(plane.as_flattened());
    }
}

/// The rules of a game, for one board.
pub trait Game: Clone + Send + Serialize + DeserializeOwned {
    /// Channels of the board.
    const CHANNELS: usize;

    /// A game, to be reset before its first frame; `ramping`: whether it grows harder as it goes on.
    fn new(ramping: bool) -> Self;

    /// Starts a new game.
    fn reset(&mut self, draws: &mut impl Draws);

    /// Plays a frame.
    fn play(&mut self, action: Move, draws: &mut impl Draws) -> Frame;

    /// Marks what there is to see on an empty board.
    fn observe(&self, board: &mut Board<'_>);
}
