//! `y = act(W x + b)` with active weights only: `(batch, in) → (batch, out)`.

use std::sync::Arc;

use super::Scratch;
use crate::kernels::{Activation, Lanes, Par, Plane, linear};
use crate::topology::Topology;

/// The products of a linear layer over one topology of `(out, in)`.
#[derive(Clone, Debug)]
pub struct SparseLinear {
    topology: Arc<Topology>,
}

impl SparseLinear {
    /// A layer whose weights stand as `topology` says.
    pub fn new(topology: Arc<Topology>) -> Self {
        Self { topology }
    }

    /// Which weights exist.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// `y = act(W x + b)`: values `(nnz)`, bias `(out)`; x `(in)`, y `(out)` in `to`, which may be the
    /// images of a convolution.
    pub fn forward(
        &self,
        (values, bias, activation): (&[f32], &[f32], Activation),
        at: (Lanes, Par),
        scratch: &mut Scratch,
        x: &[f32],
        (y, to): (&mut [f32], &Plane),
    ) {
        let forward = |y: &mut [f32]| {
            linear::forward(&self.topology, values, bias, activation, at, x, y);
        };
        to.fill(at.0, &mut scratch.features, y, forward);
    }

    /// `dx (in) = Wᵀ dy` through the activation `below`, which made `x`; dx in `to`, which may be the
    /// images of a convolution.
    pub fn input_grad(
        &self,
        values: &[f32],
        below: (Activation, &[f32]),
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        (dx, to): (&mut [f32], &Plane),
    ) {
        let Scratch { values: by_col, features, .. } = scratch;
        let input_grad = |dx: &mut [f32]| {
            linear::input_grad(&self.topology, (values, by_col), below, at, dy, dx);
        };
        to.fill(at.0, features, dx, input_grad);
    }

    /// `dW (nnz) = dy xᵀ` on the active positions.
    pub fn weight_grad(&self, at: (Lanes, Par), dy: &[f32], x: &[f32], dw: &mut [f32]) {
        linear::weight_grad(&self.topology, at, dy, x, dw);
    }

    /// `db (out) = Σ dy`.
    pub fn bias_grad(&self, lanes: Lanes, dy: &[f32], db: &mut [f32]) {
        linear::bias_grad(lanes, dy, db);
    }
}
