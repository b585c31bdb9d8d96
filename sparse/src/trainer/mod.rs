//! A network in training: its optimiser and its method, in the order of PAPERS 1.10.
//!
//! ```text
//! let step = trainer.begin_step()?;            // pruning prunes; SET chooses; others ask
//! let y = trainer.forward(&x, &step)?;         // … a loss from y …
//! trainer.end_step(step, &loss.backward()?)?;  // SET, RigL, … rewire; the optimiser steps
//! ```
//!
//! In a step that rewires, the optimiser uses the gradient at the weights before the change, on the
//! positions after it: a grown weight takes its first step at once. The module `step` says who asks for
//! gradients beside those of the active weights.

mod follow;
mod rewire;
mod shares;
mod start;
mod step;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};

use crate::config::{DropGrow, Method, Order, Rigl, SparsityConfig};
use crate::ctx::Probe;
use crate::distribution::Share;
use crate::error::SparseError;
use crate::layers::LayerSpec;
use crate::methods::top_kast::Reserve;
use crate::methods::{Counts, Moves, Units};
use crate::network::Network;
use crate::optim::{Extra, Optimizer, OptimizerConfig};
use crate::saved::Saved;
use crate::seed::{Rng, Seed};

use follow::{Probed, remap};
use start::Start;
use step::Change;

pub(crate) use follow::moved;
pub use shares::{backward_shares, shares};
pub use step::Step;

/// A network, its optimiser and its method.
#[derive(Debug)]
pub struct Trainer {
    name: String,
    network: Network,
    optimizer: Optimizer,
    method: Method,
    memory: Memory,
    shares: Vec<Share>,
    units: Vec<Units>,
    grow: Rng,
    rewired: Vec<Counts>,
    /// The step that a rewiring last took the place of.
    rewired_alone_at: Option<u64>,
}

/// What a method remembers from step to step.
#[derive(Debug)]
enum Memory {
    Nothing,
    /// SNFS's averages of the dense gradient, layer by layer.
    Averages(Vec<f32>),
    /// Top-KAST's weights outside the network.
    Reserve(Reserve),
}

impl Trainer {
    /// A fresh network `name` of the layers `specs`; topologies, weights and growth are drawn from
    /// the streams `topology`, `init` and `grow` below `seed`.
    pub fn new(
        name: &str,
        specs: &[LayerSpec],
        config: &SparsityConfig,
        optimizer: OptimizerConfig,
        seed: &Seed,
    ) -> Result<Self, SparseError> {
        let Start { network, shares, units, sets } = Start::draw(specs, config, seed)?;
        let memory = match config.method {
            Method::Snfs(_) => Memory::Averages(Vec::new()),
            Method::TopKast(_) => Memory::Reserve(Reserve::new(sets, optimizer.rule)),
            _ => Memory::Nothing,
        };
        Ok(Self {
            name: name.into(),
            optimizer: Optimizer::new(optimizer, network.num_params()),
            rewired: vec![Counts::default(); network.layers().len()],
            network,
            method: config.method.clone(),
            memory,
            shares,
            units,
            grow: seed.child("grow").rng(),
            rewired_alone_at: None,
        })
    }

    /// The network's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The optimiser and its moments.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Changes the learning rate from the next step on; moments and their bias correction go on.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        self.optimizer.set_learning_rate(learning_rate);
    }

    /// Weights of layer `at` that training updates: the active ones, and those that Top-KAST trains
    /// beside them.
    pub fn trained(&self, at: usize) -> usize {
        let active = self.network.layers().get(at).map_or(0, |layer| layer.topology().nnz());
        let outer = match &self.memory {
            Memory::Reserve(reserve) => reserve.outer().nth(at).map_or(0, |outer| outer.nnz()),
            _ => 0,
        };
        active + outer
    }

    /// Bytes that the method keeps for layer `at` beside its weights and moments.
    pub fn method_bytes(&self, at: usize) -> usize {
        let Some(layer) = self.network.layers().get(at) else { return 0 };
        let all = layer.topology().size() * size_of::<f32>();
        match &self.memory {
            Memory::Nothing => 0,
            Memory::Averages(averages) if averages.is_empty() => 0,
            Memory::Averages(_) => all,
            Memory::Reserve(reserve) => {
                all + reserve.outer().nth(at).map_or(0, |outer| outer.bytes())
            }
        }
    }

    /// Takes over the network that `saved` has under this one's name, to act with; trained on, it is
    /// a static one with fresh moments.
    pub fn load(&mut self, saved: &Saved) -> Result<(), SparseError> {
        self.network = self.network.load(&self.name, saved)?;
        self.optimizer = Optimizer::new(*self.optimizer.config(), self.network.num_params());
        (self.method, self.memory) = (Method::Static, Memory::Nothing);
        Ok(())
    }

    /// What was rewired in each layer since the last call.
    pub fn drain_rewired(&mut self) -> Vec<Counts> {
        std::mem::replace(&mut self.rewired, vec![Counts::default(); self.network.layers().len()])
    }

    /// Begins gradient step [`Optimizer::steps`].
    pub fn begin_step(&mut self) -> Result<Step, SparseError> {
        let t = self.optimizer.steps();
        // A step that a rewiring took the place of is due again, and its rewiring is not.
        let fraction_at = |schedule: &DropGrow| match self.rewired_alone_at {
            Some(at) if at == t => None,
            _ => schedule.fraction_at(t),
        };
        let change = match &self.method {
            Method::Dense | Method::Static => Change::Nothing,
            Method::Pruning(schedule) => {
                if let Some(progress) = schedule.progress_at(t) {
                    let moves = self.prune(progress)?;
                    self.apply(&moves)?;
                }
                Change::Nothing
            }
            Method::Snip if t == 0 => Change::BySensitivity,
            Method::Snip => Change::Nothing,
            Method::Set(schedule) => match (fraction_at(schedule), schedule.order) {
                (Some(fraction), Order::BeforeStep) => {
                    Change::Planned(self.rewire_at_random(fraction)?)
                }
                (Some(fraction), Order::AfterStep | Order::InsteadOfStep) => {
                    Change::AtRandom(fraction)
                }
                (None, _) => Change::Nothing,
            },
            Method::Rigl(Rigl { schedule, .. }) => {
                fraction_at(schedule).map_or(Change::Nothing, Change::ByGradient)
            }
            Method::Snfs(snfs) if t <= snfs.schedule.until => {
                Change::ByAverage(fraction_at(&snfs.schedule))
            }
            Method::Snfs(_) => {
                self.memory = Memory::Nothing;
                Change::Nothing
            }
            Method::TopKast(top_kast) => {
                if t > 0 && t.is_multiple_of(top_kast.every) {
                    let moves = self.refresh()?;
                    self.apply(&moves)?;
                }
                Change::Backward
            }
        };
        let probe = match self.patterns(&change)? {
            Some(patterns) => Some(Probe::new(patterns, &Device::Cpu)?),
            None => None,
        };
        Ok(Step { probe, change })
    }

    /// The network's output in `step`, `(batch, in) → (batch, out)`, differentiable.
    pub fn forward(&self, x: &Tensor, step: &Step) -> Result<Tensor, SparseError> {
        match &step.probe {
            Some(probe) => self.network.forward_probed(x, probe),
            None => self.network.forward(x),
        }
    }

    /// Ends `step` with the gradients of its loss: rewires where that is due, then takes an
    /// optimiser step. Returns the gradient's norm before clipping.
    pub fn end_step(&mut self, step: Step, grads: &GradStore) -> Result<f32, SparseError> {
        let missing = || SparseError::NoGradient { network: self.name.clone() };
        let mut grad = grads.get(self.network.params()).ok_or_else(missing)?.clone();
        let probed = match &step.probe {
            Some(probe) => {
                let values = grads.get(probe.var()).ok_or_else(missing)?.to_vec1()?;
                Some(Probed { probe, values })
            }
            None => None,
        };
        let values = probed.as_ref().map_or(&[][..], |probed| &probed.values);
        if !matches!(step.change, Change::Nothing | Change::Backward) {
            // Before anything is rewired by it.
            let grad: Vec<f32> = grad.to_vec1()?;
            if let Some(found) = grad.iter().chain(values).find(|g| !g.is_finite()) {
                return Err(self.not_finite(*found));
            }
        }
        let order = self.method.order();
        if order == Order::AfterStep {
            let norm = self.optimize(&grad, probed.as_ref())?;
            if let Some(moves) = self.choose(step.change, &grad, values)? {
                self.apply(&moves)?;
            }
            return Ok(norm);
        }
        let Some(moves) = self.choose(step.change, &grad, values)? else {
            return self.optimize(&grad, probed.as_ref());
        };
        let (layers, old) = (self.network.layers(), grad.to_vec1()?);
        if order == Order::InsteadOfStep {
            self.rewired_alone_at = Some(self.optimizer.steps());
            self.apply(&moves)?;
            return Ok(old.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt() as f32);
        }
        let new = match &probed {
            Some(probed) => probed.after(layers, &moves, &old),
            // Nothing was grown, so the gradient is known.
            None => remap(layers, &moves, &old, |_| &[]),
        };
        let size = new.len();
        grad = Tensor::from_vec(new, size, &Device::Cpu)?;
        self.apply(&moves)?;
        self.optimize(&grad, probed.as_ref())
    }

    /// What `change` moves, by the gradient of the parameters and the `probed` one.
    fn choose(
        &mut self,
        change: Change,
        grad: &Tensor,
        probed: &[f32],
    ) -> Result<Option<Vec<Moves>>, SparseError> {
        match change {
            Change::Nothing | Change::Backward => Ok(None),
            Change::Planned(moves) => Ok(Some(moves)),
            Change::AtRandom(fraction) => self.rewire_at_random(fraction).map(Some),
            Change::ByGradient(fraction) => self.rewire_by_gradient(probed, fraction),
            Change::ByAverage(fraction) => self.rewire_by_average(probed, fraction),
            Change::BySensitivity => self.prune_by_sensitivity(&grad.to_vec1()?).map(Some),
        }
    }

    /// Clips and steps.
    fn optimize(&mut self, grad: &Tensor, probed: Option<&Probed<'_>>) -> Result<f32, SparseError> {
        let clips_dense = self.clips_dense();
        let mut extra = Extra::default();
        match (&mut self.memory, &self.method, probed) {
            (Memory::Reserve(reserve), Method::TopKast(top_kast), Some(probed)) => {
                if clips_dense {
                    extra.unseen = probed.squares_outside(self.network.layers(), reserve.outer());
                }
                extra.penalty = top_kast.exploration_penalty;
                let grad = probed.on(reserve.outer());
                extra.beside = Some(reserve.train(grad, extra.penalty));
            }
            (_, _, Some(probed)) if clips_dense => {
                extra.unseen = probed.squares_outside(self.network.layers(), [].into_iter());
            }
            _ => {}
        }
        let norm = self.optimizer.step(&self.network, grad, extra)?;
        if !norm.is_finite() {
            return Err(self.not_finite(norm));
        }
        Ok(norm)
    }

    fn not_finite(&self, found: f32) -> SparseError {
        let step = self.optimizer.steps();
        SparseError::NotFinite { network: self.name.clone(), step, found }
    }

    /// Moves weights and moments to their new places.
    fn apply(&mut self, moves: &[Moves]) -> Result<(), SparseError> {
        let old = self.network.clone();
        self.network = moved(&old, moves)?;
        self.optimizer
            .remap(|k, values| remap(old.layers(), moves, values, |start| &start.moments[k]));
        for (total, moves) in self.rewired.iter_mut().zip(moves) {
            let counts = moves.counts();
            total.dropped += counts.dropped;
            total.grown += counts.grown;
            total.regrown += counts.regrown;
        }
        Ok(())
    }
}
