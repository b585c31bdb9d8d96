//! How parameters, moments and gradients follow a change of topology.

use std::sync::Arc;

use crate::ctx::Probe;
use crate::error::SparseError;
use crate::layers::Layer;
use crate::methods::Moves;
use crate::methods::moves::Start;
use crate::network::Network;
use crate::topology::Topology;

/// `values`, which stand as the parameters of `layers` do, after `moves`, which start new weights
/// from what `start` names.
pub(super) fn remap(
    layers: &[Layer],
    moves: &[Moves],
    values: &[f32],
    start: impl Fn(&Start) -> &[f32],
) -> Vec<f32> {
    let mut new = Vec::with_capacity(values.len());
    for (layer, moves) in layers.iter().zip(moves) {
        new.extend(moves.remap_from(&values[layer.weights()], start(moves.start())));
        new.extend_from_slice(&values[layer.biases()]);
    }
    new
}

/// `network` after `moves`, one a layer.
pub(crate) fn moved(network: &Network, moves: &[Moves]) -> Result<Network, SparseError> {
    let old = network.params().to_vec1::<f32>()?;
    let params = remap(network.layers(), moves, &old, |start| &start.values);
    let mut offset = 0;
    let layer = |(layer, moves): (&Layer, &Moves)| {
        let layer = layer.rewired(moves.topology(), offset);
        offset = layer.biases().end;
        Ok(layer)
    };
    let layers: Result<_, SparseError> = network.layers().iter().zip(moves).map(layer).collect();
    network.rewired(layers?, params)
}

/// The gradients that a probe brought back.
pub(super) struct Probed<'a> {
    pub probe: &'a Probe,
    /// Pattern after pattern.
    pub values: Vec<f32>,
}

impl Probed<'_> {
    /// Pattern and gradients of each layer.
    pub fn layers(&self) -> impl Iterator<Item = (&Arc<Topology>, &[f32])> {
        let mut start = 0;
        self.probe.patterns().iter().map(move |pattern| {
            let part = start..start + pattern.nnz();
            start = part.end;
            (pattern, &self.values[part])
        })
    }

    /// The gradients on `topologies`, which lie within the patterns, one after the other.
    pub fn on<'a>(&self, topologies: impl Iterator<Item = &'a Arc<Topology>>) -> Vec<f32> {
        let mut on = Vec::new();
        for ((pattern, values), topology) in self.layers().zip(topologies) {
            gather(pattern, values, topology, &mut on);
        }
        on
    }

    /// The gradient as the parameters stand after `moves`, whose positions lie within the patterns:
    /// weights from the probe, biases from the `old` gradient.
    pub fn after(&self, layers: &[Layer], moves: &[Moves], old: &[f32]) -> Vec<f32> {
        let mut grad = Vec::with_capacity(old.len());
        for ((layer, moves), (pattern, values)) in layers.iter().zip(moves).zip(self.layers()) {
            gather(pattern, values, moves.topology(), &mut grad);
            grad.extend_from_slice(&old[layer.biases()]);
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

/// Appends to `on` the `values` that stand on `pattern` at the positions of `topology`, which lie
/// within it.
fn gather(pattern: &Arc<Topology>, values: &[f32], topology: &Arc<Topology>, on: &mut Vec<f32>) {
    if Arc::ptr_eq(pattern, topology) {
        on.extend_from_slice(values);
    } else if pattern.csr().is_none() {
        on.extend(topology.positions().map(|position| values[position as usize]));
    } else {
        on.extend(Moves::between(pattern, topology.clone()).remap(values));
    }
}
