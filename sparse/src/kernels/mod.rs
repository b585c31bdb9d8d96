//! The products of layers, sparse and dense, and their oracle.
//!
//! | product | linear | convolution | kernel | what limits it |
//! |---|---|---|---|---|
//! | forward | [`linear::forward`] | [`conv::sparse::forward`] | [`gather`] (SpMM) | one load a multiply-add |
//! | gradient of the input | [`linear::input_grad`] | [`conv::sparse::input_grad`] | [`gather`] (SpMM) | the same |
//! | gradient of the weights | [`linear::weight_grad`] | [`conv::sparse::weight_grad`] | [`sample`] (SDDMM) | the same |
//! | the three of them, dense | [`linear`] | [`conv::dense`] | [`dense`] (`gemm`), [`small`] | multiply-adds |
//! | and without slots that are zero in a whole batch | [`live`] | | the same | the same |
//! | and in networks of small dense layers | [`rows`] | | [`small`] | multiply-adds |
//!
//! [`pool`] stands between convolutions, [`norm`] between linear layers: they take a few percent of their time.
//!
//! Activations stand in [`lanes`], the features of a layer boundary in a [`plane`]. A core that loads one
//! register and does one multiply-add a cycle (Zen 4: 64 bytes and 16 of them) could run the sparse
//! products as fast as `gemm` runs, a non-zero for a weight, if activations came from the first level of
//! cache. They come from the second, which brings half of that a cycle: about half of `gemm`'s rate is
//! what a layer of 1,024 can reach, and smaller ones lie between. `runs/records/` has what was measured.
//!
//! Products run in the widest SIMD that the machine has (crate `pulp`): AVX-512, AVX2 with FMA, NEON, or
//! plain. Every product takes its parallelism, overwrites its output, sums in an order that depends on
//! nothing but shapes, structure and which slots are zero, and panics where a slice does not fit, which its callers have
//! checked.

pub mod activation;
pub mod args;
pub mod conv;
pub mod dense;
pub(crate) mod dispatch;
pub mod entries;
pub mod gather;
pub mod lanes;
pub mod linear;
pub mod live;
pub mod norm;
mod par;
pub(crate) mod permute;
pub mod plane;
pub mod pool;
pub mod reference;
pub mod rows;
pub mod sample;
pub mod small;
pub(crate) mod transpose;
pub mod vector;

pub use args::{Below, Pass, Reordered, Sides, Weights};
pub use dispatch::SimdLevel;
pub use lanes::{Buffer, Lanes};
pub use par::Par;
pub use plane::{Border, Plane, View, ViewMut};
