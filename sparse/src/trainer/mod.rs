//! A network in training: its optimiser and its method.
//!
//! ```text
//! let step = trainer.begin_step()?;            // pruning prunes; SET chooses; others ask
//! let y = trainer.forward(&x, &step)?;         // … a loss from y …
//! trainer.end_step(step, &loss.backward()?)?;  // SET, RigL, … rewire; the optimiser steps
//! ```
//!
//! In a step that rewires, the optimiser uses the gradient at the weights before the change, on the
//! positions after it: a grown weight takes its first step at once.
//!
//! Gradients beside those of the active weights are asked for with a [`Probe`], in the steps that need one
//! only: by the method ([`Ask`]), and at every step by [`ClipNorm::Dense`].

mod asked;
mod remap;
mod start;

use std::sync::Arc;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};

use crate::config::SparsityConfig;
use crate::ctx::Probe;
use crate::distribution::Share;
use crate::error::SparseError;
use crate::kernels::Par;
use crate::layers::{Layer, LayerSpec};
use crate::methods::static_sparse::Static;
use crate::methods::{
    Ask, At, Blocks, LayerGrads, Layers, Method, Order, TopologyUpdate, UpdateCounts,
};
use crate::network::Network;
use crate::optim::{ClipNorm, Optimizer, OptimizerConfig};
use crate::saved::Saved;
use crate::seed::{Rng, Seed};
use crate::topology::Topology;

use asked::Asked;
use remap::remap;
use start::Start;

pub(crate) use remap::rewired;

/// A network, its optimiser and its method.
#[derive(Debug)]
pub struct Trainer {
    name: String,
    shares: Vec<Share>,
    blocks: Vec<Blocks>,
    state: State,
}

/// What changes in training.
#[derive(Debug)]
struct State {
    network: Network,
    optimizer: Optimizer,
    method: Box<dyn Method>,
    grow: Rng,
    /// What was rewired since it was last asked for.
    counts: Vec<UpdateCounts>,
    /// The step that a rewiring last took the place of.
    rewired_alone_at: Option<u64>,
}

/// One gradient step that has begun.
#[derive(Debug)]
pub struct Step {
    at: At,
    probe: Option<Probe>,
    /// Whether the method chooses by the step's gradients.
    chooses: bool,
    planned: Option<Vec<TopologyUpdate>>,
}

impl Trainer {
    /// A fresh network `name` of the layers `specs`; topologies, weights and growth are drawn from
    /// the streams `topology`, `init` and `grow` below `seed`.
    ///
    /// # Errors
    /// A sparsity, pattern or method that these layers cannot have.
    pub fn new(
        name: &str,
        specs: &[LayerSpec],
        config: &SparsityConfig,
        optimizer: OptimizerConfig,
        seed: &Seed,
    ) -> Result<Self, SparseError> {
        let Start { network, shares, blocks, method } =
            Start::draw(specs, config, optimizer.rule, seed)?;
        let state = State {
            optimizer: Optimizer::new(optimizer, network.num_params()),
            counts: vec![UpdateCounts::default(); network.layers().len()],
            network,
            method,
            grow: seed.child("grow").rng(),
            rewired_alone_at: None,
        };
        Ok(Self { name: name.into(), shares, blocks, state })
    }

    /// The network's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.state.network
    }

    /// The optimiser and its moments.
    pub fn optimizer(&self) -> &Optimizer {
        &self.state.optimizer
    }

    /// Changes the learning rate from the next step on; moments and their bias correction go on.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.state.optimizer.set_learning_rate(learning_rate);
    }

    /// Weights of layer `at` that training updates: the active ones, and those that the method trains
    /// beside them.
    pub fn trained(&self, at: usize) -> usize {
        let active = self.network().layers().get(at).map_or(0, |layer| layer.topology().nnz());
        active + self.state.method.trained_outside(at)
    }

    /// Bytes that the method keeps for layer `at` beside its weights and moments.
    pub fn method_bytes(&self, at: usize) -> usize {
        let layer = self.network().layers().get(at);
        layer.map_or(0, |layer| self.state.method.bytes(at, layer.shape()))
    }

    /// Takes over the network that `saved` has under this one's name, to act with; trained on, it is
    /// a static one with fresh moments.
    ///
    /// # Errors
    /// A tensor that is missing, or that a layer of this shape cannot have.
    pub fn load(&mut self, saved: &Saved) -> Result<(), SparseError> {
        let state = &mut self.state;
        state.network = state.network.load(&self.name, saved)?;
        state.optimizer = Optimizer::new(*state.optimizer.config(), state.network.num_params());
        state.method = Box::new(Static {});
        Ok(())
    }

    /// Lets the network's products use `par`; no bit of them changes.
    pub fn set_par(&mut self, par: Par) {
        self.state.network.set_par(par);
    }

    /// What was rewired in each layer since the last call.
    pub fn drain_rewired(&mut self) -> Vec<UpdateCounts> {
        let none = vec![UpdateCounts::default(); self.state.counts.len()];
        std::mem::replace(&mut self.state.counts, none)
    }

    /// Begins gradient step [`Optimizer::steps`].
    ///
    /// # Errors
    /// Those of candle.
    pub fn begin_step(&mut self) -> Result<Step, SparseError> {
        let step = self.state.optimizer.steps();
        let at = At { step, rewired: self.state.rewired_alone_at == Some(step) };
        let before = self.with_layers(|method, layers, _| method.before(at, layers))?;
        if let Some(updates) = before {
            self.apply(&updates)?;
        }
        let ask = self.with_layers(|method, layers, rng| method.ask(at, layers, rng))?;
        let chooses = match &ask {
            Ask::Nothing | Ask::Outside(_) => false,
            Ask::Active | Ask::Dense | Ask::Planned(_) => true,
        };
        let layers = self.network().layers();
        // The norm of the dense gradient is that of the active one while no weight is inactive, and none
        // becomes so in this step.
        let becomes_sparse = matches!(ask, Ask::Active);
        let is_sparse = layers.iter().any(|layer| layer.topology().csr().is_some());
        let clips = self.clips_dense() && (is_sparse || becomes_sparse);
        let patterns = match &ask {
            _ if clips => Some(all_positions(layers)?),
            Ask::Dense => Some(all_positions(layers)?),
            Ask::Planned(updates) => {
                Some(updates.iter().map(|update| update.topology().clone()).collect())
            }
            Ask::Outside(patterns) => Some(patterns.clone()),
            Ask::Nothing | Ask::Active => None,
        };
        let probe = patterns.map(|patterns| Probe::new(patterns, &Device::Cpu)).transpose()?;
        let planned = match ask {
            Ask::Planned(updates) => Some(updates),
            Ask::Nothing | Ask::Active | Ask::Dense | Ask::Outside(_) => None,
        };
        Ok(Step { at, probe, chooses, planned })
    }

    /// The network's output in `step`, `(batch, in) → (batch, out)`, differentiable.
    ///
    /// # Errors
    /// Those of candle.
    pub fn forward(&self, x: &Tensor, step: &Step) -> Result<Tensor, SparseError> {
        match &step.probe {
            Some(probe) => self.network().forward_probed(x, probe),
            None => self.network().forward(x),
        }
    }

    /// Ends `step` with the gradients of its loss: rewires where that is due, then takes an
    /// optimiser step. Returns the gradient's norm before clipping.
    ///
    /// # Errors
    /// A gradient that is missing or not finite.
    pub fn end_step(&mut self, step: Step, grads: &GradStore) -> Result<f32, SparseError> {
        let missing = || SparseError::NoGradient { network: self.name.clone() };
        let grad = grads.get(self.network().params()).ok_or_else(missing)?.clone();
        let asked = match &step.probe {
            Some(probe) => {
                let values = grads.get(probe.var()).ok_or_else(missing)?.to_vec1()?;
                Some(Asked { patterns: probe.patterns(), values })
            }
            None => None,
        };
        if !step.chooses {
            return self.optimize(&grad, asked.as_ref());
        }
        // Before anything is rewired by it.
        let active: Vec<f32> = grad.to_vec1()?;
        let beside = asked.as_ref().map_or(&[][..], |asked| &asked.values);
        if let Some(found) = active.iter().chain(beside).find(|g| !g.is_finite()) {
            return Err(self.not_finite(*found));
        }
        let Step { at, planned, .. } = step;
        match self.state.method.order() {
            Order::AfterStep => {
                let norm = self.optimize(&grad, asked.as_ref())?;
                if let Some(updates) = self.choose(at, planned, &active, asked.as_ref())? {
                    self.apply(&updates)?;
                }
                Ok(norm)
            }
            Order::BeforeStep => {
                let Some(updates) = self.choose(at, planned, &active, asked.as_ref())? else {
                    return self.optimize(&grad, asked.as_ref());
                };
                let layers = self.network().layers();
                let new = match &asked {
                    Some(asked) => asked.after(layers, &updates, &active),
                    // Nothing was grown, so the gradient is known.
                    None => remap(layers, &updates, &active, |_| &[]),
                };
                let size = new.len();
                let grad = Tensor::from_vec(new, size, &Device::Cpu)?;
                self.apply(&updates)?;
                self.optimize(&grad, asked.as_ref())
            }
            Order::InsteadOfStep => {
                let Some(updates) = self.choose(at, planned, &active, asked.as_ref())? else {
                    return self.optimize(&grad, asked.as_ref());
                };
                self.state.rewired_alone_at = Some(at.step);
                self.apply(&updates)?;
                Ok(active.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt() as f32)
            }
        }
    }

    /// What the method changes by the gradients that it asked for; what it `planned` stands.
    fn choose(
        &mut self,
        at: At,
        planned: Option<Vec<TopologyUpdate>>,
        active: &[f32],
        asked: Option<&Asked<'_>>,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        if planned.is_some() {
            return Ok(planned);
        }
        let layers = self.network().layers();
        let of_layer = |(l, layer): (usize, &Layer)| LayerGrads {
            active: &active[layer.weights()],
            dense: asked.map_or(&[], |asked| asked.layer(l)),
        };
        let grads: Vec<_> = layers.iter().enumerate().map(of_layer).collect();
        self.with_layers(|method, layers, rng| method.update(at, layers, &grads, rng))
    }

    /// Lets the method look at the layers.
    fn with_layers<T>(
        &mut self,
        look: impl FnOnce(&mut dyn Method, &Layers<'_>, &mut Rng) -> Result<T, SparseError>,
    ) -> Result<T, SparseError> {
        let State { network, optimizer, method, grow, .. } = &mut self.state;
        let layers = Layers::new(network, optimizer, &self.blocks, &self.shares);
        look(&mut **method, &layers, grow)
    }

    fn clips_dense(&self) -> bool {
        let config = self.state.optimizer.config();
        config.max_grad_norm.is_some() && config.clip_norm == ClipNorm::Dense
    }

    /// Clips and steps.
    fn optimize(&mut self, grad: &Tensor, asked: Option<&Asked<'_>>) -> Result<f32, SparseError> {
        let clips_dense = self.clips_dense();
        let State { network, optimizer, method, .. } = &mut self.state;
        let mut outside = method.backward_set();
        let mut unseen = 0.0;
        if let Some(asked) = asked {
            if clips_dense {
                let patterns = outside.iter().flat_map(|set| set.topologies());
                unseen = asked.squares_outside(network.layers(), patterns);
            }
            if let Some(set) = &mut outside {
                let grad = asked.on(set.topologies());
                set.take_grad(grad);
            }
        }
        let norm = optimizer.step(network, grad, unseen, outside)?;
        if !norm.is_finite() {
            return Err(self.not_finite(norm));
        }
        Ok(norm)
    }

    fn not_finite(&self, found: f32) -> SparseError {
        let step = self.state.optimizer.steps();
        SparseError::NotFinite { network: self.name.clone(), step, found }
    }

    /// Moves weights and moments to their new places.
    fn apply(&mut self, updates: &[TopologyUpdate]) -> Result<(), SparseError> {
        let state = &mut self.state;
        let old = state.network.clone();
        state.network = rewired(&old, updates)?;
        state
            .optimizer
            .remap(|k, values| remap(old.layers(), updates, values, |new| &new.moments[k]));
        for (total, update) in state.counts.iter_mut().zip(updates) {
            total.add(update.counts());
        }
        Ok(())
    }
}

/// One dense pattern a layer.
fn all_positions(layers: &[Layer]) -> Result<Vec<Arc<Topology>>, SparseError> {
    let all = |layer: &Layer| {
        let topology = layer.topology();
        Topology::dense(topology.rows(), topology.cols()).map(Arc::new)
    };
    layers.iter().map(all).collect()
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::*;
    use crate::config::*;
    use crate::layers::{Compute, Shape};
    use crate::methods::dense::Dense;
    use crate::methods::pruning::Pruning;
    use crate::methods::rigl::Rigl;
    use crate::methods::set::Set;
    use crate::methods::snfs::Snfs;
    use crate::methods::snip::Snip;
    use crate::methods::top_kast::TopKast;
    use crate::methods::{Decay, DropGrow, MethodChoice};
    use crate::optim::OptimizerConfig;
    use crate::{Activation, Init, LayerSpec, Seed};

    /// Steps of which `method` asks for gradients beyond those of the active weights: how many, and
    /// whether dense ones.
    fn asked(method: MethodChoice, optimizer: OptimizerConfig) -> Vec<(u64, bool)> {
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
            gradient_steps: 12,
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
            update_every_gradient_steps: 5,
            update_until: 8.0 / 12.0,
            drop_schedule: Decay::Constant,
            ..DropGrow::default()
        };
        let rigl = Rigl { schedule: schedule.clone(), ..Rigl::default() };
        let snfs = Snfs { schedule: schedule.clone(), smoothing: 0.9 };
        let backward = TopKast {
            update_every_gradient_steps: 5,
            backward_sparsity: Some(0.5),
            exploration_penalty: 0.0,
        };
        let pruning =
            Pruning { prune_every_gradient_steps: 5, prune_from: 0.0, prune_until: 10.0 / 12.0 };
        let none: [(u64, bool); 0] = [];
        let others: [MethodChoice; 4] =
            [Dense {}.into(), Static {}.into(), Snip {}.into(), pruning.into()];
        for method in others {
            assert_eq!(asked(method, adam), none);
        }
        assert_eq!(asked(Set { schedule }.into(), adam), [(0, false), (5, false)]);
        assert_eq!(asked(rigl.into(), adam), [(0, true), (5, true)]);
        let until_8: Vec<_> = (0..=8).map(|t| (t, true)).collect();
        assert_eq!(asked(snfs.into(), adam), until_8);
        let always = |dense| (0..12).map(|t| (t, dense)).collect::<Vec<_>>();
        assert_eq!(asked(backward.into(), adam), always(false));

        let clipped =
            OptimizerConfig { max_grad_norm: Some(1.0), clip_norm: ClipNorm::Dense, ..adam };
        assert_eq!(asked(Static {}.into(), clipped), always(true));
        assert_eq!(asked(Dense {}.into(), clipped), none, "all of it is active anyway");
    }
}
