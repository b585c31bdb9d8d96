//! One layer of a network: its structure, its place among the parameters, its form of computing.

use std::ops::Range;
use std::sync::Arc;

use super::spec::{attended, normed};
use super::{Activation, Compute, Join, LayerSpec, Shape};
use crate::algebra::{Algebra, Elements, Folded};
use crate::error::SparseError;
use crate::topology::Topology;

/// One layer of a network.
#[derive(Clone, Debug)]
pub struct Layer {
    name: Arc<str>,
    shape: Shape,
    activation: Activation,
    weight_decay: f64,
    algebra: Algebra,
    then: Arc<[Join]>,
    compute: Compute,
    /// What follows from the form and the density; every pass asks.
    computed_dense: bool,
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
        let [rows, cols] = spec.weights();
        let (expected, found) = (rows * cols, topology.size());
        if topology.rows() != rows || topology.cols() != cols {
            return Err(SparseError::Length { what: "weights of a topology", expected, found });
        }
        let order = spec.algebra.order();
        for (what, features) in [
            ("outputs, in whole elements of its algebra", spec.shape.rows()),
            ("inputs, in whole elements of its algebra", spec.shape.cols() / spec.shape.area()),
            ("active weights, in whole elements of its algebra", topology.nnz()),
        ] {
            if !features.is_multiple_of(order) {
                let expected = features / order * order;
                return Err(SparseError::Length { what, expected, found: features });
            }
        }
        Ok(Self {
            name: spec.name.as_str().into(),
            shape: spec.shape,
            activation: spec.activation,
            weight_decay: spec.weight_decay,
            algebra: spec.algebra,
            then: spec.then.as_slice().into(),
            compute,
            computed_dense: compute.of_layer(&spec.shape, spec.algebra, topology.density()),
            offset,
            topology,
        })
    }

    /// The same layer with another topology and place.
    pub(crate) fn rewired(&self, topology: &Arc<Topology>, offset: usize) -> Self {
        let density = topology.density();
        let computed_dense = self.compute.of_layer(&self.shape, self.algebra, density);
        Self { topology: topology.clone(), offset, computed_dense, ..self.clone() }
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

    /// What its weights and features are elements of.
    pub fn algebra(&self) -> Algebra {
        self.algebra
    }

    /// What stands between its activation and the next layer.
    pub fn then(&self) -> &[Join] {
        &self.then
    }

    /// Whether all weights take part in its products, the inactive ones as zeros.
    pub fn is_computed_dense(&self) -> bool {
        self.computed_dense
    }

    /// How its elements stand as a real matrix, in the form that it takes.
    pub(crate) fn elements(&self) -> Elements {
        Elements::new(self.algebra, &self.shape, matches!(self.shape, Shape::Linear { .. }))
    }

    /// The real matrix `(out, in)` that it stands for, of its `values (nnz)`: which entries there are, and what they
    /// are.
    ///
    /// # Errors
    /// A matrix that is too large to index.
    pub fn real(&self, values: &[f32]) -> Result<(Arc<Topology>, Vec<f32>), SparseError> {
        if self.algebra.is_real() {
            return Ok((self.topology.clone(), values.to_vec()));
        }
        let elements = Elements::new(self.algebra, &self.shape, false);
        let folded = Folded::new(elements, &self.topology, false)?;
        let mut entries = Vec::new();
        folded.expand(values, &mut entries);
        Ok((folded.topology().clone(), entries))
    }

    /// Where the active weights stand in the flat parameters.
    pub fn weights(&self) -> Range<usize> {
        self.offset..self.offset + self.topology().nnz()
    }

    /// Where the biases stand in the flat parameters.
    pub fn biases(&self) -> Range<usize> {
        let start = self.weights().end;
        start..start + self.shape.rows()
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

    /// Features that attention behind it mixes, times the tokens that one sees.
    pub fn attended(&self) -> usize {
        attended(&self.shape, &self.then)
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
        let multiplications = match self.is_computed_dense() {
            true => self.elements().multiplications_of_all(self.topology.size()),
            false => self.algebra.multiplications(self.topology.nnz()),
        };
        2 * (multiplications * self.shape.positions() * batch) as u64
    }

    /// The same with other active weights, whole elements, and no others.
    pub(crate) fn flops_of(&self, weights: usize, batch: usize) -> u64 {
        2 * (self.algebra.multiplications(weights) * self.shape.positions() * batch) as u64
    }
}
