//! A layer on the CPU: its products in the form of computing that it takes.

use std::sync::Arc;

use super::products::Products;
pub(crate) use super::products::Scratch;
use crate::error::SparseError;
use crate::kernels::{Below, Pass, Sides, ViewMut, Weights};
use crate::layers::Layer;
use crate::topology::Topology;

/// A layer and what its products walk.
#[derive(Clone, Debug)]
pub(crate) struct CpuLayer {
    layer: Layer,
    sparse: Products,
    /// Over all weights, where inactive ones take part as zeros.
    dense: Option<Products>,
}

/// The weights that a backward pass reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    /// The parameters of the network.
    pub params: &'a [f32],
    /// All weights of a layer that is computed dense, as its forward pass left them.
    pub all: &'a [f32],
}

impl CpuLayer {
    /// What `layer` is on the CPU.
    ///
    /// # Errors
    /// A layer with more weights than a position can name.
    pub fn new(layer: &Layer) -> Result<Self, SparseError> {
        let (shape, topology) = (layer.shape(), layer.topology());
        let dense = match topology.csr() {
            Some(_) if layer.is_computed_dense() => {
                let all = Topology::dense(topology.rows(), topology.cols())?;
                Some(Products::new(shape, Arc::new(all)))
            }
            _ => None,
        };
        let sparse = Products::new(shape, topology.clone());
        Ok(Self { layer: layer.clone(), sparse, dense })
    }

    /// The same for `layer`, which may have another place and another topology.
    pub fn rewired(&self, layer: &Layer) -> Result<Self, SparseError> {
        match Arc::ptr_eq(layer.topology(), self.layer.topology()) {
            true => Ok(Self { layer: layer.clone(), ..self.clone() }),
            false => Self::new(layer),
        }
    }

    /// The layer that it computes.
    pub fn of(&self) -> &Layer {
        &self.layer
    }

    /// `x → y`, in slots; a layer that is computed dense keeps its weights with their zeros in `all`.
    pub fn forward(
        &self,
        params: &[f32],
        all: &mut Vec<f32>,
        pass: Pass,
        scratch: &mut Scratch,
        x: &[f32],
        y: ViewMut<'_>,
    ) {
        let layer = &self.layer;
        let (values, bias) = (&params[layer.weights()], &params[layer.biases()]);
        let weights = Weights { values, bias, activation: layer.activation() };
        match &self.dense {
            None => self.sparse.forward(weights, pass, scratch, x, y),
            Some(dense) => {
                layer.topology().expand(values, all);
                dense.forward(Weights { values: all, ..weights }, pass, scratch, x, y);
            }
        }
    }

    /// `dx = Wᵀ dy` through the activation `below`.
    pub fn input_grad(
        &self,
        held: Held<'_>,
        below: Below<'_>,
        pass: Pass,
        scratch: &mut Scratch,
        dy: &[f32],
        dx: ViewMut<'_>,
    ) {
        match &self.dense {
            None => {
                let values = &held.params[self.layer.weights()];
                self.sparse.input_grad(values, below, pass, scratch, dy, dx);
            }
            Some(dense) => dense.input_grad(held.all, below, pass, scratch, dy, dx),
        }
    }

    /// The gradient of the layer's parameters into its place in `grads`.
    pub fn param_grad(
        &self,
        pass: Pass,
        scratch: &mut Scratch,
        sides: Sides<'_>,
        grads: &mut [f32],
    ) {
        self.sparse.bias_grad(pass.lanes, sides.dy, &mut grads[self.layer.biases()]);
        let dw = &mut grads[self.layer.weights()];
        match &self.dense {
            None => self.sparse.weight_grad(pass, scratch, sides, dw),
            Some(dense) => {
                let topology = self.layer.topology();
                let mut all = std::mem::take(&mut scratch.gradient);
                all.resize(topology.size(), 0.0);
                dense.weight_grad(pass, scratch, sides, &mut all);
                topology.pick(&all, dw);
                scratch.gradient = all;
            }
        }
    }

    /// The gradient on the positions of another `pattern`, `(its nnz)`.
    pub fn probe_grad(
        &self,
        pattern: &Arc<Topology>,
        pass: Pass,
        scratch: &mut Scratch,
        sides: Sides<'_>,
    ) -> Vec<f32> {
        let mut grad = vec![0.0; pattern.nnz()];
        let products = Products::new(self.layer.shape(), pattern.clone());
        products.weight_grad(pass, scratch, sides, &mut grad);
        grad
    }
}
