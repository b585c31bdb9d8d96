//! What the layers of a block run with, and what their way back leaves.

use std::sync::Arc;

use super::super::layer::{CpuLayer, Held, Scratch};
use super::super::whole::Whole;
use crate::error::SparseError;
use crate::kernels::{Below, Lanes, Par, Pass, Plane, Sides, ViewMut};
use crate::layers::Activation;
use crate::routing::Block;
use crate::topology::Topology;

/// What a block computes with.
#[derive(Clone, Copy)]
pub(in super::super) struct With<'a> {
    /// The block.
    pub block: &'a Block,
    /// The layers of the network.
    pub layers: &'a [CpuLayer],
    /// Its parameters.
    pub params: &'a [f32],
    /// How many threads a product may use.
    pub par: Par,
}

/// Where gradients go.
pub(in super::super) struct Back<'a> {
    /// As the parameters stand; nothing where they are not asked for.
    pub grads: &'a mut [f32],
    /// A probe's, one a layer, or none.
    pub patterns: &'a [Arc<Topology>],
    /// One a layer.
    pub probes: &'a mut [Vec<f32>],
    /// Beside the products.
    pub scratch: &'a mut Scratch,
    /// Operations that it took.
    pub flops: u64,
}

/// One run of a layer on its way back.
pub(super) struct Run<'a> {
    /// Which layer.
    pub layer: usize,
    /// Of its rows.
    pub lanes: Lanes,
    /// See [`Held::all`].
    pub all: &'a [f32],
    /// The gradient before its activation, and what it read.
    pub sides: Sides<'a>,
    /// The function that gave what it read.
    pub below: Activation,
}

impl With<'_> {
    /// What layer `layer` gives of a row.
    pub(super) fn rows(&self, layer: usize) -> usize {
        self.layers[layer].of().shape().rows()
    }

    /// `x → y` through layer `layer`, and the operations that it took.
    pub(super) fn forward(
        &self,
        layer: usize,
        lanes: Lanes,
        all: &mut Whole,
        scratch: &mut Scratch,
        (x, y): (&[f32], &mut [f32]),
    ) -> u64 {
        let one = &self.layers[layer];
        let plane = Plane::flat(self.rows(layer));
        let pass = Pass { lanes, par: self.par };
        one.forward(self.params, all, pass, scratch, x, ViewMut { data: y, plane: &plane });
        one.of().flops(lanes.batch())
    }
}

impl Back<'_> {
    /// All gradients of one run, that of what it read into `dx`.
    pub(super) fn run(
        &mut self,
        with: With<'_>,
        run: Run<'_>,
        dx: &mut [f32],
    ) -> Result<(), SparseError> {
        let Run { layer: l, lanes, all, sides, below } = run;
        let (layer, pass) = (&with.layers[l], Pass { lanes, par: with.par });
        let flops = layer.of().flops(lanes.batch());
        if !self.grads.is_empty() {
            layer.param_grad(pass, self.scratch, sides, self.grads);
            self.flops += flops;
        }
        if let Some(pattern) = self.patterns.get(l) {
            self.probes[l] = layer.probe_grad(pattern, pass, self.scratch, sides)?;
            self.flops += layer.of().flops_of(pattern.nnz(), lanes.batch());
        }
        let plane = Plane::flat(layer.of().shape().cols());
        let (held, below) =
            (Held { params: with.params, all }, Below { activation: below, y: sides.x });
        let to = ViewMut { data: dx, plane: &plane };
        layer.input_grad(held, below, pass, self.scratch, sides.dy, to);
        self.flops += flops;
        Ok(())
    }

    /// The gradients of a layer that nothing read: zeros.
    pub(super) fn idle(&mut self, layer: usize) {
        if let Some(pattern) = self.patterns.get(layer) {
            self.probes[layer] = vec![0.0; pattern.nnz()];
        }
    }
}
