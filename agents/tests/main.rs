//! Agents from outside, as one program, which is linked once. Those that count allocations are programs of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod common;
mod device;
mod diagnostics;
mod dqn;
mod experts;
mod nec;
mod networks;
mod own_env;
mod policy;
mod policy_view;
mod ppo;
mod resume;
mod retro;
mod sac;
mod trajectory;
