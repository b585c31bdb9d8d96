//! What networks are made of: shapes, structure, places. How it is computed stands in [`crate::cpu`].
//!
//! A [`LayerSpec`] says what a layer shall be, a [`Layer`] which of its weights exist and where its
//! parameters stand in the network's flat vector: first the active weights in ascending position, then
//! the biases, then `γ` and `β` of the layer norms behind it. It holds no values itself. A layer of a new kind is a row in [`Shape`], and its products
//! in a file beside `cpu/products.rs`.

mod activation;
mod compute;
mod conv;
mod features;
mod layer;
mod pool;
mod shape;
mod spec;

pub use activation::Activation;
pub use compute::{BreakEven, Compute};
pub use conv::{Conv2d, Padding};
pub use features::Features;
pub use layer::Layer;
pub use pool::MaxPool;
pub use shape::Shape;
pub use spec::{Join, LayerSpec};
