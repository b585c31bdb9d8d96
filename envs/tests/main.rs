//! Environments and the vector engine from outside, as one program, which is linked once. The test that counts allocations is
//! one of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod asynchronous;
mod atari;
mod autoreset;
mod common;
mod conformance;
mod faults;
mod gymnasium_rs;
mod minatar;
mod mujoco;
mod options;
mod oracle;
mod pictures;
mod resume;
mod shaky;
mod truth_tables;
mod vector;
