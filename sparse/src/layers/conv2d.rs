//! `y = act(W ∗ x + b)` over images with active weights only:
//! `(batch, in channels · height · width) → (batch, out channels · out height · out width)`.

use std::sync::Arc;

use super::Scratch;
use crate::kernels::conv::{self, Conv2d, ConvIndex, dense, sparse};
use crate::kernels::{Activation, Lanes, Par, Plane};
use crate::topology::Topology;

/// The products of a convolution over one topology of `(out channels, kernel weights)`.
#[derive(Clone, Debug)]
pub struct SparseConv2d {
    conv: Conv2d,
    topology: Arc<Topology>,
    index: Option<Arc<ConvIndex>>,
}

impl SparseConv2d {
    /// A layer whose weights stand as `topology` says.
    pub fn new(conv: Conv2d, topology: Arc<Topology>) -> Self {
        let index = topology.csr().map(|csr| Arc::new(ConvIndex::new(conv, csr)));
        Self { conv, topology, index }
    }

    /// Its shape.
    pub fn conv(&self) -> &Conv2d {
        &self.conv
    }

    /// Which weights exist.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// `y = act(W ∗ x + b)`: values `(nnz)`, bias `(out channels)`; x through its padding, y in `to`.
    pub fn forward(
        &self,
        weights: (&[f32], &[f32], Activation),
        at: (Lanes, Par),
        scratch: &mut Scratch,
        x: &[f32],
        y: (&mut [f32], &Plane),
    ) {
        match (&self.index, self.topology.csr()) {
            (Some(index), Some(csr)) => sparse::forward((index, csr), weights, at, x, y),
            _ => dense::forward(&self.conv, weights, at, &mut scratch.columns, x, y),
        }
    }

    /// `dx = Wᵀ ∗ dy` through the activation `below`, which made `x`; dx in `to`.
    pub fn input_grad(
        &self,
        values: &[f32],
        below: (Activation, &[f32]),
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        dx: (&mut [f32], &Plane),
    ) {
        match &self.index {
            Some(index) => {
                sparse::input_grad(index, (values, &mut scratch.values), below, at, dy, dx);
            }
            None => {
                let values = (values, &mut scratch.columns);
                dense::input_grad(&self.conv, values, below, at, dy, dx);
            }
        }
    }

    /// `dW (nnz) = Σ dy x` on the active positions.
    pub fn weight_grad(
        &self,
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        x: &[f32],
        dw: &mut [f32],
    ) {
        match (&self.index, self.topology.csr()) {
            (Some(index), Some(csr)) => sparse::weight_grad((index, csr), at, dy, x, dw),
            _ => dense::weight_grad(&self.conv, at, &mut scratch.columns, dy, x, dw),
        }
    }

    /// `db (out channels) = Σ dy` over pixels and the batch.
    pub fn bias_grad(&self, lanes: Lanes, dy: &[f32], db: &mut [f32]) {
        conv::bias_grad(&self.conv, lanes, dy, db);
    }
}
