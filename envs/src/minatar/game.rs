//! What the games have in common: the board, the moves, where chances come from, and the choice of a game.

use serde::{Deserialize, Serialize};

use super::asterix::Asterix;
use super::breakout::Breakout;
use super::freeway::Freeway;
use super::seaquest::Seaquest;
use super::space_invaders::SpaceInvaders;
use crate::EnvRng;

/// Rows and columns of the board.
pub const SIDE: usize = 10;
/// The last row and the last column.
pub(super) const LAST: i8 = SIDE as i8 - 1;

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
pub(super) struct Board<'a>(pub &'a mut [u8]);

impl Board<'_> {
    /// Marks a cell; one beside the board is not seen.
    #[inline]
    pub fn mark(&mut self, channel: usize, x: i8, y: i8) {
        if (0..=LAST).contains(&x) && (0..=LAST).contains(&y) {
            self.0[(channel * SIDE + y as usize) * SIDE + x as usize] = 1;
        }
    }

    /// Marks a cell if it is `on`, where no other one of its row and channel is marked: so it does without a
    /// branch, and what stands where cannot be foreseen.
    #[inline]
    pub fn mark_alone(&mut self, on: bool, channel: usize, x: i8, y: i8) {
        let column = x.clamp(0, LAST);
        let cell = (channel * SIDE + y as usize) * SIDE + column as usize;
        self.0[cell] = u8::from(on & (x == column));
    }

    /// Marks the cells of the last row whose columns lie in `from..to`.
    #[inline]
    pub fn bar(&mut self, channel: usize, from: i32, to: i32) {
        let row = &mut self.0[(channel * SIDE + SIDE - 1) * SIDE..][..SIDE];
        for (x, cell) in (0..).zip(row) {
            *cell = u8::from((from <= x) & (x < to));
        }
    }

    /// Writes a whole channel.
    #[inline]
    pub fn fill(&mut self, channel: usize, plane: &Plane) {
        self.0[channel * SIDE * SIDE..][..SIDE * SIDE].copy_from_slice(plane.as_flattened());
    }
}

/// One of the five games and its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Game {
    /// See [`super::asterix`].
    Asterix(Asterix),
    /// See [`super::breakout`].
    Breakout(Breakout),
    /// See [`super::freeway`].
    Freeway(Freeway),
    /// See [`super::seaquest`].
    Seaquest(Seaquest),
    /// See [`super::space_invaders`].
    SpaceInvaders(SpaceInvaders),
}

impl Game {
    /// Channels of the board.
    pub fn channels(&self) -> usize {
        match self {
            Self::Asterix(_) => Asterix::CHANNELS,
            Self::Breakout(_) => Breakout::CHANNELS,
            Self::Freeway(_) => Freeway::CHANNELS,
            Self::Seaquest(_) => Seaquest::CHANNELS,
            Self::SpaceInvaders(_) => SpaceInvaders::CHANNELS,
        }
    }

    /// Starts a new game.
    pub fn reset(&mut self, draws: &mut impl Draws) {
        match self {
            Self::Asterix(game) => game.reset(),
            Self::Breakout(game) => game.reset(draws),
            Self::Freeway(game) => game.reset(draws),
            Self::Seaquest(game) => game.reset(),
            Self::SpaceInvaders(game) => game.reset(),
        }
    }

    /// Plays a frame.
    pub fn play(&mut self, action: Move, draws: &mut impl Draws) -> Frame {
        match self {
            Self::Asterix(game) => game.play(action, draws),
            Self::Breakout(game) => game.play(action),
            Self::Freeway(game) => game.play(action, draws),
            Self::Seaquest(game) => game.play(action, draws),
            Self::SpaceInvaders(game) => game.play(action),
        }
    }

    /// Writes the observation, shape `(channels, 10, 10)`, each cell 0 or 1.
    pub fn observe(&self, obs: &mut [u8]) {
        obs.fill(0);
        let mut board = Board(obs);
        match self {
            Self::Asterix(game) => game.observe(&mut board),
            Self::Breakout(game) => game.observe(&mut board),
            Self::Freeway(game) => game.observe(&mut board),
            Self::Seaquest(game) => game.observe(&mut board),
            Self::SpaceInvaders(game) => game.observe(&mut board),
        }
    }
}
