//! The gradients of single samples, of which signal to noise and noise scale are made.
//!
//! They come from a backward pass each, which is exact for every kind of layer, and are never all kept: of each
//! parameter there are mean and variance over the batch, and beside them the squared norms of small batches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::stats::Welford;
use sparring_sparse::{Ctx, Network, Probe, Topology, Wanted};

use crate::error::AgentError;

/// A small batch has this part of the samples of a batch, and at least one.
const PART: usize = 8;

/// Which parameters take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Active weights and biases.
    Active,
    /// All weights and biases.
    Dense,
}

impl Form {
    /// Its name in a config and a tag.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Dense => "dense",
        }
    }
}

/// The gradients of a batch by form.
#[derive(Clone, Debug)]
pub struct Gradients {
    active: Sums,
    /// None where it was not asked for, or where no weight is masked and it is the active one.
    dense: Option<Sums>,
}

/// What the gradients of single samples come to.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Mean and variance of each parameter.
    pub moments: Welford,
    /// Samples of a small batch.
    pub small: usize,
    /// The sum over the small batch that is being filled, and how many samples are in it.
    filling: Vec<f64>,
    filled: usize,
    /// The squared norm of the mean gradient of each small batch.
    squares: Vec<f64>,
}

impl Gradients {
    /// Of the losses of `network`, which reads `input (batch · in)`; `loss_grad` gives the gradient of one sample's
    /// loss in the output for it, `(out) → (out)`. With `dense`, of masked weights as well.
    ///
    /// # Errors
    /// Those of `loss_grad` and of the passes.
    pub fn of(
        network: &Network,
        input: &[f32],
        loss_grad: impl Fn(usize, &[f32]) -> Result<Vec<f32>, AgentError>,
        dense: bool,
    ) -> Result<Self, AgentError> {
        let layers = network.layers();
        let masked = layers.iter().any(|layer| layer.topology().csr().is_some());
        let probe = (masked && dense).then(|| probe(network)).transpose()?;
        let width = network.backend().plan().input().size();
        let batch = input.len() / width.max(1);
        let always: usize = layers.iter().map(|layer| layer.always().len()).sum();
        let dim = |probe: &Probe| probe.var().elem_count() + always;
        let mut all = Self {
            active: Sums::new(network.num_params(), batch),
            dense: probe.as_ref().map(|probe| Sums::new(dim(probe), batch)),
        };
        for (sample, x) in input.chunks_exact(width).enumerate() {
            let mut pass = network.vjp(x, &mut Ctx { probe: probe.as_ref(), ..Ctx::default() })?;
            let dy = loss_grad(sample, pass.output())?;
            let gradients = pass.backward(&dy, Wanted::PARAMS)?;
            let params = &gradients.params;
            all.active.add(params.iter().copied());
            if let Some(dense) = &mut all.dense {
                let always = layers.iter().flat_map(|layer| &params[layer.always()]);
                dense.add(gradients.probe.iter().chain(always).copied());
            }
        }
        Ok(all)
    }

    /// Over the parameters of `form`.
    pub fn over(&self, form: Form) -> &Sums {
        match form {
            Form::Active => &self.active,
            Form::Dense => self.dense.as_ref().unwrap_or(&self.active),
        }
    }
}

impl Sums {
    /// Of `dim` parameters, over a batch of so many samples to come.
    pub fn new(dim: usize, batch: usize) -> Self {
        Self {
            moments: Welford::new(dim),
            small: (batch / PART).max(1),
            filling: vec![0.0; dim],
            filled: 0,
            squares: Vec::new(),
        }
    }

    /// Takes the gradient of one sample in.
    pub fn add(&mut self, gradient: impl Iterator<Item = f32> + Clone) {
        self.moments.add(gradient.clone().map(f64::from));
        self.filling.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += f64::from(g));
        self.filled += 1;
        if self.filled == self.small {
            let samples = self.small as f64;
            self.squares.push(self.filling.iter().map(|sum| (sum / samples).powi(2)).sum());
            self.filling.fill(0.0);
            self.filled = 0;
        }
    }

    /// The squared norm of the mean gradient of each small batch that is full.
    pub fn squares(&self) -> &[f64] {
        &self.squares
    }
}

/// A probe of all weights.
fn probe(network: &Network) -> Result<Probe, AgentError> {
    let all = network.layers().iter().map(|layer| {
        Topology::dense(layer.topology().rows(), layer.topology().cols()).map(Into::into)
    });
    Ok(Probe::new(all.collect::<Result<_, _>>()?, network.device())?)
}
