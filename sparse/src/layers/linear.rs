//! `y = act(W x + b)` with active weights only: `(batch, in) → (batch, out)`.
//!
//! A layer says where its parameters stand in the network's flat vector, first the active weights in
//! ascending position, then the biases; it holds no values itself. Inside a network activations are
//! feature-major, `(in, batch)`; see [`crate::kernels`].

use std::ops::Range;
use std::sync::Arc;

use crate::init::Init;
use crate::kernels::{self, Activation};
use crate::topology::Topology;

/// What a linear layer shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpec {
    /// Unique in its network.
    pub name: String,
    /// Inputs.
    pub inputs: usize,
    /// Outputs.
    pub outputs: usize,
    /// The function after it.
    pub activation: Activation,
    /// Its first weights.
    pub init: Init,
    /// Its first biases.
    pub bias: f32,
    /// `λ` of the L2 penalty `λ Σ w²` on its weights; biases have none.
    pub weight_decay: f64,
}

/// One layer of a network.
#[derive(Clone, Debug)]
pub struct SparseLinear {
    name: Arc<str>,
    topology: Arc<Topology>,
    activation: Activation,
    weight_decay: f64,
    offset: usize,
}

impl SparseLinear {
    /// The layer `spec` with `topology`, whose parameters stand from `offset` on.
    pub fn new(spec: &LayerSpec, topology: Arc<Topology>, offset: usize) -> Self {
        Self {
            name: spec.name.as_str().into(),
            topology,
            activation: spec.activation,
            weight_decay: spec.weight_decay,
            offset,
        }
    }

    /// The same layer with another topology and place.
    pub(crate) fn rewired(&self, topology: Arc<Topology>, offset: usize) -> Self {
        Self { topology, offset, ..self.clone() }
    }

    /// Unique in its network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which weights exist.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// `λ` of the L2 penalty on the weights.
    pub fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    /// Where the active weights stand in the flat parameters.
    pub fn weights(&self) -> Range<usize> {
        self.offset..self.offset + self.topology.nnz()
    }

    /// Where the biases stand in the flat parameters.
    pub fn biases(&self) -> Range<usize> {
        let start = self.weights().end;
        start..start + self.topology.rows()
    }

    /// `x (in, batch) → y (out, batch)`.
    pub(crate) fn forward(&self, params: &[f32], batch: usize, x: &[f32], y: &mut [f32]) {
        let (values, bias) = (&params[self.weights()], &params[self.biases()]);
        kernels::forward(&self.topology, values, bias, self.activation, batch, x, y);
    }

    /// Turns `dL/dy (out, batch)` into the gradient before the activation, in place.
    pub(crate) fn activation_grad(&self, y: &[f32], dy: &mut [f32]) {
        self.activation.backward(y, dy);
    }

    /// The gradient of the layer's parameters into its place in `grads`.
    pub(crate) fn param_grad(&self, batch: usize, dy: &[f32], x: &[f32], grads: &mut [f32]) {
        kernels::weight_grad(&self.topology, batch, dy, x, &mut grads[self.weights()]);
        kernels::bias_grad(batch, dy, &mut grads[self.biases()]);
    }

    /// `dx (in, batch) = Wᵀ dy`.
    pub(crate) fn input_grad(&self, params: &[f32], batch: usize, dy: &[f32], dx: &mut [f32]) {
        kernels::input_grad(&self.topology, &params[self.weights()], batch, dy, dx);
    }
}
