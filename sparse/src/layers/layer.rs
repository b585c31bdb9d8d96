//! One layer of a network: its structure, its place among the parameters, its form of computing.

use std::ops::Range;
use std::sync::Arc;

use super::spec::normed;
use super::{Activation, Compute, Join, LayerSpec, Shape};
use crate::error::SparseError;
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
    topology: Arc<Topology>,
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
        Ok(Self {
            name: spec.name.as_str().into(),
            shape: spec.shape,
            activation: spec.activation,
            weight_decay: spec.weight_decay,
            then: spec.then.as_slice().into(),
            compute,
            offset,
            topology,
        })
    }

    /// The same layer with another topology and place.
    pub(crate) fn rewired(&self, topology: &Arc<Topology>, offset: usize) -> Self {
        Self { topology: topology.clone(), offset, ..self.clone() }
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

    /// What stands between its activation and the next layer.
    pub fn then(&self) -> &[Join] {
        &self.then
    }

    /// Whether all weights take part in its products, the inactive ones as zeros.
    pub fn is_computed_dense(&self) -> bool {
        self.topology.csr().is_none() || self.compute.is_dense(&self.shape, self.topology.density())
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

    /// Where `γ` and `β` of the layer norms behind it stand, one after the other.
    pub fn norms(&self) -> Range<usize> {
        let start = self.biases().end;
        start..start + 2 * normed(&self.shape, &self.then)
    }

    /// Where `γ` and then `β` of layer norm `number` behind it stand.
    pub fn norm(&self, number: usize) -> Range<usize> {
        let both = 2 * self.shape.rows();
        let start = self.norms().start + number * both;
        start..start + both
    }

    /// Features that layer norms behind it normalise.
    pub fn normed(&self) -> usize {
        normed(&self.shape, &self.then)
    }

    /// Where the parameters stand that are always there and do not decay: biases, and those of layer norms.
    pub fn always(&self) -> Range<usize> {
        self.biases().start..self.norms().end
    }

    /// Where all of its parameters stand.
    pub fn params(&self) -> Range<usize> {
        self.weights().start..self.norms().end
    }

    /// Floating-point operations of one product with `batch` samples, in the form that it takes.
    pub(crate) fn flops(&self, batch: usize) -> u64 {
        match self.is_computed_dense() {
            true => self.flops_of(self.topology.size(), batch),
            false => self.flops_of(self.topology.nnz(), batch),
        }
    }

    /// The same with another number of weights.
    pub(crate) fn flops_of(&self, weights: usize, batch: usize) -> u64 {
        2 * (weights * self.shape.positions() * batch) as u64
    }
}
