//! Networks on a device against the same networks on the CPU. By the emulator, or by the device that `SPARRING_DEVICE`
//! names (`cuda`).
#![cfg(any(feature = "emulate", feature = "cuda"))]

mod passes;
mod steps;
