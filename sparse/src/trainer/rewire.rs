//! What each method makes of all layers of a network.

use super::{Memory, Trainer};
use crate::config::Method;
use crate::error::SparseError;
use crate::methods::{LayerView, Moves, Units, pruning, rigl, set, snfs, snip};
use crate::network::Network;

impl Trainer {
    /// Prunes to the share `progress` of each layer's final sparsity.
    pub(super) fn prune(&self, progress: f64) -> Result<Vec<Moves>, SparseError> {
        let params = self.params()?;
        let layers = views(&self.network, &self.units, &params).zip(&self.shares);
        let prune = layers.map(|(layer, share)| {
            pruning::prune(layer, pruning::keep_units(layer.units, progress * share.sparsity))
        });
        prune.collect()
    }

    /// Prunes to each layer's share by the gradient of all parameters.
    pub(super) fn prune_by_sensitivity(&self, grad: &[f32]) -> Result<Vec<Moves>, SparseError> {
        let params = self.params()?;
        let layers = views(&self.network, &self.units, &params)
            .zip(views(&self.network, &self.units, grad))
            .zip(&self.shares);
        let prune = layers.map(|((layer, grad), share)| {
            snip::prune(layer, grad.values, share.nnz / layer.units.size())
        });
        prune.collect()
    }

    pub(super) fn rewire_at_random(&mut self, fraction: f64) -> Result<Vec<Moves>, SparseError> {
        let params = self.params()?;
        let Self { network, units, grow, .. } = self;
        rewire(network, units, &params, |layer, _| set::rewire(layer, fraction, grow))
    }

    /// By the dense gradient of all layers, one after the other.
    pub(super) fn rewire_by_gradient(
        &mut self,
        dense_grad: &[f32],
        fraction: f64,
    ) -> Result<Option<Vec<Moves>>, SparseError> {
        let params = self.params()?;
        let Self { network, units, grow, method: Method::Rigl(rigl), .. } = self else {
            return Ok(None);
        };
        let moves = rewire(network, units, &params, |layer, start| {
            let grad = &dense_grad[start..start + layer.topology.size()];
            rigl::rewire(layer, grad, fraction, rigl, grow)
        });
        moves.map(Some)
    }

    /// Averages the dense gradient, and rewires by the average where a `fraction` is due.
    pub(super) fn rewire_by_average(
        &mut self,
        dense_grad: &[f32],
        fraction: Option<f64>,
    ) -> Result<Option<Vec<Moves>>, SparseError> {
        if let (Memory::Averages(averages), Method::Snfs(snfs)) = (&mut self.memory, &self.method) {
            snfs::average(averages, dense_grad, snfs.smoothing);
        }
        let (Memory::Averages(averages), Some(fraction)) = (&self.memory, fraction) else {
            return Ok(None);
        };
        let moves = rewire(&self.network, &self.units, &self.params()?, |layer, start| {
            snfs::rewire(layer, &averages[start..start + layer.topology.size()], fraction)
        });
        moves.map(Some)
    }

    /// Chooses the sets of Top-KAST anew.
    pub(super) fn refresh(&mut self) -> Result<Vec<Moves>, SparseError> {
        let params = self.params()?;
        let (m, v) = self.optimizer.moments();
        let moments = self
            .network
            .layers()
            .iter()
            .map(|layer| [m, v].map(|moments| moments.get(layer.weights()).unwrap_or(&[])));
        let layers = views(&self.network, &self.units, &params).zip(moments);
        match &mut self.memory {
            Memory::Reserve(reserve) => reserve.refresh(layers),
            _ => Ok(layers.map(|(layer, _)| Moves::none(layer.topology)).collect()),
        }
    }

    fn params(&self) -> Result<Vec<f32>, SparseError> {
        Ok(self.network.params().to_vec1()?)
    }
}

/// Each layer as methods see it, with its part of `values`, which stand as the parameters do.
fn views<'a>(
    network: &'a Network,
    units: &'a [Units],
    values: &'a [f32],
) -> impl Iterator<Item = LayerView<'a>> {
    network.layers().iter().zip(units).map(|(layer, units)| LayerView {
        topology: layer.topology(),
        units,
        values: &values[layer.weights()],
    })
}

/// Each layer through `rewire`, which is told where its positions start among those of all layers;
/// dense layers stay as they are.
fn rewire(
    network: &Network,
    units: &[Units],
    params: &[f32],
    mut rewire: impl FnMut(LayerView<'_>, usize) -> Result<Moves, SparseError>,
) -> Result<Vec<Moves>, SparseError> {
    let mut start = 0;
    let layers = views(network, units, params).map(|layer| {
        let moves = match layer.topology.csr() {
            Some(_) => rewire(layer, start),
            None => Ok(Moves::none(layer.topology)),
        };
        start += layer.topology.size();
        moves
    });
    layers.collect()
}
