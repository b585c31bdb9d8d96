//! Layers, methods and optimisers from outside, as one program, which is linked once. The test that counts allocations is one
//! of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod algebra;
mod attention;
mod bf16;
mod candle;
mod common;
mod emulator;
mod gpu;
mod masked_dense;
mod methods;
mod network;
mod noise_control;
mod optimizer;
mod order;
mod own_method;
mod patterns;
mod routing;
mod schedules;
mod state;
mod top_kast;
mod training;
