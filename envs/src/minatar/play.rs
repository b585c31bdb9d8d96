//! What stands between the boards and their players: sticky actions and the end.

use std::ops::Range;
use std::slice::from_mut;

use serde::{Deserialize, Serialize};

use super::boards::{ABREAST, Boards, Frames, Lanes, mask};
use super::game::{Draws, Frame, Move};

/// Boards that are played abreast.
#[derive(Debug, Clone)]
pub struct Play<B> {
    ramping: bool,
    /// The probability with which `last` is played in place of the wanted move.
    sticky: f64,
    boards: B,
    /// It lives through the ends of episodes, as in the package.
    last: Lanes<Move>,
    over: Lanes<bool>,
}

/// One of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Played<G> {
    board: G,
    last: Move,
    over: bool,
}

impl<B: Boards> Play<B> {
    /// Games that stick to the last move with probability `sticky`; each needs [`Play::start`].
    pub fn new(ramping: bool, sticky: f64) -> Self {
        let (last, over) = ([Move::Noop; ABREAST], [false; ABREAST]);
        Self { ramping, sticky, boards: B::new(ramping), last, over }
    }

    /// Starts an episode.
    pub fn start(&mut self, lane: usize, draws: &mut impl Draws) {
        self.boards.reset(lane, draws);
        self.over[lane] = false;
    }

    /// Forgets the last move, so that nothing of the past can stick.
    pub fn forget(&mut self, lane: usize) {
        self.last[lane] = Move::Noop;
    }

    /// Plays a frame in the first `draws.len()` lanes.
    #[inline]
    pub fn step(&mut self, wanted: &Lanes<Move>, draws: &mut [impl Draws]) -> Frames {
        if self.over != [false; ABREAST] {
            return self.step_in_turn(wanted, draws);
        }
        let mut sticks = [true; ABREAST];
        for (sticks, draws) in sticks.iter_mut().zip(&mut *draws) {
            *sticks = draws.unit() < self.sticky;
        }
        for lane in 0..ABREAST {
            self.last[lane] = if sticks[lane] { self.last[lane] } else { wanted[lane] };
        }
        let frames = self.boards.play(&self.last, draws);
        for lane in 0..draws.len() {
            self.over[lane] = frames.over[lane] != 0;
        }
        frames
    }

    /// The same, where some may be over.
    #[cold]
    fn step_in_turn(&mut self, wanted: &Lanes<Move>, draws: &mut [impl Draws]) -> Frames {
        let mut frames = Frames::default();
        for (lane, draws) in draws.iter_mut().enumerate() {
            let frame = self.step_one(lane, wanted[lane], draws);
            (frames.reward[lane], frames.over[lane]) = (frame.reward as i8, mask(frame.over));
        }
        frames
    }

    /// Plays a frame in one lane; after the end nothing moves any more and the reward is 0.
    pub fn step_one(&mut self, lane: usize, wanted: Move, draws: &mut impl Draws) -> Frame {
        let sticks = draws.unit() < self.sticky;
        if !sticks {
            self.last[lane] = wanted;
        }
        if self.over[lane] {
            return Frame { reward: 0, over: true };
        }
        let mut alone = B::new(self.ramping);
        alone.set(0, self.boards.get(lane));
        let frame = alone.play(&[self.last[lane]; ABREAST], from_mut(draws)).lane(0);
        self.boards.set(lane, alone.get(0));
        self.over[lane] = frame.over;
        frame
    }

    /// Writes the observations of these lanes, shape `(lanes, channels, 10, 10)`, each cell 0 or 1.
    #[inline]
    pub fn observe(&self, lanes: Range<usize>, obs: &mut [u8]) {
        obs.fill(0);
        self.boards.observe(lanes, obs);
    }

    /// The state of a lane.
    pub fn get(&self, lane: usize) -> Played<B::Board> {
        let board = self.boards.get(lane);
        Played { board, last: self.last[lane], over: self.over[lane] }
    }

    /// Puts a state into a lane.
    pub fn set(&mut self, lane: usize, played: Played<B::Board>) {
        self.boards.set(lane, played.board);
        (self.last[lane], self.over[lane]) = (played.last, played.over);
    }
}
