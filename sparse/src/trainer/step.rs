//! One gradient step, and the gradients that it asks for beside those of the active weights.
//!
//! They are asked for with a [`Probe`], in the steps that need one only:
//!
//! | who asks | for the gradient on | at |
//! |---|---|---|
//! | SET | the new positions | steps that rewire |
//! | RigL | all positions | steps that rewire |
//! | SNFS | all positions | every step until the last that rewires |
//! | Top-KAST | the backward set outside the forward set | every step |
//! | [`ClipNorm::Dense`] | all positions | every step |

use std::sync::Arc;

use super::{Memory, Trainer};
use crate::ctx::Probe;
use crate::error::SparseError;
use crate::layers::Layer;
use crate::methods::Moves;
use crate::optim::ClipNorm;
use crate::topology::Topology;

/// One gradient step that has begun.
#[derive(Debug)]
pub struct Step {
    pub(super) probe: Option<Probe>,
    pub(super) change: Change,
}

/// What the end of a step does beside the optimiser's step.
#[derive(Debug)]
pub(super) enum Change {
    Nothing,
    /// SET before the step: these moves.
    Planned(Vec<Moves>),
    /// SET after the step or instead of it: replace this fraction.
    AtRandom(f64),
    /// RigL: replace this fraction.
    ByGradient(f64),
    /// SNFS: average the gradient, and replace this fraction where that is due.
    ByAverage(Option<f64>),
    /// SNIP: prune.
    BySensitivity,
    /// Top-KAST: train the backward set.
    Backward,
}

impl Trainer {
    pub(super) fn clips_dense(&self) -> bool {
        let config = self.optimizer.config();
        config.max_grad_norm.is_some() && config.clip_norm == ClipNorm::Dense
    }

    /// Where a step asks for gradients beside those of the active weights.
    pub(super) fn patterns(
        &self,
        change: &Change,
    ) -> Result<Option<Vec<Arc<Topology>>>, SparseError> {
        let layers = self.network.layers();
        let sparse = layers.iter().any(|layer| layer.topology().csr().is_some());
        let dense = || {
            let pattern = |layer: &Layer| {
                let topology = layer.topology();
                Topology::dense(topology.rows(), topology.cols()).map(Arc::new)
            };
            layers.iter().map(pattern).collect::<Result<_, _>>().map(Some)
        };
        match (change, &self.memory) {
            _ if self.clips_dense() && (sparse || matches!(change, Change::BySensitivity)) => {
                dense()
            }
            (Change::ByGradient(_) | Change::ByAverage(_), _) => dense(),
            (Change::Planned(moves), _) => {
                Ok(Some(moves.iter().map(|moves| moves.topology().clone()).collect()))
            }
            (Change::Backward, Memory::Reserve(reserve)) => {
                Ok(Some(reserve.outer().cloned().collect()))
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::*;
    use crate::config::*;
    use crate::layers::{Compute, Shape};
    use crate::optim::OptimizerConfig;
    use crate::{Activation, Init, LayerSpec, Seed};

    /// Steps of which `method` asks for gradients beyond those of the active weights: how many, and
    /// whether dense ones.
    fn asked(method: Method, optimizer: OptimizerConfig) -> Vec<(u64, bool)> {
        let layer = |name: &str| LayerSpec {
            name: name.into(),
            shape: Shape::Linear { inputs: 8, outputs: 8 },
            activation: Activation::Relu,
            init: Init::Uniform { limit: 1.0 },
            bias: 0.0,
            weight_decay: 0.0,
            then: Vec::new(),
        };
        let config = SparsityConfig {
            method,
            sparsity: 0.75,
            distribution: Distribution::Uniform,
            pattern: Pattern::Unstructured,
            layers: Default::default(),
            sparsity_aware_init: true,
            compute: Compute::Sparse.into(),
        };
        let specs = [layer("0"), layer("1")];
        let mut trainer = Trainer::new("net", &specs, &config, optimizer, &Seed::new(1)).unwrap();
        let x = Tensor::ones((2, 8), DType::F32, &Device::Cpu).unwrap();
        let mut asked = Vec::new();
        for t in 0..12 {
            let step = trainer.begin_step().unwrap();
            if let Some(probe) = &step.probe {
                asked.push((t, probe.patterns().iter().all(|pattern| pattern.csr().is_none())));
            }
            let loss = trainer.forward(&x, &step).unwrap().sum_all().unwrap();
            trainer.end_step(step, &loss.backward().unwrap()).unwrap();
        }
        asked
    }

    #[test]
    fn dense_gradients_are_formed_where_they_are_asked_for_only() {
        let adam = OptimizerConfig::adam(1e-3);
        let schedule = DropGrow {
            every: 5,
            until: 8,
            drop_fraction: 0.5,
            decay: Decay::Constant,
            order: Order::BeforeStep,
        };
        let rigl = Method::Rigl(Rigl::new(schedule.clone()));
        let snfs = Method::Snfs(Snfs { schedule: schedule.clone(), smoothing: 0.9 });
        let backward = TopKast { every: 5, backward_sparsity: 0.5, exploration_penalty: 0.0 };
        let pruning = Method::Pruning(Pruning { start: 0, end: 10, every: 5 });
        let none: [(u64, bool); 0] = [];
        for method in [Method::Dense, Method::Static, Method::Snip, pruning] {
            assert_eq!(asked(method, adam), none);
        }
        assert_eq!(asked(Method::Set(schedule), adam), [(0, false), (5, false)]);
        assert_eq!(asked(rigl, adam), [(0, true), (5, true)]);
        let until_8: Vec<_> = (0..=8).map(|t| (t, true)).collect();
        assert_eq!(asked(snfs, adam), until_8);
        let always = |dense| (0..12).map(|t| (t, dense)).collect::<Vec<_>>();
        assert_eq!(asked(Method::TopKast(backward), adam), always(false));

        let clipped =
            OptimizerConfig { max_grad_norm: Some(1.0), clip_norm: ClipNorm::Dense, ..adam };
        assert_eq!(asked(Method::Static, clipped), always(true));
        assert_eq!(asked(Method::Dense, clipped), none, "all of it is active anyway");
    }
}
