//! What trains a network on a device: its gradients and moments, and the step of the optimiser.

use std::sync::Arc;

use super::kernels::{self, KERNELS, Part, Squares, launch};
use super::{Buffer, DeviceNetwork, Gpu, Precision};
use crate::error::SparseError;
use crate::network::Network;
use crate::optim::{Optimizer, Rule};
use crate::trainer::Trainer;

/// A copy of a trainer on a device.
#[derive(Debug)]
pub struct DeviceTrainer {
    network: DeviceNetwork,
    grads: Buffer<f32>,
    moments: [Buffer<f32>; 2],
    parts: Buffer<Part>,
    partial: Buffer<f64>,
    rule: Rule,
    max_norm: f32,
}

impl DeviceTrainer {
    /// A copy of `trainer` on `gpu`, whose activations are stored as `precision` says.
    ///
    /// # Errors
    /// A layer that no device computes, and no memory left.
    pub fn new(
        gpu: &Arc<dyn Gpu>,
        trainer: &Trainer,
        precision: Precision,
    ) -> Result<Self, SparseError> {
        let network = DeviceNetwork::new(gpu, trainer.network(), precision)?;
        let (size, config) = (network.params.len(), trainer.optimizer().config());
        let moments = |k: usize| -> Result<_, SparseError> {
            let moments = trainer.optimizer().moments();
            let values = [moments.0, moments.1][k];
            match values.is_empty() {
                true => Buffer::room(gpu, 0),
                false => Buffer::of(gpu, &network.spread(trainer.network().layers(), values)),
            }
        };
        Ok(Self {
            moments: [moments(0)?, moments(1)?],
            grads: Buffer::zeros(gpu, size)?,
            parts: Buffer::of(gpu, &parts(&network, trainer.network(), trainer.optimizer()))?,
            partial: Buffer::room(gpu, Squares::MOST as usize)?,
            rule: config.rule,
            max_norm: config.max_grad_norm.unwrap_or(0.0) as f32,
            network,
        })
    }

    /// Takes over `trainer`; see [`DeviceNetwork::take`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn take(&mut self, trainer: &Trainer) -> Result<bool, SparseError> {
        let (network, gpu) = (trainer.network(), self.network.gpu.clone());
        if !self.network.take(network)? {
            *self = Self::new(&gpu, trainer, self.network.precision())?;
            return Ok(false);
        }
        let moments = trainer.optimizer().moments();
        for (own, values) in self.moments.iter_mut().zip([moments.0, moments.1]) {
            if !own.is_empty() {
                own.write(&self.network.spread(network.layers(), values))?;
            }
        }
        self.parts.write(&parts(&self.network, network, trainer.optimizer()))?;
        Ok(true)
    }

    /// Gives parameters and moments back to `trainer`, whose structure it has.
    ///
    /// # Errors
    /// Those of the device.
    pub fn give(&self, trainer: &mut Trainer) -> Result<(), SparseError> {
        let layers = trainer.network().layers();
        let params = self.network.params(layers)?;
        let moments = |own: &Buffer<f32>| -> Result<_, SparseError> {
            match own.is_empty() {
                true => Ok(Vec::new()),
                false => Ok(self.network.gathered(layers, &own.read()?)),
            }
        };
        let [m, v] = &self.moments;
        let moments = [moments(m)?, moments(v)?];
        trainer.take_values(&params, moments)
    }

    /// The network.
    pub fn network(&self) -> &DeviceNetwork {
        &self.network
    }

    /// Where gradients go.
    pub fn grads(&self) -> &Buffer<f32> {
        &self.grads
    }
}

/// How the parameters of each layer decay.
fn parts(twin: &DeviceNetwork, network: &Network, optimizer: &Optimizer) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (own, layer) in twin.layers.iter().zip(network.layers()) {
        let [l2, keep] = optimizer.decay(layer.weight_decay(), 0.0);
        let (weights, always) = (own.weights.start as u32, own.always.start as u32);
        parts.push(Part { start: weights, end: always, l2, keep });
        parts.push(Part { start: always, end: own.always.end as u32, l2: 0.0, keep: 1.0 });
    }
    // What lies between for the sake of alignment is zero and stays so.
    for i in 1..parts.len() {
        parts[i - 1].end = parts[i].start;
    }
    parts
}

/// A trainer's step on a device: its rate as the rule corrects it, and where the norm of its gradient goes.
#[derive(Clone, Copy, Debug)]
pub struct StepOf<'a> {
    /// Which trainer.
    pub trainer: &'a DeviceTrainer,
    /// One `f32`, see [`rate`].
    pub rate: u64,
    /// One `f32`: the norm before clipping; where it is none, nothing else was changed.
    pub norm: u64,
}

/// The learning rate of `trainer`'s next step with the corrections of its rule.
pub fn rate(trainer: &Trainer) -> f32 {
    let optimizer = trainer.optimizer();
    let (rule, rate) = (optimizer.config().rule, optimizer.learning_rate());
    rule.corrected(rate, optimizer.steps() + 1) as f32
}

/// Lets all of `steps` step along their gradients.
///
/// # Errors
/// Those of the device.
pub fn step(gpu: &dyn Gpu, steps: &[StepOf<'_>]) -> Result<(), SparseError> {
    let squares = |StepOf { trainer, .. }: &StepOf<'_>| Squares {
        w: trainer.network.params.at(0),
        g: trainer.grads.at(0),
        parts: trainer.parts.at(0),
        partial: trainer.partial.at(0),
        n: trainer.grads.len() as u32,
        num_parts: trainer.parts.len() as u32,
    };
    let one = |StepOf { trainer, rate, norm }: &StepOf<'_>| {
        let [m, v] = &trainer.moments;
        let (adam, beta1, beta2, eps) = match trainer.rule {
            Rule::Adam { beta1, beta2, eps } => (1, beta1, beta2, eps),
            Rule::Sgd { momentum } => (0, momentum, 0.0, 0.0),
        };
        kernels::Step {
            w: trainer.network.params.at(0),
            g: trainer.grads.at(0),
            m: m.at(0),
            v: if v.is_empty() { 0 } else { v.at(0) },
            parts: trainer.parts.at(0),
            partial: trainer.partial.at(0),
            rate: *rate,
            norm: *norm,
            n: trainer.grads.len() as u32,
            num_parts: trainer.parts.len() as u32,
            blocks: squares(&StepOf { trainer, rate: *rate, norm: *norm }).shape().grid[0],
            adam,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            eps: eps as f32,
            max_norm: trainer.max_norm,
        }
    };
    let each: Vec<_> = steps.iter().map(one).collect();
    let squares: Vec<_> = steps.iter().map(squares).collect();
    // SAFETY: buffers of one trainer, as long as its parameters.
    unsafe {
        launch(gpu, &KERNELS, "squares", &squares, Squares::shape)?;
        launch(gpu, &KERNELS, "step", &each, kernels::Step::shape)
    }
}

/// `target ← (1 − τ) target + τ online` of pairs of one structure.
///
/// # Errors
/// Those of the device.
pub fn lerp(
    gpu: &dyn Gpu,
    pairs: &[(&DeviceNetwork, &DeviceNetwork)],
    tau: f32,
) -> Result<(), SparseError> {
    let one = |(target, online): &(&DeviceNetwork, &DeviceNetwork)| kernels::Lerp {
        target: target.params.at(0),
        online: online.params.at(0),
        n: target.params.len() as u32,
        tau,
    };
    let each: Vec<_> = pairs.iter().map(one).collect();
    // SAFETY: buffers of one size.
    unsafe { launch(gpu, &KERNELS, "lerp", &each, kernels::Lerp::shape) }
}
