//! One layer of a network: its structure, its place among the parameters, its form of computing.

use std::ops::Range;
use std::sync::Arc;

use super::unit::Unit;
use super::{Compute, Join, LayerSpec, Scratch, Shape};
use crate::error::SparseError;
use crate::kernels::{Activation, Lanes, Par, Plane};
use crate::topology::Topology;

/// One layer of a network.
#[derive(Clone, Debug)]
pub struct Layer {
    name: Arc<str>,
    shape: Shape,
    activation: Activation,
    weight_decay: f64,
    then: Arc<[Join]>,
    compute: Compute,
    offset: usize,
    sparse: Unit,
    /// Over all weights, where inactive ones take part as zeros.
    dense: Option<Unit>,
}

impl Layer {
    /// The layer `spec` with `topology`, whose parameters stand from `offset` on.
    ///
    /// # Errors
    /// A topology of another shape.
    pub fn new(
        spec: &LayerSpec,
        topology: Arc<Topology>,
        compute: Compute,
        offset: usize,
    ) -> Result<Self, SparseError> {
        let (expected, found) = (spec.shape.rows() * spec.shape.cols(), topology.size());
        if topology.rows() != spec.shape.rows() || topology.cols() != spec.shape.cols() {
            return Err(SparseError::Length { what: "weights of a topology", expected, found });
        }
        let dense = dense_form(&spec.shape, &topology, compute)?;
        Ok(Self {
            name: spec.name.as_str().into(),
            shape: spec.shape,
            activation: spec.activation,
            weight_decay: spec.weight_decay,
            then: spec.then.as_slice().into(),
            compute,
            offset,
            sparse: Unit::new(&spec.shape, topology),
            dense,
        })
    }

    /// The same layer with another topology and place.
    pub(crate) fn rewired(
        &self,
        topology: &Arc<Topology>,
        offset: usize,
    ) -> Result<Self, SparseError> {
        if Arc::ptr_eq(topology, self.topology()) {
            return Ok(Self { offset, ..self.clone() });
        }
        let dense = dense_form(&self.shape, topology, self.compute)?;
        let sparse = Unit::new(&self.shape, topology.clone());
        Ok(Self { sparse, dense, offset, ..self.clone() })
    }

    /// Unique in its network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it computes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Which weights exist.
    pub fn topology(&self) -> &Arc<Topology> {
        self.sparse.topology()
    }

    /// The function after it.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// `λ` of the L2 penalty on the weights.
    pub fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    /// What stands between its activation and the next layer.
    pub fn then(&self) -> &[Join] {
        &self.then
    }

    /// Whether all weights take part in its products, the inactive ones as zeros.
    pub fn is_computed_dense(&self) -> bool {
        self.dense.is_some() || self.topology().csr().is_none()
    }

    /// Where the active weights stand in the flat parameters.
    pub fn weights(&self) -> Range<usize> {
        self.offset..self.offset + self.topology().nnz()
    }

    /// Where the biases stand in the flat parameters.
    pub fn biases(&self) -> Range<usize> {
        let start = self.weights().end;
        start..start + self.topology().rows()
    }

    /// `x → y`, in slots; a layer that is computed dense keeps its weights with their zeros in `all`.
    pub(crate) fn forward(
        &self,
        params: &[f32],
        all: &mut Vec<f32>,
        at: (Lanes, Par),
        scratch: &mut Scratch,
        x: &[f32],
        y: (&mut [f32], &Plane),
    ) {
        let (values, bias) = (&params[self.weights()], &params[self.biases()]);
        match &self.dense {
            None => self.sparse.forward((values, bias, self.activation), at, scratch, x, y),
            Some(dense) => {
                self.topology().expand(values, all);
                dense.forward((all, bias, self.activation), at, scratch, x, y);
            }
        }
    }

    /// `dx = Wᵀ dy` through the activation `below`, which made `x`; `all` is what the forward pass left.
    pub(crate) fn input_grad(
        &self,
        (params, all): (&[f32], &[f32]),
        below: (Activation, &[f32]),
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        dx: (&mut [f32], &Plane),
    ) {
        match &self.dense {
            None => self.sparse.input_grad(&params[self.weights()], below, at, scratch, dy, dx),
            Some(dense) => dense.input_grad(all, below, at, scratch, dy, dx),
        }
    }

    /// The gradient of the layer's parameters into its place in `grads`; `dy` is the gradient before
    /// the activation.
    pub(crate) fn param_grad(
        &self,
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        x: &[f32],
        grads: &mut [f32],
    ) {
        self.sparse.bias_grad(at.0, dy, &mut grads[self.biases()]);
        let dw = &mut grads[self.weights()];
        match &self.dense {
            None => self.sparse.weight_grad(at, scratch, dy, x, dw),
            Some(dense) => {
                let mut all = std::mem::take(&mut scratch.gradient);
                all.resize(self.topology().size(), 0.0);
                dense.weight_grad(at, scratch, dy, x, &mut all);
                self.topology().pick(&all, dw);
                scratch.gradient = all;
            }
        }
    }

    /// The gradient on the positions of another `pattern`, `(its nnz)`.
    pub(crate) fn probe_grad(
        &self,
        pattern: &Arc<Topology>,
        at: (Lanes, Par),
        scratch: &mut Scratch,
        dy: &[f32],
        x: &[f32],
    ) -> Vec<f32> {
        let mut grad = vec![0.0; pattern.nnz()];
        Unit::new(&self.shape, pattern.clone()).weight_grad(at, scratch, dy, x, &mut grad);
        grad
    }

    /// Floating-point operations of one product with `batch` samples, in the form that it takes.
    pub(crate) fn flops(&self, batch: usize) -> u64 {
        self.flops_of(self.dense.as_ref().unwrap_or(&self.sparse).topology(), batch)
    }

    /// The same with another `pattern`.
    pub(crate) fn flops_of(&self, pattern: &Topology, batch: usize) -> u64 {
        2 * (pattern.nnz() * self.shape.positions() * batch) as u64
    }
}

/// The dense form of a layer with inactive weights, where it is to be computed so.
fn dense_form(
    shape: &Shape,
    topology: &Topology,
    compute: Compute,
) -> Result<Option<Unit>, SparseError> {
    if topology.csr().is_none() || !compute.is_dense(shape, topology.density()) {
        return Ok(None);
    }
    let all = Topology::dense(topology.rows(), topology.cols())?;
    Ok(Some(Unit::new(shape, Arc::new(all))))
}
