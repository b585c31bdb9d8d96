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
//! | `MinAtar/Five-v0`: all of these | noop, left, up, right, down, fire | 15 |
//!
//! These are the games' minimal action sets; every game has a `-v0` too, with all six actions in the
//! order of Seaquest's. In games that do not have a move it does nothing.
//!
//! Observation: u8, shape `(channels, 10, 10)`, each cell 0 or 1; row 0 is the top. The package gives
//! `(10, 10, channels)`; our networks want the channels first. There is no time limit, as in the
//! package's own registration: a good player's episode may never end.
//!
//! Options: `sticky_action_prob` (0.1), with which the last move is played in place of the new one,
//! and `difficulty_ramping` (true); with `grey_levels` cells are 0 and 255, as pixels, and may have the noise of
//! [`crate::wrappers::observation_noise`] (`noise_sigma`, `noise_mode`). As in the package, the last move of an episode may stick into the
//! next one; only a reset with a seed forgets it. Seeds are our own: the package draws from numpy's
//! Mersenne Twister, we draw the same things in the same order from [`crate::EnvRng`].
//!
//! The engine steps a game's boards [`ABREAST`] at a time ([`Rules`], [`Boards`]): a step takes tens of nanoseconds, of
//! which a branch that is mispredicted would be a good part. Each board does what it does alone.

pub mod asterix;
mod boards;
pub mod breakout;
mod env;
pub mod five;
pub mod freeway;
mod rules;
mod screen;
pub mod seaquest;
pub mod space_invaders;
mod spots;

pub use boards::Boards;
pub use rules::{ABREAST, Draws, Frame, Frames, Lanes, Move, OneByOne, Rules};
pub use screen::{SIDE, Screen};
