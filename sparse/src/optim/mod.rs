//! The optimiser of one network: Adam, AdamW and SGD with momentum over the flat active parameters,
//! in place.
//!
//! A step is two passes: `‖g‖`, with penalties, then the [`Rule`] with `g` clipped to
//! `max_grad_norm`. `t` counts the network's steps, not a weight's: a weight that is grown late
//! makes its first step under Adam `lr · (1−β₁)/√(1−β₂) = 3.16 lr` long. Moments move
//! with their weight.

pub(crate) mod rule;
pub(crate) mod squares;
pub(crate) mod step;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::SparseError;
use crate::finite::NotFinite;
use crate::layers::Layer;
use crate::methods::backward_set::BackwardSet;
use crate::network::Network;
use crate::section::Section;

pub use crate::real::Real;
pub(crate) use rule::Pass;
pub use rule::{Moments, Rule};
pub use step::{LayerStep, OptimizerStep};

/// What is chosen about an optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OptimizerConfig {
    /// How weights follow their gradients.
    pub rule: Rule,
    /// `lr` at the first step.
    pub learning_rate: f64,
    /// What a layer's weight decay `λ` does.
    pub weight_decay: WeightDecay,
    /// Largest norm of `g`; a longer one is scaled down to it.
    pub max_grad_norm: Option<f64>,
    /// Which norm that is.
    pub clip_norm: ClipNorm,
}

impl OptimizerConfig {
    /// Adam as Kingma & Ba give it, with Keras's `ε` and L2 penalty, as the code of Graesser et al. 2022 has it;
    /// clips nothing.
    pub fn adam(learning_rate: f64) -> Self {
        Self {
            rule: Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-7 },
            learning_rate,
            weight_decay: WeightDecay::Squares,
            max_grad_norm: None,
            clip_norm: ClipNorm::Active,
        }
    }
}

/// What a layer's weight decay `λ` does to its weights; biases and layer norms have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightDecay {
    /// The penalty `λ Σ w²` (Keras): `g ← g + 2λw`.
    Squares,
    /// The penalty `½ λ Σ w²`: `g ← g + λw`.
    HalfSquares,
    /// `w ← w − lr · λw` beside the rule, which does not see it (Loshchilov & Hutter 2019,
    /// 1711.05101, as PyTorch has it).
    Decoupled,
}

/// Whose norm clipping compares with the largest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClipNorm {
    /// That of the gradient which trains: of active weights, biases and layer norms.
    Active,
    /// That of the dense gradient, as masked implementations see it. The dense gradient is formed at
    /// every step for it, at the cost of a dense layer's weight gradient in time and memory.
    Dense,
}

/// The optimiser's state: its moments stand as the parameters do.
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    moments: Moments,
    step: u64,
    learning_rate: f64,
}

impl Optimizer {
    /// Fresh moments for `size` parameters.
    pub fn new(config: OptimizerConfig, size: usize) -> Self {
        let (moments, learning_rate) = (Moments::new(config.rule, size), config.learning_rate);
        Self { config, moments, step: 0, learning_rate }
    }

    /// What was chosen.
    pub fn config(&self) -> &OptimizerConfig {
        &self.config
    }

    /// `lr` of the next step: the one that was chosen, unless it was changed since.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Changes the learning rate from the next step on.
    pub(crate) fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }

    /// Writes moments, step and learning rate.
    ///
    /// # Errors
    /// None that these can have.
    pub fn save(&self, to: &mut Section) -> Result<(), SparseError> {
        self.moments.save(to);
        to.put("step", &self.step)?;
        to.put("learning_rate", &self.learning_rate)
    }

    /// The optimiser of as many parameters and the same choice that `from` was saved of.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&self, from: &Section) -> Result<Self, SparseError> {
        let mut loaded = Self { step: from.get("step")?, ..Self::clone(self) };
        loaded.learning_rate = from.get("learning_rate")?;
        if !loaded.learning_rate.is_finite() {
            return Err(from.misfit("learning_rate", "a finite number", loaded.learning_rate));
        }
        loaded.moments.load(from)?;
        Ok(loaded)
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// `m` and `v` as the parameters stand; `v` is empty where the rule has none.
    pub fn moments(&self) -> (&[f32], &[f32]) {
        let Moments([m, v]) = &self.moments;
        (m, v)
    }

    /// Takes over the moments of as many parameters.
    ///
    /// # Errors
    /// Another number of them.
    pub(crate) fn set_moments(&mut self, moments: [Vec<f32>; 2]) -> Result<(), SparseError> {
        let moments = Moments(moments);
        if !self.moments.is_like(&moments) {
            let (expected, found) = (self.moments.0[0].len(), moments.0[0].len());
            return Err(SparseError::Length { what: "moments", expected, found });
        }
        self.moments = moments;
        Ok(())
    }

    /// Counts a step that was taken elsewhere.
    pub(crate) fn count_step(&mut self) {
        self.step += 1;
    }

    /// Lets the moments follow a change of topology; `remap` is told which of the two it changes.
    pub(crate) fn remap(&mut self, remap: impl Fn(usize, &[f32]) -> Vec<f32>) {
        self.moments = self.moments.map(remap);
    }

    /// Takes one step of `network` along `grad`, which stands as the parameters do, and of the weights
    /// `outside` it. `unseen` are squares of gradients that count in the norm only. Returns the norm
    /// of `g` before clipping, or what is not finite: where it is the gradient, parameters and moments are left
    /// as they were.
    ///
    /// # Errors
    /// A network or a gradient of another size.
    pub(crate) fn step(
        &mut self,
        network: &Network,
        grad: &[f32],
        unseen: f64,
        outside: Option<&mut BackwardSet>,
    ) -> Result<Result<f32, NotFinite>, SparseError> {
        let (expected, found) = (self.moments.0[0].len(), network.num_params());
        if expected != found {
            return Err(SparseError::Length { what: "parameters of a step", expected, found });
        }
        let penalty = outside.as_ref().map_or(0.0, |set| set.penalty());
        let layer = |layer: &Layer| {
            let [l2, keep] = self.decay(layer.weight_decay(), penalty);
            LayerStep { weights: layer.weights(), always: layer.always(), l2, keep }
        };
        let step = OptimizerStep {
            rule: self.config.rule,
            learning_rate: self.learning_rate,
            number: self.step + 1,
            max_grad_norm: self.config.max_grad_norm,
            unseen,
            layers: network.layers().iter().map(layer).collect(),
            moments: &mut self.moments,
            outside,
        };
        let norm = network.backend().step(network.params(), grad, step)?;
        self.step += u64::from(norm.is_ok());
        Ok(norm)
    }

    /// `l2`, by which weights pull on their gradient, and what one step's decoupled decay keeps.
    pub(crate) fn decay(&self, lambda: f64, penalty: f64) -> [f32; 2] {
        let (l2, keep) = match self.config.weight_decay {
            WeightDecay::Squares => (2.0 * lambda, 1.0),
            WeightDecay::HalfSquares => (lambda, 1.0),
            WeightDecay::Decoupled => (0.0, 1.0 - self.learning_rate * lambda),
        };
        [(l2 + penalty) as f32, keep as f32]
    }
}
