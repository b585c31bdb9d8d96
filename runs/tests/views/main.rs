//! `sparring report --law`, `--surface`, `--gain` and `--equal` over jobs whose returns are planted, so that constants, ridges and gains
//! are known.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;
mod equal;
mod gain;
mod law;
mod plant;
mod surface;
