//! Rules that are worked out for several boards at once, so that a step of many games is short: what differs
//! from board to board, a compare or a choice, is then a vector instruction and no branch to be mispredicted.

use std::array::from_fn;
use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::game::{Board, Draws, Frame, Game, Move, cells};

/// Boards that are played at once: as many as a vector register has bytes in every build for x86-64.
pub const ABREAST: usize = 16;

/// A value for each of them.
pub type Lanes<T> = [T; ABREAST];

/// All bits where `holds`, none elsewhere: a choice between lanes.
#[inline]
pub(super) fn mask(holds: bool) -> i8 {
    -i8::from(holds)
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
pub trait Boards: Clone + Send {
    /// One board.
    type Board: Serialize + DeserializeOwned;
    /// Channels of the board.
    const CHANNELS: usize;

    /// Boards, each to be reset before its first frame; `ramping`: whether they grow harder as they go on.
    fn new(ramping: bool) -> Self;

    /// Starts a new game.
    fn reset(&mut self, lane: usize, draws: &mut impl Draws);

    /// Plays a frame on every board; only the first `draws.len()` are used.
    fn play(&mut self, moves: &Lanes<Move>, draws: &mut [impl Draws]) -> Frames;

    /// Marks what there is to see on the boards of these lanes, which lie one after the other and are empty.
    fn observe(&self, lanes: Range<usize>, boards: &mut [u8]);

    /// The board of a lane.
    fn get(&self, lane: usize) -> Self::Board;

    /// Puts a board into a lane.
    fn set(&mut self, lane: usize, board: Self::Board);
}

/// Boards one after the other.
impl<G: Game> Boards for Lanes<G> {
    type Board = G;
    const CHANNELS: usize = G::CHANNELS;

    fn new(ramping: bool) -> Self {
        from_fn(|_| G::new(ramping))
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

    fn observe(&self, lanes: Range<usize>, boards: &mut [u8]) {
        for (game, board) in self[lanes].iter().zip(boards.chunks_exact_mut(cells(G::CHANNELS))) {
            game.observe(&mut Board(board));
        }
    }

    fn get(&self, lane: usize) -> G {
        self[lane].clone()
    }

    fn set(&mut self, lane: usize, board: G) {
        self[lane] = board;
    }
}
