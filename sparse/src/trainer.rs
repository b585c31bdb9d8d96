//! A network in training: its optimiser and its method, in the order of PAPERS 1.10.
//!
//! ```text
//! let step = trainer.begin_step()?;            // pruning prunes; SET chooses; RigL asks
//! let y = trainer.forward(&x, &step)?;         // … a loss from y …
//! trainer.end_step(step, &loss.backward()?)?;  // SET and RigL rewire; Adam steps
//! ```
//!
//! In a step that rewires, Adam uses the gradient at the weights before the change, on the positions
//! after it: a grown weight takes its first step at once. That gradient is asked for with a
//! [`Probe`]: of the new positions for SET, of all for RigL, and in no other step.

use std::sync::Arc;

use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};

use crate::config::{Method, SparsityConfig};
use crate::distribution::{LayerShape, Share, distribute};
use crate::error::SparseError;
use crate::init::sparsity_aware;
use crate::layers::{LayerSpec, SparseLinear};
use crate::methods::{Counts, Moves, pruning, rigl, set, static_sparse};
use crate::network::{Network, Probe};
use crate::optim::{Adam, AdamConfig};
use crate::seed::{Rng, Seed};
use crate::topology::Topology;

/// A network, its optimiser and its method.
#[derive(Debug)]
pub struct Trainer {
    name: String,
    network: Network,
    adam: Adam,
    method: Method,
    shares: Vec<Share>,
    grow: Rng,
    rewired: Vec<Counts>,
}

/// One gradient step that has begun.
#[derive(Debug)]
pub struct Step {
    probe: Option<Probe>,
    change: Change,
}

/// What the end of a step changes.
#[derive(Debug)]
enum Change {
    Nothing,
    Planned(Vec<Moves>),
    ByGradient { fraction: f64 },
}

/// The share of each layer of `specs` under `config`: its sparsity at the end, and the active
/// weights that go with it.
pub fn shares(specs: &[LayerSpec], config: &SparsityConfig) -> Result<Vec<Share>, SparseError> {
    let sparsity = if config.method == Method::Dense { 0.0 } else { config.sparsity };
    let shape = |spec: &LayerSpec| LayerShape {
        name: spec.name.clone(),
        shape: vec![spec.inputs, spec.outputs],
    };
    let shapes: Vec<LayerShape> = specs.iter().map(shape).collect();
    let mut shares = distribute(config.distribution, sparsity, &shapes, &config.layers)?;
    if matches!(config.method, Method::Pruning(_)) {
        for (share, shape) in shares.iter_mut().zip(&shapes) {
            share.nnz = pruning::keep_count(shape.size(), share.sparsity);
        }
    }
    Ok(shares)
}

impl Trainer {
    /// A fresh network `name` of the layers `specs`; topologies, weights and growth are drawn from
    /// the streams `topology`, `init` and `grow` below `seed`.
    pub fn new(
        name: &str,
        specs: &[LayerSpec],
        config: &SparsityConfig,
        adam: AdamConfig,
        seed: &Seed,
    ) -> Result<Self, SparseError> {
        let shares = shares(specs, config)?;
        let starts_dense = matches!(config.method, Method::Dense | Method::Pruning(_));
        let (mut layers, mut params) = (Vec::new(), Vec::new());
        for (spec, share) in specs.iter().zip(&shares) {
            let (rows, cols) = (spec.outputs, spec.inputs);
            let topology = if starts_dense {
                Topology::dense(rows, cols)?
            } else {
                let mut rng = seed.child("topology").child(&spec.name).rng();
                static_sparse::random(rows, cols, share.nnz, &mut rng)?
            };
            let rng = &mut seed.child("init").child(&spec.name).rng();
            let weights = if config.sparsity_aware_init && !starts_dense {
                sparsity_aware(&topology, rng)
            } else {
                spec.init.draw(&topology, rng)
            };
            layers.push(SparseLinear::new(spec, Arc::new(topology), params.len()));
            params.extend(weights);
            params.extend(std::iter::repeat_n(spec.bias, rows));
        }
        Ok(Self {
            name: name.into(),
            adam: Adam::new(adam, params.len()),
            rewired: vec![Counts::default(); layers.len()],
            network: Network::new(layers, params)?,
            method: config.method.clone(),
            shares,
            grow: seed.child("grow").rng(),
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
    pub fn adam(&self) -> &Adam {
        &self.adam
    }

    /// What was rewired in each layer since the last call.
    pub fn drain_rewired(&mut self) -> Vec<Counts> {
        std::mem::replace(&mut self.rewired, vec![Counts::default(); self.network.layers().len()])
    }

    /// Begins gradient step [`Adam::steps`].
    pub fn begin_step(&mut self) -> Result<Step, SparseError> {
        let t = self.adam.steps();
        let mut step = Step { probe: None, change: Change::Nothing };
        match &self.method {
            Method::Dense | Method::Static => {}
            Method::Pruning(schedule) => {
                if let Some(progress) = schedule.progress_at(t) {
                    let moves = self.prune(progress)?;
                    self.apply(&moves)?;
                }
            }
            Method::Set(schedule) => {
                if let Some(fraction) = schedule.fraction_at(t) {
                    let moves = self.rewire_at_random(fraction)?;
                    let patterns = moves.iter().map(|moves| moves.topology().clone()).collect();
                    step.probe = Some(Probe::new(patterns, &Device::Cpu)?);
                    step.change = Change::Planned(moves);
                }
            }
            Method::Rigl(schedule) => {
                if let Some(fraction) = schedule.fraction_at(t) {
                    let dense = |layer: &SparseLinear| {
                        let topology = layer.topology();
                        Topology::dense(topology.rows(), topology.cols()).map(Arc::new)
                    };
                    let patterns: Result<_, _> = self.network.layers().iter().map(dense).collect();
                    step.probe = Some(Probe::new(patterns?, &Device::Cpu)?);
                    step.change = Change::ByGradient { fraction };
                }
            }
        }
        Ok(step)
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
        if let Some(probe) = &step.probe {
            let probed: Vec<f32> = grads.get(probe.var()).ok_or_else(missing)?.to_vec1()?;
            let moves = match step.change {
                Change::Planned(moves) => moves,
                Change::ByGradient { fraction } => self.rewire_by(&probed, fraction)?,
                Change::Nothing => Vec::new(),
            };
            let old: Vec<f32> = grad.to_vec1()?;
            let new = self.gradient_after(&moves, probe, &probed, &old);
            grad = Tensor::from_vec(new, self.network.num_params(), &Device::Cpu)?;
            self.apply(&moves)?;
        }
        let norm = self.adam.step(&self.network, &grad)?;
        if !norm.is_finite() {
            let step = self.adam.steps();
            return Err(SparseError::NotFinite { network: self.name.clone(), step, found: norm });
        }
        Ok(norm)
    }

    fn params(&self) -> Result<Vec<f32>, SparseError> {
        Ok(self.network.params().to_vec1()?)
    }

    fn prune(&self, progress: f64) -> Result<Vec<Moves>, SparseError> {
        let params = self.params()?;
        let layers = self.network.layers().iter().zip(&self.shares);
        let prune = |(layer, share): (&SparseLinear, &Share)| {
            let topology = layer.topology();
            let count = pruning::keep_count(topology.size(), progress * share.sparsity);
            pruning::prune(topology, &params[layer.weights()], count)
        };
        layers.map(prune).collect()
    }

    fn rewire_at_random(&mut self, fraction: f64) -> Result<Vec<Moves>, SparseError> {
        let params = self.params()?;
        let rewire = |layer: &SparseLinear| {
            let topology = layer.topology();
            match topology.csr() {
                Some(_) => {
                    set::rewire(topology, &params[layer.weights()], fraction, &mut self.grow)
                }
                None => Ok(Moves::none(topology)),
            }
        };
        self.network.layers().iter().map(rewire).collect()
    }

    fn rewire_by(&self, dense_grad: &[f32], fraction: f64) -> Result<Vec<Moves>, SparseError> {
        let params = self.params()?;
        let mut offset = 0;
        let rewire = |layer: &SparseLinear| {
            let topology = layer.topology();
            let grad = &dense_grad[offset..offset + topology.size()];
            offset += topology.size();
            match topology.csr() {
                Some(_) => rigl::rewire(topology, &params[layer.weights()], grad, fraction),
                None => Ok(Moves::none(topology)),
            }
        };
        self.network.layers().iter().map(rewire).collect()
    }

    /// The gradient as the parameters will stand after `moves`: weights from the probe, whose
    /// patterns hold every new position, biases from the `old` gradient.
    fn gradient_after(
        &self,
        moves: &[Moves],
        probe: &Probe,
        probed: &[f32],
        old: &[f32],
    ) -> Vec<f32> {
        let mut grad = Vec::with_capacity(self.network.num_params());
        let mut offset = 0;
        for ((layer, moves), pattern) in
            self.network.layers().iter().zip(moves).zip(probe.patterns())
        {
            let values = &probed[offset..offset + pattern.nnz()];
            offset += pattern.nnz();
            grad.extend(Moves::between(pattern, moves.topology().clone()).remap(values));
            grad.extend_from_slice(&old[layer.biases()]);
        }
        grad
    }

    /// Moves weights and moments to their new places.
    fn apply(&mut self, moves: &[Moves]) -> Result<(), SparseError> {
        let old = self.network.clone();
        self.network = moved(&old, moves)?;
        self.adam.remap(|values| remap(old.layers(), moves, values));
        for (total, moves) in self.rewired.iter_mut().zip(moves) {
            let counts = moves.counts();
            total.dropped += counts.dropped;
            total.grown += counts.grown;
            total.regrown += counts.regrown;
        }
        Ok(())
    }
}

/// `values`, which stand as the parameters of `layers` do, after `moves`.
fn remap(layers: &[SparseLinear], moves: &[Moves], values: &[f32]) -> Vec<f32> {
    let mut new = Vec::with_capacity(values.len());
    for (layer, moves) in layers.iter().zip(moves) {
        new.extend(moves.remap(&values[layer.weights()]));
        new.extend_from_slice(&values[layer.biases()]);
    }
    new
}

/// `network` after `moves`, one a layer.
pub(crate) fn moved(network: &Network, moves: &[Moves]) -> Result<Network, SparseError> {
    let params = remap(network.layers(), moves, &network.params().to_vec1::<f32>()?);
    let mut offset = 0;
    let layer = |(layer, moves): (&SparseLinear, &Moves)| {
        let layer = layer.rewired(moves.topology().clone(), offset);
        offset = layer.biases().end;
        layer
    };
    network.rewired(network.layers().iter().zip(moves).map(layer).collect(), params)
}
