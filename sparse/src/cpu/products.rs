//! The products of one layer over one topology, whatever the layer's kind.

use std::sync::Arc;

use crate::kernels::conv::{self, ConvIndex, dense, sparse};
use crate::kernels::{Below, Lanes, Pass, Reordered, Sides, ViewMut, Weights, linear};
use crate::layers::{Conv2d, Shape};
use crate::topology::{Csr, Topology};

/// Memory that products want beside their results; its contents mean nothing between them.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Values in another order.
    values: Vec<f32>,
    /// An unrolled row of a convolution's input.
    columns: Vec<f32>,
    /// Features on their way to images.
    features: Vec<f32>,
    /// The gradient of all weights of a layer that is computed dense.
    pub gradient: Vec<f32>,
}

/// What computes a layer.
#[derive(Clone, Debug)]
pub(crate) enum Products {
    /// `y = act(W x + b)`, `W (out, in)`.
    Linear(Arc<Topology>),
    /// `y = act(W ∗ x + b)`, `W (out channels, kernel weights)`.
    Conv2d {
        conv: Conv2d,
        topology: Arc<Topology>,
        /// None where every weight is active.
        index: Option<Arc<ConvIndex>>,
    },
}

impl Products {
    pub fn new(shape: &Shape, topology: Arc<Topology>) -> Self {
        match shape {
            Shape::Linear { .. } => Self::Linear(topology),
            Shape::Conv2d(conv) => {
                let index = topology.csr().map(|csr| Arc::new(ConvIndex::new(*conv, csr)));
                Self::Conv2d { conv: *conv, topology, index }
            }
        }
    }

    /// `y = act(W x + b)`; x is read through its padding, y may be the images of a convolution.
    pub fn forward(
        &self,
        weights: Weights<'_>,
        pass: Pass,
        scratch: &mut Scratch,
        x: &[f32],
        y: ViewMut<'_>,
    ) {
        match self {
            Self::Linear(topology) => {
                let forward = |y: &mut [f32]| linear::forward(topology, weights, pass, x, y);
                y.plane.fill(pass.lanes, &mut scratch.features, y.data, forward);
            }
            Self::Conv2d { conv, topology, index } => match (index, topology.csr()) {
                (Some(index), Some(csr)) => sparse::forward(index, csr, weights, pass, x, y),
                _ => dense::forward(conv, weights, pass, &mut scratch.columns, x, y),
            },
        }
    }

    /// `dx = Wᵀ dy` through the activation `below`; dx may be the images of a convolution.
    pub fn input_grad(
        &self,
        values: &[f32],
        below: Below<'_>,
        pass: Pass,
        scratch: &mut Scratch,
        dy: &[f32],
        dx: ViewMut<'_>,
    ) {
        match self {
            Self::Linear(topology) => {
                let Scratch { values: by_col, features, .. } = scratch;
                let weights = Reordered { values, scratch: by_col };
                let input_grad =
                    |dx: &mut [f32]| linear::input_grad(topology, weights, below, pass, dy, dx);
                dx.plane.fill(pass.lanes, features, dx.data, input_grad);
            }
            Self::Conv2d { index: Some(index), .. } => {
                let weights = Reordered { values, scratch: &mut scratch.values };
                sparse::input_grad(index, weights, below, pass, dy, dx);
            }
            Self::Conv2d { conv, index: None, .. } => {
                let weights = Reordered { values, scratch: &mut scratch.columns };
                dense::input_grad(conv, weights, below, pass, dy, dx);
            }
        }
    }

    /// `dW (nnz) = Σ dy x` on the active positions.
    pub fn weight_grad(&self, pass: Pass, scratch: &mut Scratch, sides: Sides<'_>, dw: &mut [f32]) {
        match self {
            Self::Linear(topology) => linear::weight_grad(topology, pass, sides, dw),
            Self::Conv2d { conv, topology, index } => match (index, topology.csr()) {
                (Some(index), Some(csr)) => sparse::weight_grad(index, csr, pass, sides, dw),
                _ => dense::weight_grad(conv, pass, &mut scratch.columns, sides, dw),
            },
        }
    }

    /// `db (out) = Σ dy`, over the pixels of a convolution, too.
    pub fn bias_grad(&self, lanes: Lanes, dy: &[f32], db: &mut [f32]) {
        match self {
            Self::Linear(_) => linear::bias_grad(lanes, dy, db),
            Self::Conv2d { conv, .. } => conv::bias_grad(conv, lanes, dy, db),
        }
    }
}

/// Bytes of the index arrays of `nnz` active weights of `shape`; none where every weight is active.
pub fn structure_bytes(shape: &Shape, nnz: usize) -> usize {
    if nnz == shape.rows() * shape.cols() {
        return 0;
    }
    let csr = Csr::bytes(shape.rows(), shape.cols(), nnz);
    match shape {
        Shape::Linear { .. } => csr,
        Shape::Conv2d(conv) => csr + ConvIndex::bytes(conv, nnz),
    }
}
