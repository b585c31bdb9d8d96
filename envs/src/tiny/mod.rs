//! Tiny envs whose episodes can be worked out by hand: for the engine's tests, for agents' tests and for smoke runs.

pub mod chain;
pub mod counter;
pub mod identity;
pub mod identity_box;
pub mod recall;
