//! Gradients beside those of the active weights.

use std::sync::Arc;

use crate::error::{Quantity, SparseError};
use crate::finite::{NotFinite, first_not_finite};
use crate::layers::Layer;
use crate::methods::TopologyUpdate;
use crate::topology::Topology;

/// The gradients that a probe brought back.
pub(super) struct Asked<'a> {
    /// One pattern a layer.
    pub patterns: &'a [Arc<Topology>],
    /// Pattern after pattern.
    pub values: Vec<f32>,
}

impl Asked<'_> {
    /// Pattern and gradients of each layer.
    pub fn layers(&self) -> impl Iterator<Item = (&Arc<Topology>, &[f32])> {
        let mut start = 0;
        self.patterns.iter().map(move |pattern| {
            let part = start..start + pattern.nnz();
            start = part.end;
            (pattern, &self.values[part])
        })
    }

    /// The gradients on the pattern of layer `l`.
    pub fn layer(&self, l: usize) -> &[f32] {
        self.layers().nth(l).map_or(&[], |(_, values)| values)
    }

    /// The gradients on `topologies`, which lie within the patterns, one after the other.
    pub fn on<'a>(&self, topologies: impl Iterator<Item = &'a Arc<Topology>>) -> Vec<f32> {
        let mut on = Vec::new();
        for ((pattern, values), topology) in self.layers().zip(topologies) {
            gather(pattern, values, topology, &mut on);
        }
        on
    }

    /// The gradient as the parameters stand after `updates`, whose positions lie within the patterns:
    /// weights from the probe, all else from the `old` gradient.
    pub fn after(&self, layers: &[Layer], updates: &[TopologyUpdate], old: &[f32]) -> Vec<f32> {
        let mut grad = Vec::with_capacity(old.len());
        for ((layer, update), (pattern, values)) in layers.iter().zip(updates).zip(self.layers()) {
            gather(pattern, values, update.topology(), &mut grad);
            grad.extend_from_slice(&old[layer.always()]);
        }
        grad
    }

    /// `Σ g²` over the patterns outside the topologies of `layers` and of `beside`, which may be
    /// nothing.
    pub fn squares_outside<'a>(
        &self,
        layers: &[Layer],
        mut beside: impl Iterator<Item = &'a Arc<Topology>>,
    ) -> f64 {
        let mut squares = 0.0;
        for (layer, (pattern, values)) in layers.iter().zip(self.layers()) {
            let mut inside = layer.topology().positions().peekable();
            let mut beside = beside.next().into_iter().flat_map(|t| t.positions()).peekable();
            for (position, g) in pattern.positions().zip(values) {
                let seen = inside.next_if_eq(&position).or(beside.next_if_eq(&position));
                squares += if seen.is_some() { 0.0 } else { f64::from(*g) * f64::from(*g) };
            }
        }
        squares
    }
}

/// Of the gradients of `layers`, those on their topologies, which may be left out, and those that were `asked`
/// for, a value that is no number: in the layer nearest to the loss.
pub(super) fn not_finite(
    layers: &[Layer],
    active: &[f32],
    asked: Option<&Asked<'_>>,
) -> Option<NotFinite> {
    (0..layers.len()).rev().find_map(|l| {
        let layer = layers[l].params();
        let beside = asked.map_or(&[][..], |asked| asked.layer(l));
        let found = [active.get(layer).unwrap_or_default(), beside]
            .into_iter()
            .find_map(first_not_finite)?;
        Some(NotFinite { quantity: Quantity::Gradient, layer: Some(l), found })
    })
}

/// One dense pattern a layer.
pub(super) fn all_positions(layers: &[Layer]) -> Result<Vec<Arc<Topology>>, SparseError> {
    let all = |layer: &Layer| {
        let topology = layer.topology();
        Topology::dense(topology.rows(), topology.cols()).map(Arc::new)
    };
    layers.iter().map(all).collect()
}

/// Appends to `on` the `values` that stand on `pattern` at the positions of `topology`, which lie
/// within it.
fn gather(pattern: &Arc<Topology>, values: &[f32], topology: &Arc<Topology>, on: &mut Vec<f32>) {
    if Arc::ptr_eq(pattern, topology) {
        on.extend_from_slice(values);
    } else if pattern.csr().is_none() {
        on.extend(topology.positions().map(|position| values[position as usize]));
    } else {
        on.extend(TopologyUpdate::between(pattern, topology.clone()).remap(values));
    }
}
