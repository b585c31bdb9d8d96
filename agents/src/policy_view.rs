//! The policy of an agent laid open: enough to act as it does in [`Mode::Eval`](crate::Mode::Eval) without
//! it, in another program and another format.
//!
//! An observation goes through [`Before`], the layers one after the other, and [`After`]. What an ε-greedy
//! agent does at random in an evaluation is no part of it.

use std::sync::Arc;

use sparring_sparse::{Activation, Algebra, Join, Layer, Shape, Topology, Trainer};

use crate::action_box::ActionBox;
use crate::error::AgentError;
use crate::input::Input;

/// A policy, from an observation to an action.
#[derive(Clone, Debug)]
pub struct PolicyView {
    /// The name of the network among those of the agent.
    pub network: String,
    /// What becomes of an observation before the first layer.
    pub before: Before,
    /// From input to output.
    pub layers: Vec<PolicyLayer>,
    /// What becomes of the output of the last layer.
    pub after: After,
}

/// What becomes of the numbers of an observation: divided, then scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// Numbers of an observation.
    pub dim: usize,
    /// What each is divided by: 255 of pixels, else 1.
    pub divisor: f32,
    /// By running moments, number by number.
    pub scale: Option<Scale>,
}

/// `clip((x − mean) / deviation, ±clip)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// `(dim)`.
    pub mean: Vec<f64>,
    /// `(dim)`.
    pub deviation: Vec<f64>,
    /// The largest magnitude that is let through.
    pub clip: f64,
}

/// What becomes of the outputs of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// The action is the index of the largest output from `first` on, counted from there; the lower index
    /// wins a tie.
    Largest {
        /// Outputs that are not asked: the value of a duelling network.
        first: usize,
    },
    /// Number `i` of the action is `tanh` of output `i`, from `[−1, 1]` to the action's own bounds:
    /// `low · ½ (1 − a) + high · ½ (1 + a)`. Further outputs are not asked.
    Tanh {
        /// `(act_dim)`.
        low: Vec<f32>,
        /// `(act_dim)`.
        high: Vec<f32>,
    },
}

/// `act(W x + b)`, then the joins. Of a layer over an algebra `W` is the real matrix that its elements stand for.
#[derive(Clone, Debug)]
pub struct PolicyLayer {
    /// Its name in the network.
    pub name: String,
    /// What it computes.
    pub shape: Shape,
    /// The function after it.
    pub activation: Activation,
    /// What stands between it and the next layer.
    pub then: Vec<Join>,
    /// Which weights there are; row an output, column an input or a kernel weight.
    pub topology: Arc<Topology>,
    /// The active weights in the order of [`Topology::positions`], `(nnz)`.
    pub weights: Vec<f32>,
    /// Over which the network has its weights.
    pub algebra: Algebra,
    /// `(outputs)`.
    pub bias: Vec<f32>,
    /// `γ (outputs)`, then `β (outputs)` of each layer norm in `then`.
    pub norms: Vec<f32>,
}

impl PolicyView {
    /// That of an agent whose network of `trainer` reads `before`.
    ///
    /// # Errors
    /// A network with blocks of experts, which has no such form, and those of candle.
    pub fn of(before: Before, trainer: &Trainer, after: After) -> Result<Self, AgentError> {
        let network = trainer.network();
        if let Some(block) = network.backend().plan().blocks().first() {
            let behind = network.layers()[block.behind].name().to_owned();
            return Err(AgentError::Routed { behind });
        }
        let params: Vec<f32> = network.params().to_vec1()?;
        let layer = |layer: &Layer| -> Result<PolicyLayer, AgentError> {
            let (topology, weights) = layer.real(&params[layer.weights()])?;
            Ok(PolicyLayer {
                name: layer.name().to_owned(),
                shape: *layer.shape(),
                activation: layer.activation(),
                then: layer.then().to_vec(),
                topology,
                weights,
                algebra: layer.algebra(),
                bias: params[layer.biases()].to_vec(),
                norms: params[layer.norms()].to_vec(),
            })
        };
        let layers: Result<_, AgentError> = network.layers().iter().map(layer).collect();
        Ok(Self { network: trainer.name().to_owned(), before, layers: layers?, after })
    }
}

/// `γ ⊙ (x − mean) / √(var + ε) + β` over the features of a sample, as [`sparring_sparse::kernels::norm`] has it.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm<'a> {
    /// `<layer>.norm.0`, `<layer>.norm.1`, …
    pub name: String,
    /// `γ (outputs)`.
    pub scale: &'a [f32],
    /// `β (outputs)`.
    pub shift: &'a [f32],
}

impl PolicyLayer {
    /// The layer norms in `then`, in their order.
    pub fn norms(&self) -> Vec<LayerNorm<'_>> {
        let rows = self.bias.len();
        let each = self.norms.chunks_exact(2 * rows).enumerate();
        each.map(|(number, both)| {
            let (scale, shift) = both.split_at(rows);
            LayerNorm { name: format!("{}.norm.{number}", self.name), scale, shift }
        })
        .collect()
    }

    /// All weights, the inactive ones as zeros, `(outputs, inputs)` row by row.
    pub fn dense(&self) -> Vec<f32> {
        let mut all = vec![0.0; self.topology.size()];
        for (position, weight) in self.topology.positions().zip(&self.weights) {
            all[position as usize] = *weight;
        }
        all
    }
}

impl Before {
    /// Of observations as `input` reads them.
    pub fn new(input: &Input, scale: Option<Scale>) -> Self {
        Self { dim: input.dim, divisor: input.divisor(), scale }
    }
}

impl After {
    /// The mode of a tanh-normal within `bounds`.
    pub fn tanh(bounds: &ActionBox) -> Self {
        Self::Tanh { low: bounds.low().to_vec(), high: bounds.high().to_vec() }
    }
}
