//! What the rules of a game are: those of several boards at once, so that a step of many games is short. What
//! differs from board to board, a compare or a choice, is then a vector instruction and no branch to be
//! mispredicted. Rules that are not worth that are those of a board alone ([`OneByOne`]).

use std::array::from_fn;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::screen::{Screen, cells};
use crate::EnvRng;

/// Boards that are played at once: as many as a vector register has bytes in every build for x86-64.
pub const ABREAST: usize = 16;

/// A value for each of them.
pub type Lanes<T> = [T; ABREAST];

/// All bits where `holds`, none elsewhere: a choice between lanes.
#[inline]
pub(super) fn mask(holds: bool) -> i8 {
    -i8::from(holds)
}

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

/// What a frame gave, by lane.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frames {
    /// The rewards.
    pub reward: Lanes<i8>,
    /// Which games are over: -1, else 0.
    pub over: Lanes<i8>,
}

impl Frames {
    /// That of one lane.
    pub fn lane(&self, lane: usize) -> Frame {
        Frame { reward: self.reward[lane].into(), over: self.over[lane] != 0 }
    }
}

/// The rules of a game, for [`ABREAST`] boards. A lane that is not used holds a game that nobody plays.
pub trait Rules: Clone + Send {
    /// One board, as it is saved: by the names of its fields.
    type Board: Serialize + DeserializeOwned;
    /// Channels of the board.
    const CHANNELS: usize;

    /// Boards, each to be reset before its first frame; `ramping`: whether they grow harder as they go on.
    fn new(ramping: bool) -> Self;

    /// Starts a new game.
    fn reset(&mut self, lane: usize, draws: &mut impl Draws);

    /// Plays a frame on every board; only the first `draws.len()` are used.
    fn play(&mut self, moves: &Lanes<Move>, draws: &mut [impl Draws]) -> Frames;

    /// Marks what there is to see on the screens of these lanes, which lie one after the other and are empty.
    fn observe(&self, lanes: Range<usize>, screens: &mut [u8]);

    /// The board of a lane.
    fn get(&self, lane: usize) -> Self::Board;

    /// Puts a board into a lane.
    fn set(&mut self, lane: usize, board: Self::Board);
}

/// A board that is played alone; so many of them one by one are [`Rules`].
pub trait OneByOne: Clone + Send + Serialize + DeserializeOwned {
    /// Channels of the board.
    const CHANNELS: usize;

    /// [`Rules::new`] of one.
    fn new(ramping: bool) -> Self;

    /// Starts a new game.
    fn reset(&mut self, draws: &mut impl Draws);

    /// Plays a frame.
    fn play(&mut self, action: Move, draws: &mut impl Draws) -> Frame;

    /// Marks what there is to see on an empty screen.
    fn observe(&self, screen: &mut Screen<'_>);
}

impl<B: OneByOne> Rules for Lanes<B> {
    type Board = B;
    const CHANNELS: usize = B::CHANNELS;

    fn new(ramping: bool) -> Self {
        from_fn(|_| B::new(ramping))
    }

    fn reset(&mut self, lane: usize, draws: &mut impl Draws) {
        self[lane].reset(draws);
    }

    fn play(&mut self, moves: &Lanes<Move>, draws: &mut [impl Draws]) -> Frames {
        let mut frames = Frames::default();
        for (lane, draws) in draws.iter_mut().enumerate() {
            let frame = self[lane].play(moves[lane], draws);
            frames.reward[lane] = frame.reward as i8;
            frames.over[lane] = mask(frame.over);
        }
        frames
    }

    fn observe(&self, lanes: Range<usize>, screens: &mut [u8]) {
        for (board, screen) in self[lanes].iter().zip(screens.chunks_exact_mut(cells(B::CHANNELS)))
        {
            board.observe(&mut Screen(screen));
        }
    }

    fn get(&self, lane: usize) -> B {
        self[lane].clone()
    }

    fn set(&mut self, lane: usize, board: B) {
        self[lane] = board;
    }
}
