//! What computes a layer, whatever its kind.

use std::sync::Arc;

use super::{Scratch, Shape, SparseConv2d, SparseLinear};
use crate::kernels::{Activation, Lanes, Par, Plane};
use crate::topology::Topology;

/// The products of one layer over one topology.
#[derive(Clone, Debug)]
pub(crate) enum Unit {
    Linear(SparseLinear),
    Conv2d(SparseConv2d),
}

impl Unit {
    pub fn new(shape: &Shape, topology: Arc<Topology>) -> Self {
        match shape {
            Shape::Linear { .. } => Self::Linear(SparseLinear::new(topology)),
            Shape::Conv2d(conv) => Self::Conv2d(SparseConv2d::new(*conv, topology)),
        }
    }

    pub fn topology(&self) -> &Arc<Topology> {
        match self {
            Self::Linear(linear) => linear.topology(),
            Self::Conv2d(conv) => conv.topology(),
        }
    }

    pub fn forward(
        &self,
        weights: (&[f32], &[f32], Activation),
        at: (Lanes, Par),
        scratch: &mut Scratch,
        x: &[f32],
        y: (&mut [f32], &Plane),
    ) {
        match self {
            Self::Linear(linear) => linear.forward(weights, at, scratch, x, y),
            Self::Conv2d(conv) => conv.forward(weights, at, scratch, x, y),
        }
    }

    pub fn input_grad(
        &self,
        values: &[f32],
        below: (Activation, &[f32]),
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        dx: (&mut [f32], &Plane),
    ) {
        match self {
            Self::Linear(linear) => linear.input_grad(values, below, at, scratch, dy, dx),
            Self::Conv2d(conv) => conv.input_grad(values, below, at, scratch, dy, dx),
        }
    }

    pub fn weight_grad(
        &self,
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        x: &[f32],
        dw: &mut [f32],
    ) {
        match self {
            Self::Linear(linear) => linear.weight_grad(at, dy, x, dw),
            Self::Conv2d(conv) => conv.weight_grad(at, scratch, dy, x, dw),
        }
    }

    pub fn bias_grad(&self, lanes: Lanes, dy: &[f32], db: &mut [f32]) {
        match self {
            Self::Linear(linear) => linear.bias_grad(lanes, dy, db),
            Self::Conv2d(conv) => conv.bias_grad(lanes, dy, db),
        }
    }
}
