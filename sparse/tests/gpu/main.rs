//! Networks on a device against the same networks on the CPU. By the emulator, or by the device that `SPARRING_DEVICE`
//! names (`cuda`).
#![cfg(any(feature = "emulate", feature = "cuda"))]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod passes;
mod steps;
