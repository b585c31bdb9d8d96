//! Sizes and costs of an agent's networks: as they are now, and as a plan knows them before the agent is made.

use std::iter::Sum;

use serde::{Deserialize, Serialize};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::cost::Flops;
use sparring_sparse::estimate::Bytes;
use sparring_sparse::methods::Method;
use sparring_sparse::methods::dense::Dense;
use sparring_sparse::{
    Layer, LayerCost, LayerSpec, OptimizerConfig, SparseError, Trainer, estimate,
};

pub use sparring_sparse::estimate::LayerSummary;

/// What an agent will take, known before it is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// The trained networks (targets are copies and not listed) at their final sparsity.
    pub networks: Vec<NetworkSummary>,
    /// Gradient steps in the whole run.
    pub gradient_steps: u64,
    /// Operations of the whole training, by the model.
    pub training: TrainingFlops,
    /// Bytes of weights, structure and moments of all networks, at their largest.
    pub network_bytes: u64,
    /// Bytes of the replay memory or rollout.
    pub memory_bytes: u64,
}

/// Operations of a training by the model of [`Method::training_flops`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingFlops {
    /// With the chosen method.
    pub model: f64,
    /// With the same networks dense.
    pub dense: f64,
}

impl TrainingFlops {
    /// Training the network of `layers`, given at their final sparsity, with `sparsity`.
    ///
    /// # Errors
    /// A method that cannot be built.
    pub fn of(
        sparsity: &SparsityConfig,
        layers: &[LayerCost],
        gradient_steps: u64,
        batch: usize,
    ) -> Result<Self, SparseError> {
        let flops = Flops::of(layers);
        let samples =
            |method: &dyn Method| batch as f64 * method.training_flops(flops, gradient_steps);
        Ok(Self { model: samples(&*sparsity.build()?), dense: samples(&Dense {}) })
    }
}

impl Sum for TrainingFlops {
    fn sum<I: Iterator<Item = Self>>(networks: I) -> Self {
        networks.fold(Self::default(), |sum, one| Self {
            model: sum.model + one.model,
            dense: sum.dense + one.dense,
        })
    }
}

/// The size of one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkSummary {
    /// `q`, `actor`, `critic.1`, …
    pub name: String,
    /// From input to output.
    pub layers: Vec<LayerSummary>,
}

impl NetworkSummary {
    /// The network `name` of the layers `specs` at its final sparsity, and the bytes that it takes; see
    /// [`estimate::estimate`].
    ///
    /// # Errors
    /// A sparsity, pattern or method that these layers cannot have.
    pub fn planned(
        name: &str,
        specs: &[LayerSpec],
        sparsity: &SparsityConfig,
        optimizer: &OptimizerConfig,
        target: bool,
        batches: &[usize],
    ) -> Result<(Self, Bytes), SparseError> {
        let planned = estimate::estimate(specs, sparsity, optimizer, target, batches)?;
        Ok((Self { name: name.into(), layers: planned.layers }, planned.bytes))
    }

    /// The network of `trainer` as it is now.
    pub fn of(trainer: &Trainer) -> Self {
        let moments = trainer.optimizer().config().rule.moments() as u64;
        let layer = |(at, layer): (usize, &Layer)| {
            let cost =
                LayerCost::new(layer.shape(), layer.algebra(), layer.topology().nnz(), at == 0);
            let (trained, method) = (trainer.trained(at) as u64, trainer.method_bytes(at) as u64);
            let (normed, attended) = (layer.normed() as u64, layer.attended() as u64);
            let cost = LayerCost { trained, moments, method, normed, attended, ..cost };
            let cost = cost.at(trainer.network().backend().plan().runs(at));
            let computed_dense = layer.is_computed_dense();
            LayerSummary { name: layer.name().into(), cost, computed_dense }
        };
        let layers = trainer.network().layers().iter().enumerate().map(layer).collect();
        Self { name: trainer.name().into(), layers }
    }

    /// The costs of the layers.
    pub fn costs(&self) -> Vec<LayerCost> {
        self.layers.iter().map(|layer| layer.cost).collect()
    }
}
