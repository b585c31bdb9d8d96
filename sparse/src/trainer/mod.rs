//! A network in training: its optimiser and its method.
//!
//! ```text
//! let step = trainer.begin_step()?;            // pruning prunes; SET chooses; others ask
//! let y = trainer.forward(&x, &step)?;         // … a loss from y …
//! trainer.end_step(step, &loss.backward()?)?;  // SET, RigL, … rewire; the optimiser steps
//! ```
//!
//! or, without candle's graph, by a loss that gives its gradient in the outputs:
//!
//! ```text
//! let mut pass = trainer.vjp(&x, &step)?;
//! let gradients = pass.backward(&dy, wanted)?; // … dy from pass.output() …
//! trainer.finish_step(step, gradients)?;
//! ```
//!
//! In a step that rewires, the optimiser uses the gradient at the weights before the change, on the
//! positions after it: a grown weight takes its first step at once.
//!
//! Gradients beside those of the active weights are asked for with a [`Probe`], in the steps that need one
//! only: by the method ([`Ask`]), and at every step by [`ClipNorm::Dense`].

mod asked;
mod finish;
mod remap;
mod start;
mod state;

use candle_core::Tensor;
use candle_core::backprop::GradStore;
use rand::RngExt;

use crate::backend::Gradients;
use crate::config::SparsityConfig;
use crate::cpu::numbers;
use crate::ctx::{Ctx, Probe};
use crate::distribution::Share;
use crate::error::{Quantity, SparseError};
use crate::executed::Executed;
use crate::finite::NotFinite;
use crate::kernels::Par;
use crate::layers::{Layer, LayerSpec};
use crate::methods::{Ask, At, Blocks, Layers, Method, TopologyUpdate, UpdateCounts};
use crate::network::Network;
use crate::optim::{ClipNorm, Optimizer, OptimizerConfig};
use crate::routing::{Block, Load};
use crate::saved::Saved;
use crate::section::Section;
use crate::seed::{Rng, Seed};
use crate::vjp::Vjp;

use asked::all_positions;
use start::Start;
use state::State;

pub(crate) use remap::rewired;

/// A network, its optimiser and its method.
#[derive(Debug)]
pub struct Trainer {
    name: String,
    shares: Vec<Share>,
    blocks: Vec<Blocks>,
    /// The method's name.
    method: &'static str,
    state: State,
    /// Whether it has a network to act with and no state to train it by.
    acts_only: bool,
}

/// One gradient step that has begun.
#[derive(Debug)]
pub struct Step {
    at: At,
    probe: Option<Probe>,
    /// Whether the method chooses by the step's gradients.
    chooses: bool,
    planned: Option<Vec<TopologyUpdate>>,
    /// What routers draw from in its passes, if there are any.
    route: Option<Seed>,
}

impl Step {
    /// What its passes take along.
    fn ctx<'a>(&'a self, rng: &'a mut Option<Rng>) -> Ctx<'a> {
        Ctx { probe: self.probe.as_ref(), rng: rng.as_mut(), ..Ctx::default() }
    }
}

impl Trainer {
    /// A fresh network `name` of the layers `specs`; topologies, weights and growth are drawn from
    /// the streams `topology`, `init` and `grow` below `seed`, and what routers draw from `route`.
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
            route: (!network.backend().plan().blocks().is_empty())
                .then(|| seed.child("route").rng()),
            loads: vec![Load::default(); network.backend().plan().blocks().len()],
            network,
            method,
            grow: seed.child("grow").rng(),
            rewired_alone_at: None,
        };
        let (name, method) = (name.into(), config.method.row().name);
        Ok(Self { name, shares, blocks, method, state, acts_only: false })
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

    /// Takes over the network that `saved` has under this one's name, to act with: it cannot be trained then,
    /// since `saved` has neither moments nor what the method remembers.
    ///
    /// # Errors
    /// A tensor that is missing, or that a layer of this shape cannot have.
    pub fn load_weights(&mut self, saved: &Saved) -> Result<(), SparseError> {
        self.state.network = self.state.network.load_weights(&self.name, saved)?;
        self.acts_only = true;
        Ok(())
    }

    /// Begins with the weights that `saved` has under this network's name, before the first step.
    ///
    /// # Errors
    /// A tensor that is missing, and topologies that are not those that the method has begun with.
    pub fn start_from(&mut self, saved: &Saved) -> Result<(), SparseError> {
        let network = self.state.network.load_weights(&self.name, saved)?;
        let mut pairs = network.layers().iter().zip(self.network().layers());
        if let Some((layer, _)) = pairs.find(|(new, old)| new.topology() != old.topology()) {
            let tensor = format!("{}/{}/positions", self.name, layer.name());
            return Err(SparseError::NotSaved { tensor });
        }
        self.state.network = network;
        Ok(())
    }

    /// Writes all that the next step depends on and all that is counted. No step may be under way.
    ///
    /// # Errors
    /// Those of candle, and what the method cannot write.
    pub fn save(&self) -> Result<Section, SparseError> {
        self.state.save(self.method, &self.shares)
    }

    /// Takes back what [`Self::save`] wrote of a trainer of the same layers, sparsity, method and optimiser,
    /// whatever its seed: it goes on as that one would have, bit for bit.
    ///
    /// # Errors
    /// What is missing, and what does not fit; the trainer is of no use then.
    pub fn load(&mut self, from: &Section) -> Result<(), SparseError> {
        self.state.load(from, self.method, &self.blocks, &self.shares)?;
        self.acts_only = false;
        Ok(())
    }

    /// Whether the next step is the optimiser's alone: then a device may take it, which the method is not told of.
    pub fn rests(&self) -> bool {
        let State { optimizer, method, rewired_alone_at, .. } = &self.state;
        let step = optimizer.steps();
        let at = At { step, rewired: *rewired_alone_at == Some(step) };
        let is_sparse = |layer: &Layer| layer.topology().csr().is_some();
        let asks_for_norm = self.clips_dense() && self.network().layers().iter().any(is_sparse);
        method.rests(at) && !asks_for_norm && !self.acts_only
    }

    /// Counts a step that a device has taken, in which `executed` was computed.
    pub fn count_step(&mut self, executed: Executed) {
        self.state.optimizer.count_step();
        self.state.network.count(executed);
    }

    /// Takes over parameters and moments that a device has changed; `moments` are `m` and `v`.
    ///
    /// # Errors
    /// Another number of them.
    pub(crate) fn take_values(
        &mut self,
        params: &[f32],
        moments: [Vec<f32>; 2],
    ) -> Result<(), SparseError> {
        self.state.network.set_values(params)?;
        self.state.optimizer.set_moments(moments)
    }

    /// What is wrong with a step of which `norm` is the norm of the gradient; nothing where it is finite.
    ///
    /// # Errors
    /// A norm that is none.
    pub fn check_norm(&self, norm: f32) -> Result<(), SparseError> {
        if norm.is_finite() {
            return Ok(());
        }
        let found = NotFinite { quantity: Quantity::Gradient, layer: None, found: norm };
        Err(found.error(&self.name, self.network().layers(), self.optimizer().steps()))
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

    /// What each block of experts did since the last call, beside the layer behind which it stands.
    pub fn drain_loads(&mut self) -> Vec<(String, Load)> {
        let State { network, loads, .. } = &mut self.state;
        let blocks = network.backend().plan().blocks().iter().zip(loads);
        let name = |block: &Block| network.layers()[block.behind].name().to_owned();
        blocks.map(|(block, load)| (name(block), std::mem::take(load))).collect()
    }

    /// Begins gradient step [`Optimizer::steps`].
    ///
    /// # Errors
    /// Those of candle, and a network that was loaded to act with.
    pub fn begin_step(&mut self) -> Result<Step, SparseError> {
        if self.acts_only {
            return Err(SparseError::ActsOnly { network: self.name.clone() });
        }
        let step = self.state.optimizer.steps();
        let at = At { step, rewired: self.state.rewired_alone_at == Some(step) };
        let before = self.with_layers(|method, layers, _| method.before(at, layers))?;
        if let Some(updates) = before {
            self.state.apply(&updates)?;
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
        let device = self.network().device();
        let probe = patterns.map(|patterns| Probe::new(patterns, device)).transpose()?;
        let planned = match ask {
            Ask::Planned(updates) => Some(updates),
            Ask::Nothing | Ask::Active | Ask::Dense | Ask::Outside(_) => None,
        };
        let route = self.state.route.as_mut().map(|rng| Seed::new(rng.random()));
        Ok(Step { at, probe, chooses, planned, route })
    }

    /// The network's output in `step`, `(batch, in) → (batch, out)`, differentiable.
    ///
    /// # Errors
    /// Those of candle.
    pub fn forward(&self, x: &Tensor, step: &Step) -> Result<Tensor, SparseError> {
        let mut rng = step.route.as_ref().map(Seed::rng);
        self.network().pass(x, &mut step.ctx(&mut rng))
    }

    /// The network's pass in `step` over `x (batch · in)`, without candle's graph.
    ///
    /// # Errors
    /// An `x` that is no whole rows.
    pub fn vjp(&self, x: &[f32], step: &Step) -> Result<Vjp, SparseError> {
        let mut rng = step.route.as_ref().map(Seed::rng);
        self.network().vjp(x, &mut step.ctx(&mut rng))
    }

    /// Ends `step` with the gradients of its loss: rewires where that is due, then takes an
    /// optimiser step. Returns the gradient's norm before clipping.
    ///
    /// # Errors
    /// A gradient that is missing or not finite.
    pub fn end_step(&mut self, step: Step, grads: &GradStore) -> Result<f32, SparseError> {
        let missing = || SparseError::NoGradient { network: self.name.clone() };
        let of = |var: &Tensor| {
            let grad = grads.get(var).ok_or_else(missing)?.contiguous()?;
            Ok::<_, SparseError>(numbers(&grad, |values| Ok(values.to_vec()))?)
        };
        let probe = step.probe.as_ref().map_or(Ok(Vec::new()), |probe| of(probe.var()))?;
        let params = of(self.network().params())?;
        self.finish_step(step, Gradients { params, probe, ..Gradients::default() })
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
}

#[cfg(test)]
mod tests;
