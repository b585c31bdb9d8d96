//! The layers of a network as methods see them.

use std::cell::OnceCell;

use super::{Blocks, LayerView, TopologyUpdate};
use crate::distribution::Share;
use crate::error::SparseError;
use crate::layers::Layer;
use crate::network::Network;
use crate::optim::Optimizer;

/// All layers of a network. Their weights are read when somebody looks at them: most steps of most methods
/// look at none.
#[derive(Debug)]
pub struct Layers<'a> {
    network: &'a Network,
    optimizer: &'a Optimizer,
    blocks: &'a [Blocks],
    shares: &'a [Share],
    params: OnceCell<Vec<f32>>,
}

impl<'a> Layers<'a> {
    /// The layers of `network` as they are, with one entry of `blocks` and `shares` each.
    pub(crate) fn new(
        network: &'a Network,
        optimizer: &'a Optimizer,
        blocks: &'a [Blocks],
        shares: &'a [Share],
    ) -> Self {
        Self { network, optimizer, blocks, shares, params: OnceCell::new() }
    }

    /// Each layer, from input to output.
    ///
    /// # Errors
    /// Those of candle.
    pub fn views(&self) -> Result<Vec<LayerView<'_>>, SparseError> {
        let params = match self.params.get() {
            Some(params) => params,
            None => {
                let read = self.network.params().to_vec1()?;
                self.params.get_or_init(|| read)
            }
        };
        let (m, v) = self.optimizer.moments();
        let view = |(layer, (blocks, share)): (&'a Layer, (&'a Blocks, &'a Share))| LayerView {
            topology: layer.topology(),
            blocks,
            share: *share,
            values: &params[layer.weights()],
            moments: [m, v].map(|moments| moments.get(layer.weights()).unwrap_or(&[])),
        };
        Ok(self
            .network
            .layers()
            .iter()
            .zip(self.blocks.iter().zip(self.shares))
            .map(view)
            .collect())
    }

    /// Each layer that has inactive weights through `change`, with its number; dense layers stay as they
    /// are.
    ///
    /// # Errors
    /// What `change` gives.
    pub fn each_sparse(
        &self,
        mut change: impl FnMut(usize, LayerView<'_>) -> Result<TopologyUpdate, SparseError>,
    ) -> Result<Vec<TopologyUpdate>, SparseError> {
        let one = |(l, layer): (usize, LayerView<'_>)| match layer.topology.csr() {
            Some(_) => change(l, layer),
            None => Ok(TopologyUpdate::none(layer.topology)),
        };
        self.views()?.into_iter().enumerate().map(one).collect()
    }
}
