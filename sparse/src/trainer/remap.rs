//! How parameters and moments follow a change of topology.

use crate::error::SparseError;
use crate::layers::Layer;
use crate::methods::{NewWeights, TopologyUpdate};
use crate::network::Network;

/// `values`, which stand as the parameters of `layers` do, after `updates`, which start new weights
/// from what `start` names.
pub(super) fn remap(
    layers: &[Layer],
    updates: &[TopologyUpdate],
    values: &[f32],
    start: impl Fn(&NewWeights) -> &[f32],
) -> Vec<f32> {
    let mut new = Vec::with_capacity(values.len());
    for (layer, update) in layers.iter().zip(updates) {
        new.extend(update.remap_from(&values[layer.weights()], start(update.start())));
        new.extend_from_slice(&values[layer.always()]);
    }
    new
}

/// `network` after `updates`, one a layer.
pub(crate) fn rewired(
    network: &Network,
    updates: &[TopologyUpdate],
) -> Result<Network, SparseError> {
    let old = network.params().to_vec1::<f32>()?;
    let params = remap(network.layers(), updates, &old, |start| &start.values);
    let mut offset = 0;
    let layer = |(layer, update): (&Layer, &TopologyUpdate)| {
        let layer = layer.rewired(update.topology(), offset);
        offset = layer.params().end;
        Ok(layer)
    };
    let layers: Result<_, SparseError> = network.layers().iter().zip(updates).map(layer).collect();
    network.rewired(layers?, params)
}
