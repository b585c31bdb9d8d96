//! `y = act(W x + b)` with active weights only: `(batch, in) → (batch, out)`.
//!
//! A layer says where its parameters stand in the network's flat vector, first the active weights in
//! ascending position, then the biases; it holds no values itself. Inside a network activations stand
//! in [`crate::kernels::lanes`].

use std::ops::Range;
use std::sync::Arc;

use crate::init::Init;
use crate::kernels::{Activation, Lanes, Par, Plane, linear};
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

    /// The function after it.
    pub fn activation(&self) -> Activation {
        self.activation
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

    /// The features that the layer reads.
    pub(crate) fn input_plane(&self) -> Plane {
        Plane::features(self.topology.cols())
    }

    /// The features that it writes.
    pub(crate) fn output_plane(&self) -> Plane {
        Plane::features(self.topology.rows())
    }

    /// How it reads the gradient of what it wrote.
    pub(crate) fn gradient_plane(&self) -> Plane {
        self.output_plane()
    }

    /// `x (in) → y (out)`, in slots.
    pub(crate) fn forward(&self, params: &[f32], at: (Lanes, Par), x: &[f32], y: &mut [f32]) {
        let (values, bias) = (&params[self.weights()], &params[self.biases()]);
        linear::forward(&self.topology, values, bias, self.activation, at, x, y);
    }

    /// The gradient of the layer's parameters into its place in `grads`; `dy` is the gradient before
    /// the activation.
    pub(crate) fn param_grad(&self, at: (Lanes, Par), dy: &[f32], x: &[f32], grads: &mut [f32]) {
        linear::weight_grad(&self.topology, at, dy, x, &mut grads[self.weights()]);
        linear::bias_grad(at.0, dy, &mut grads[self.biases()]);
    }

    /// The gradient on the positions of another `pattern`, `(its nnz)`.
    pub(crate) fn probe_grad(
        &self,
        pattern: &Topology,
        at: (Lanes, Par),
        dy: &[f32],
        x: &[f32],
    ) -> Vec<f32> {
        let mut grad = vec![0.0; pattern.nnz()];
        linear::weight_grad(pattern, at, dy, x, &mut grad);
        grad
    }

    /// Floating-point operations of one product with `batch` samples.
    pub(crate) fn flops(&self, batch: usize) -> u64 {
        self.flops_of(&self.topology, batch)
    }

    /// The same with another `pattern`.
    pub(crate) fn flops_of(&self, pattern: &Topology, batch: usize) -> u64 {
        2 * (pattern.nnz() * batch) as u64
    }

    /// `dx (in) = Wᵀ dy` through the activation `below`, which made `x`.
    pub(crate) fn input_grad(
        &self,
        (params, scratch): (&[f32], &mut Vec<f32>),
        below: (Activation, &[f32]),
        at: (Lanes, Par),
        dy: &[f32],
        dx: &mut [f32],
    ) {
        let values = (&params[self.weights()], scratch);
        linear::input_grad(&self.topology, values, below, at, dy, dx);
    }
}
