//! Boards side by side: their rules, and what stands between these and the players: sticky actions and the end.

use std::ops::Range;
use std::slice::from_mut;

use serde::{Deserialize, Serialize};

use super::rules::{ABREAST, Draws, Frame, Frames, Lanes, Move, Rules, mask};

/// [`ABREAST`] boards that are played at once.
#[derive(Debug, Clone)]
pub struct Boards<R> {
    ramping: bool,
    /// The probability with which `last` is played in place of the wanted move.
    sticky: f64,
    rules: R,
    /// It lives through the ends of episodes, as in the package.
    last: Lanes<Move>,
    over: Lanes<bool>,
}

/// One of them, as it is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<B> {
    board: B,
    last: Move,
    over: bool,
}

impl<R: Rules> Boards<R> {
    /// Games that stick to the last move with probability `sticky`; each needs [`Boards::start`].
    pub fn new(ramping: bool, sticky: f64) -> Self {
        let (last, over) = ([Move::Noop; ABREAST], [false; ABREAST]);
        Self { ramping, sticky, rules: R::new(ramping), last, over }
    }

    /// Starts an episode.
    pub fn start(&mut self, lane: usize, draws: &mut impl Draws) {
        self.rules.reset(lane, draws);
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
        let frames = self.rules.play(&self.last, draws);
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
        let mut alone = R::new(self.ramping);
        alone.set(0, self.rules.get(lane));
        let frame = alone.play(&[self.last[lane]; ABREAST], from_mut(draws)).lane(0);
        self.rules.set(lane, alone.get(0));
        self.over[lane] = frame.over;
        frame
    }

    /// Writes the observations of these lanes, shape `(lanes, channels, 10, 10)`, each cell 0 or 1.
    #[inline]
    pub fn observe(&self, lanes: Range<usize>, obs: &mut [u8]) {
        obs.fill(0);
        self.rules.observe(lanes, obs);
    }

    /// The state of a lane as JSON, in which each value has its name: what a later version calls otherwise is
    /// refused, and never taken for something else.
    pub fn save(&self, lane: usize) -> serde_json::Result<String> {
        let board = self.rules.get(lane);
        serde_json::to_string(&Saved { board, last: self.last[lane], over: self.over[lane] })
    }

    /// Takes back what [`Boards::save`] gave; on an error the lane stays as it was.
    pub fn restore(&mut self, lane: usize, saved: &str) -> serde_json::Result<()> {
        let Saved { board, last, over } = serde_json::from_str(saved)?;
        self.rules.set(lane, board);
        (self.last[lane], self.over[lane]) = (last, over);
        Ok(())
    }

    /// Makes a lane what it was when it was new.
    pub fn renew(&mut self, lane: usize) {
        self.rules.set(lane, R::new(self.ramping).get(lane));
        (self.last[lane], self.over[lane]) = (Move::Noop, false);
    }
}
