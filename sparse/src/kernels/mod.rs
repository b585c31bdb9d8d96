//! The products of layers, sparse and dense, and their oracle.
//!
//! | product | linear | convolution | limit |
//! |---|---|---|---|
//! | forward | [`linear::forward`] | | one load a multiply-add |
//!
//! Activations stand in [`lanes`], their features in [`plane`]. [`gather`] (SpMM) and [`sample`] (SDDMM)
//! are the two sparse kernels, in the widest SIMD that the machine has (crate `pulp`): AVX-512, AVX2
//! with FMA, NEON, or plain. [`dense`] is `gemm`. Every product takes its parallelism, overwrites its
//! output, sums in an order that depends on nothing but shapes and structure, and panics where a slice
//! does not fit, which its callers have checked.

mod activation;
pub mod conv;
pub mod dense;
pub mod gather;
pub mod lanes;
pub mod linear;
mod par;
pub mod plane;
pub mod reference;
pub mod sample;
pub mod vector;

pub use activation::Activation;
pub use lanes::{Buffer, Lanes};
pub use par::Par;
pub use plane::{Border, Plane};
