//! The layers of which networks are made.
//!
//! A [`Layer`] says where its parameters stand in the network's flat vector, first the active weights in
//! ascending position, then the biases; it holds no values itself. [`SparseLinear`] and [`SparseConv2d`]
//! are its products over one topology, in the layout of [`crate::kernels::lanes`]. A layer of a new kind
//! is one file beside them, one row in [`Shape`] and one in `unit.rs`.

mod compute;
mod conv2d;
mod join;
mod layer;
mod linear;
mod spec;
mod unit;

pub use compute::{BreakEven, Compute};
pub use conv2d::SparseConv2d;
pub use join::Join;
pub use layer::Layer;
pub use linear::SparseLinear;
pub use spec::{LayerSpec, Shape};

/// Memory that products want beside their results; its contents mean nothing between them.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Values in another order.
    pub(crate) values: Vec<f32>,
    /// An unrolled row of a convolution's input.
    pub(crate) columns: Vec<f32>,
    /// Features on their way to images.
    pub(crate) features: Vec<f32>,
    /// The gradient of all weights of a layer that is computed dense.
    pub(crate) gradient: Vec<f32>,
}
