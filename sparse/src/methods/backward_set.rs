//! Weights outside a network that train with it, without being seen by its forward pass.

use std::sync::Arc;

use crate::error::SparseError;
use crate::finite::first_not_finite;
use crate::optim::rule::{Moments, Rule};
use crate::section::Section;
use crate::topology::Topology;

/// What trains outside the layers of a network: values, gradient and moments, layer by layer, by the same
/// rule, at the same step, within the same norm.
#[derive(Clone, Debug)]
pub struct BackwardSet {
    /// `λ` of a penalty `½ λ Σ w²` on all weights of the network, and more on those outside.
    penalty: f64,
    layers: Vec<OutsideLayer>,
    pub(crate) values: Vec<f32>,
    pub(crate) grad: Vec<f32>,
    pub(crate) moments: Moments,
}

/// The part of one layer.
#[derive(Clone, Debug)]
pub struct OutsideLayer {
    /// Where it lies, outside the layer's topology.
    pub topology: Arc<Topology>,
    /// By how much the penalty pulls on its gradient, a unit of weight.
    pub pull: f32,
}

impl BackwardSet {
    /// An empty set, and the penalty `λ`.
    pub fn new(penalty: f64) -> Self {
        Self {
            penalty,
            layers: Vec::new(),
            values: Vec::new(),
            grad: Vec::new(),
            moments: Moments::default(),
        }
    }

    /// `λ`.
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// Other weights with their moments.
    pub fn replace(&mut self, layers: Vec<OutsideLayer>, values: Vec<f32>, moments: Moments) {
        (self.layers, self.values, self.moments) = (layers, values, moments);
    }

    /// Writes values and moments; where they lie is known to whoever chose it.
    pub fn save(&self, to: &mut Section) {
        to.put_f32("values", &self.values);
        self.moments.save(to);
    }

    /// Takes back what [`Self::save`] wrote of as many weights, which lie on `layers` now.
    ///
    /// # Errors
    /// What is missing, and another number of weights.
    pub fn load(&mut self, from: &Section, layers: Vec<OutsideLayer>) -> Result<(), SparseError> {
        self.values = from.f32_of("values", self.values.len())?;
        self.moments.load(from)?;
        self.layers = layers;
        Ok(())
    }

    /// One topology a layer.
    pub fn topologies(&self) -> impl Iterator<Item = &Arc<Topology>> {
        self.layers.iter().map(|layer| &layer.topology)
    }

    /// The first of `values`, which stand as those of the set do, that is NaN or infinite, and its layer.
    pub(crate) fn first_not_finite(&self, values: &[f32]) -> Option<(Option<usize>, f32)> {
        let mut start = 0;
        self.topologies().enumerate().find_map(|(l, topology)| {
            let part = start..start + topology.nnz();
            start = part.end;
            Some((Some(l), first_not_finite(&values[part])?))
        })
    }

    /// Fresh moments of `rule`.
    pub(crate) fn begin(&mut self, rule: Rule) {
        self.moments = Moments::new(rule, self.values.len());
    }

    /// Takes the gradient of the loss, layer by layer, and adds that of the penalty.
    pub(crate) fn take_grad(&mut self, grad: Vec<f32>) {
        self.grad = grad;
        let mut start = 0;
        for OutsideLayer { topology, pull } in &self.layers {
            let part = start..start + topology.nnz();
            start = part.end;
            for (g, w) in self.grad[part.clone()].iter_mut().zip(&self.values[part]) {
                *g += pull * w;
            }
        }
    }
}
