//! What a network starts from: topologies and weights, layer by layer.

use std::sync::Arc;

use super::shares::{backward_shares, shares, units};
use crate::config::{Method, SparsityConfig};
use crate::distribution::Share;
use crate::error::SparseError;
use crate::init::sparsity_aware;
use crate::layers::{Layer, LayerSpec};
use crate::methods::static_sparse;
use crate::methods::top_kast::LayerSets;
use crate::methods::units::Units;
use crate::network::Network;
use crate::seed::Seed;
use crate::topology::Topology;

/// A fresh network and what its method holds of each layer.
pub(super) struct Start {
    pub network: Network,
    pub shares: Vec<Share>,
    pub units: Vec<Units>,
    /// Of Top-KAST, empty for every other method.
    pub sets: Vec<LayerSets>,
}

impl Start {
    /// Draws from the streams `topology` and `init` below `seed`.
    pub fn draw(
        specs: &[LayerSpec],
        config: &SparsityConfig,
        seed: &Seed,
    ) -> Result<Self, SparseError> {
        let shares = shares(specs, config)?;
        let backward = match &config.method {
            Method::TopKast(top_kast) => backward_shares(specs, config, top_kast)?,
            _ => shares.clone(),
        };
        let each = specs.iter().zip(&shares);
        let units: Vec<_> = each.map(|(spec, share)| units(config.pattern, spec, share)).collect();
        let (mut layers, mut params, mut sets) = (Vec::new(), Vec::new(), Vec::new());
        for (l, spec) in specs.iter().enumerate() {
            let (rows, cols, units) = (spec.shape.rows(), spec.shape.cols(), units[l]);
            let init = &mut seed.child("init").child(&spec.name).rng();
            let (topology, weights) = if config.method.starts_dense() {
                let topology = Topology::dense(rows, cols)?;
                let weights = spec.init.draw(&topology, spec.shape.area(), init);
                (Arc::new(topology), weights)
            } else if matches!(config.method, Method::TopKast(_)) {
                let theta = spec.init.draw(&Topology::dense(rows, cols)?, spec.shape.area(), init);
                let sizes = [shares[l].nnz, backward[l].nnz].map(|nnz| nnz / units.size());
                sets.push(LayerSets::new(rows, cols, units, sizes, theta)?);
                sets[l].forward()
            } else {
                let mut rng = seed.child("topology").child(&spec.name).rng();
                let topology = static_sparse::random(rows, cols, &units, shares[l].nnz, &mut rng)?;
                let weights = match config.sparsity_aware_init {
                    true => sparsity_aware(&topology, spec.shape.area(), init),
                    false => spec.init.draw(&topology, spec.shape.area(), init),
                };
                (Arc::new(topology), weights)
            };
            layers.push(Layer::new(spec, topology, config.compute.of(&spec.name), params.len())?);
            params.extend(weights);
            params.extend(std::iter::repeat_n(spec.bias, rows));
        }
        Ok(Self { network: Network::new(layers, params)?, shares, units, sets })
    }
}
