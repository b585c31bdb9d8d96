//! The binary and the library from outside, as one program, which is linked once. What installs environments of its own is another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod broken;
mod claims;
mod common;
mod corpus;
mod data;
mod export;
mod faults;
mod full_disk;
mod house;
mod keys;
mod laws;
mod library;
mod manners;
mod offline;
mod own_rows;
mod paper;
mod plan;
mod plan_and_list;
mod play;
mod post_mortem;
mod report;
mod resume;
mod rliable;
mod robustness;
mod run;
mod views;
