//! A game being played: the game itself and the sticky actions in front of it.

use serde::{Deserialize, Serialize};

use super::game::{Draws, Frame, Game, Move};

/// A game and what stands between it and its player.
///
/// With the sticky probability the last move is played again in place of the wanted one, and counts as
/// the last. It lives through the ends of episodes, as in the package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Play {
    game: Game,
    sticky: f64,
    last: Move,
    over: bool,
}

impl Play {
    /// A game that sticks to the last move with probability `sticky`; it needs [`Play::start`].
    pub fn new(game: Game, sticky: f64) -> Self {
        Self { game, sticky, last: Move::Noop, over: false }
    }

    /// The game that is played.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// Forgets the last move, as a new one has none.
    pub fn forget(&mut self) {
        self.last = Move::Noop;
    }

    /// Starts an episode.
    pub fn start(&mut self, draws: &mut dyn Draws) {
        self.game.reset(draws);
        self.over = false;
    }

    /// Plays a frame; after the end nothing moves any more and the reward is 0.
    pub fn step(&mut self, wanted: Move, draws: &mut dyn Draws) -> Frame {
        if draws.unit() >= self.sticky {
            self.last = wanted;
        }
        if self.over {
            return Frame { reward: 0, over: true };
        }
        let frame = self.game.play(self.last, draws);
        self.over = frame.over;
        frame
    }
}
