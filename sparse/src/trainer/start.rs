//! What a network starts from: topologies and weights, layer by layer.

use crate::config::SparsityConfig;
use crate::distribution::Share;
use crate::error::SparseError;
use crate::kernels::norm;
use crate::layers::{Layer, LayerSpec};
use crate::methods::{Blocks, LayerStart, Method};
use crate::network::Network;
use crate::optim::Rule;
use crate::seed::Seed;
use crate::shares::{Shares, blocks};

/// A fresh network, its method, and what the method is told of each layer.
pub(super) struct Start {
    pub network: Network,
    pub shares: Vec<Share>,
    pub blocks: Vec<Blocks>,
    pub method: Box<dyn Method>,
}

impl Start {
    /// Draws from the streams `topology` and `init` below `seed`.
    pub fn draw(
        specs: &[LayerSpec],
        config: &SparsityConfig,
        rule: Rule,
        seed: &Seed,
    ) -> Result<Self, SparseError> {
        let mut method = config.build()?;
        let Shares { forward: shares, backward } = Shares::of(specs, config, &*method)?;
        let each = specs.iter().zip(&shares);
        let blocks: Vec<_> =
            each.map(|(spec, share)| blocks(config.pattern, spec, share)).collect();
        let (mut layers, mut params) = (Vec::new(), Vec::new());
        for (l, spec) in specs.iter().enumerate() {
            let stream = |name| seed.child(name).child(&spec.name).rng();
            let (topology, weights) = method.start(LayerStart {
                spec,
                blocks: blocks[l],
                share: shares[l],
                trained: backward[l],
                sparsity_aware_init: config.sparsity_aware_init,
                init: &mut stream("init"),
                positions: &mut stream("topology"),
            })?;
            layers.push(Layer::new(spec, topology, config.compute.of(&spec.name), params.len())?);
            params.extend(weights);
            params.extend(std::iter::repeat_n(spec.bias, spec.shape.rows()));
            params.extend(norm::start(spec.shape.rows(), spec.normed()));
        }
        if let Some(set) = method.backward_set() {
            set.begin(rule);
        }
        Ok(Self { network: Network::new(layers, params)?, shares, blocks, method })
    }
}
