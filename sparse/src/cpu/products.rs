//! The products of one layer over one topology, whatever the layer's kind.

use std::sync::Arc;

use crate::algebra::{Algebra, Elements};
use crate::kernels::conv::{self, ConvIndex, dense, sparse};
use crate::kernels::transpose::Transposed;
use crate::kernels::{
    Below, Lanes, Pass, Reordered, Sides, ViewMut, Weights, activation, linear, live, rows,
};
use crate::layers::{Activation, Conv2d, Shape};
use crate::topology::{Csr, Topology};

/// Memory that products want beside their results; its contents mean nothing between them.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Values in another order.
    values: Vec<f32>,
    /// Weights or their gradient, transposed.
    transposed: Transposed,
    /// An unrolled row of a convolution's input.
    columns: Vec<f32>,
    /// Features on their way to images.
    pub features: Vec<f32>,
    /// What products take of a layer whose active weights are not that, or its gradient.
    pub gradient: Vec<f32>,
    /// The input of a small batch of elements, spread out.
    pub spread: Vec<f32>,
    /// What comes of it.
    pub sums: Vec<f32>,
    /// Slots that are not zero throughout, and their weights.
    live: live::Memory,
}

/// What computes a layer.
#[derive(Clone, Debug)]
pub(crate) enum Products {
    /// `y = act(W x + b)`, `W (out / columns, in / columns)`.
    Linear {
        topology: Arc<Topology>,
        /// Features that stand one after the other and are multiplied alike.
        columns: usize,
        /// As many as there are rows, where each of the columns has a bias of its own.
        no_bias: Arc<[f32]>,
    },
    /// `y = act(W ∗ x + b)`, `W (out channels, kernel weights)`.
    Conv2d {
        conv: Conv2d,
        topology: Arc<Topology>,
        /// None where every weight is active.
        index: Option<Arc<ConvIndex>>,
    },
}

impl Products {
    /// Those of a layer of `shape` over the real matrix `topology`, whose elements have `columns`: a convolution has a
    /// copy of each entry for each of them.
    pub fn new(shape: &Shape, topology: Arc<Topology>, columns: usize) -> Self {
        match shape {
            Shape::Linear { .. } => {
                let no_bias = vec![0.0; if columns > 1 { topology.rows() } else { 0 }].into();
                Self::Linear { topology, columns, no_bias }
            }
            Shape::Conv2d(conv) => {
                let index = topology.csr().map(|csr| Arc::new(ConvIndex::new(*conv, csr)));
                Self::Conv2d { conv: *conv, topology, index }
            }
        }
    }

    /// Whether it can be computed over a batch in rows.
    pub fn takes_rows(&self) -> bool {
        match self {
            Self::Linear { topology, columns: 1, .. } => {
                topology.csr().is_none() && rows::takes(topology.rows(), topology.cols())
            }
            Self::Linear { .. } | Self::Conv2d { .. } => false,
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
            Self::Linear { topology, .. } if pass.lanes.is_in_rows() => {
                let shape = [topology.rows(), topology.cols()];
                rows::forward(shape, weights, &mut scratch.transposed, pass, x, y.data);
            }
            Self::Linear { topology, columns: 1, .. } => {
                let Scratch { live, features, .. } = scratch;
                let forward = |y: &mut [f32]| live::forward(topology, weights, live, pass, x, y);
                y.plane.fill(pass.lanes, features, y.data, forward);
            }
            Self::Linear { topology, columns, no_bias } => {
                let Weights { values, bias, activation } = weights;
                let plain = Weights { values, bias: no_bias, activation: Activation::Identity };
                let Scratch { live, features, .. } = scratch;
                let forward = |y: &mut [f32]| {
                    live::forward(topology, plain, live, pass.with_columns(*columns), x, y);
                    for tile in pass.lanes.tiles() {
                        activation::apply(activation, bias, tile.width, tile.of_mut(y, bias.len()));
                    }
                };
                y.plane.fill(pass.lanes, features, y.data, forward);
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
            Self::Linear { topology, .. } if pass.lanes.is_in_rows() => {
                let shape = [topology.rows(), topology.cols()];
                rows::input_grad(shape, values, &mut scratch.transposed, below, pass, dy, dx.data);
            }
            Self::Linear { topology, columns, .. } => {
                let Scratch { values: by_col, features, live, .. } = scratch;
                let weights = Reordered { values, scratch: by_col };
                let wide = pass.with_columns(*columns);
                let input_grad =
                    |dx: &mut [f32]| live::input_grad(topology, weights, live, below, wide, dy, dx);
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
            Self::Linear { topology, .. } if pass.lanes.is_in_rows() => {
                let shape = [topology.rows(), topology.cols()];
                rows::weight_grad(shape, &mut scratch.transposed, pass, sides, dw);
            }
            Self::Linear { topology, columns, .. } => {
                let wide = pass.with_columns(*columns);
                live::weight_grad(topology, &mut scratch.live, wide, sides, dw);
            }
            Self::Conv2d { conv, topology, index } => match (index, topology.csr()) {
                (Some(index), Some(csr)) => sparse::weight_grad(index, csr, pass, sides, dw),
                _ => dense::weight_grad(conv, pass, &mut scratch.columns, sides, dw),
            },
        }
    }

    /// `db (out) = Σ dy`, over the pixels of a convolution, too.
    pub fn bias_grad(&self, lanes: Lanes, dy: &[f32], db: &mut [f32]) {
        match self {
            Self::Linear { .. } if lanes.is_in_rows() => rows::bias_grad(dy, db),
            Self::Linear { .. } => linear::bias_grad(lanes, dy, db),
            Self::Conv2d { conv, .. } => conv::bias_grad(conv, lanes, dy, db),
        }
    }
}

/// Bytes of the index arrays of `nnz` active weights of `shape`: none where every weight is active and real.
pub fn structure_bytes(shape: &Shape, algebra: Algebra, nnz: usize) -> usize {
    if !algebra.is_real() {
        return folded_bytes(shape, algebra, nnz);
    }
    if nnz == shape.rows() * shape.cols() {
        return 0;
    }
    let csr = Csr::bytes(shape.rows(), shape.cols(), nnz);
    match shape {
        Shape::Linear { .. } => csr,
        Shape::Conv2d(conv) => csr + ConvIndex::bytes(conv, nnz),
    }
}

/// Of the elements themselves, and of the real matrix that they stand for.
fn folded_bytes(shape: &Shape, algebra: Algebra, nnz: usize) -> usize {
    let linear = matches!(shape, Shape::Linear { .. });
    let elements = Elements::new(algebra, shape, linear);
    let (order, entries) = (algebra.order(), elements.entries(nnz));
    let [rows, cols] = elements.dims(shape.rows() / order);
    let own = match nnz == shape.rows() / order * shape.cols() {
        true => 0,
        false => Csr::bytes(shape.rows() / order, shape.cols(), nnz),
    };
    let index = match (entries == rows * cols, shape) {
        (true, _) => 0,
        (false, Shape::Linear { .. }) => Csr::bytes(rows, cols, entries),
        (false, Shape::Conv2d(conv)) => {
            Csr::bytes(rows, cols, entries) + ConvIndex::bytes(conv, entries)
        }
    };
    own + entries * size_of::<u32>() + index
}
