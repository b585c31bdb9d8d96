//! MinAtar: five Atari games on a board of 10 x 10 cells. Young and Tian, "MinAtar: An Atari-Inspired
//! Testbed for Thorough and Reproducible Reinforcement Learning Experiments" (2019).
//! Oracle: the package `minatar` 1.0.15, `tests/traces/minatar-*.bin`: with the same draws every
//! observation, reward and end is equal.
//!
//! | id | actions | channels |
//! |---|---|---|
//! | `MinAtar/Asterix-v1` | noop, left, up, right, down | 4 |
//! | `MinAtar/Breakout-v1` | noop, left, right | 4 |
//! | `MinAtar/Freeway-v1` | noop, up, down | 7 |
//! | `MinAtar/Seaquest-v1` | noop, left, up, right, down, fire | 10 |
//! | `MinAtar/SpaceInvaders-v1` | noop, left, right, fire | 6 |
//!
//! Every game has a `-v0` too, with all six actions in the order of Seaquest.
pub mod asterix;
pub mod breakout;
pub mod freeway;
mod game;
mod play;
pub mod seaquest;
pub mod space_invaders;

pub use game::{Draws, Frame, Game, Move, SIDE};
pub use play::Play;
