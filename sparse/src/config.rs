//! What a user chooses about the sparsity of one network: method, budget, distribution, schedule.
//!
//! All steps are gradient steps.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::layers::Compute;

/// How a network is sparse.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SparsityConfig {
    /// What happens to the topology in training.
    pub method: Method,
    /// Target sparsity `S` of the network's weights, in `[0, 1)`; biases do not count.
    pub sparsity: f64,
    /// How the budget is spread over the layers.
    pub distribution: Distribution,
    /// Which weights come and go together.
    pub pattern: Pattern,
    /// Layers with a sparsity of their own, by name; they stay out of the distribution's solve.
    pub layers: BTreeMap<String, f64>,
    /// Whether the weights are drawn by the active fan of each unit (PAPERS 1.5) or as in a dense
    /// network.
    pub sparsity_aware_init: bool,
    /// In which form layers with inactive weights are computed.
    pub compute: Forms,
}

/// In which form each layer with inactive weights is computed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forms {
    /// The form of all layers that have none of their own.
    pub all: Compute,
    /// Layers with a form of their own, by name.
    pub layers: BTreeMap<String, Compute>,
}

impl Forms {
    /// The form of the layer `name`.
    pub fn of(&self, name: &str) -> Compute {
        self.layers.get(name).copied().unwrap_or(self.all)
    }
}

impl From<Compute> for Forms {
    fn from(all: Compute) -> Self {
        Self { all, layers: BTreeMap::new() }
    }
}

impl SparsityConfig {
    /// Every weight is active.
    pub fn dense() -> Self {
        Self {
            method: Method::Dense,
            sparsity: 0.0,
            distribution: Distribution::Erk { power: 1.0 },
            pattern: Pattern::Unstructured,
            layers: BTreeMap::new(),
            sparsity_aware_init: true,
            compute: Compute::Sparse.into(),
        }
    }
}

/// Which sets of active weights a layer may have. Layers that the distribution leaves dense have no
/// pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pattern {
    /// Any.
    Unstructured,
    /// Exactly `n` of each `m` consecutive inputs of every output.
    Nm {
        /// Active weights of a group; the sparsity of a layer is `1 − n/m`.
        n: usize,
        /// Inputs in a group; divides the inputs of a layer.
        m: usize,
    },
    /// Whole blocks of `height` outputs and `width` inputs, which tile the layer.
    Block {
        /// Divides the outputs of a layer.
        height: usize,
        /// Divides the inputs of a layer.
        width: usize,
    },
}

/// What happens to the topology in training.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// Every weight is active.
    Dense,
    /// A random topology that never changes.
    Static,
    /// Sparse evolutionary training: drop by magnitude, grow at random.
    Set(DropGrow),
    /// The rigged lottery: drop by magnitude, grow where the dense gradient is largest.
    Rigl(Rigl),
    /// Sparse momentum: drop by magnitude, grow where the averaged dense gradient is largest.
    Snfs(Snfs),
    /// Gradual magnitude pruning from dense.
    Pruning(Pruning),
    /// One pruning at the first step, by how much each weight matters to the loss.
    Snip,
    /// A forward set of largest magnitudes within a larger backward set that trains.
    TopKast(TopKast),
}

impl Method {
    /// Where its rewiring stands beside the optimiser's step.
    pub fn order(&self) -> Order {
        match self {
            Self::Set(schedule)
            | Self::Rigl(Rigl { schedule, .. })
            | Self::Snfs(Snfs { schedule, .. }) => schedule.order,
            _ => Order::BeforeStep,
        }
    }

    /// Whether training starts from a network in which every weight is active.
    pub fn starts_dense(&self) -> bool {
        matches!(self, Self::Dense | Self::Pruning(_) | Self::Snip)
    }
}

/// When and how much SET, RigL and SNFS rewire (PAPERS 1.6, 1.7).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DropGrow {
    /// Gradient steps from one rewiring to the next; step 0 rewires.
    pub every: u64,
    /// The last gradient step that may rewire, `T` of the decay.
    pub until: u64,
    /// `f0`: the fraction of active weights that is replaced at step 0.
    pub drop_fraction: f64,
    /// How the fraction falls to `until`.
    pub decay: Decay,
    /// Where the rewiring stands beside the optimiser's step.
    pub order: Order,
}

/// Where a rewiring stands beside the optimiser's step (PAPERS 1.10); the gradient is that of the
/// minibatch at the weights before both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Rewire, then step: what has grown takes its first step at once (TF-Agents: DQN, PPO).
    #[default]
    BeforeStep,
    /// Step, then rewire by the stepped weights (Atari: SET).
    AfterStep,
    /// Rewire and take no step; the minibatch serves nothing else, and the step that was due is the next
    /// one (Atari: RigL).
    InsteadOfStep,
}

/// The annealing `f(t)` of the drop fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// `f(t) = f0`.
    Constant,
    /// `f(t) = f0 (1 − t/T)`.
    Linear,
    /// `f(t) = f0 ½ (1 + cos(π t/T))`.
    Cosine,
}

/// RigL and its variants (PAPERS 1.6).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rigl {
    /// When and how much.
    pub schedule: DropGrow,
    /// Whether the *smallest* gradients grow (`rigl_inverted`), as a control.
    pub inverted: bool,
    /// What a grown weight starts from.
    pub grown_value: GrownValue,
    /// `c`: the first moment of a grown weight starts at `c · g` (`initial_acc_scale`).
    pub grown_moment: f64,
}

impl Rigl {
    /// The paper's: largest gradients grow, from zero.
    pub fn new(schedule: DropGrow) -> Self {
        Self { schedule, inverted: false, grown_value: GrownValue::Zero, grown_moment: 0.0 }
    }
}

/// The value of a weight that RigL grows; `g` is its dense gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GrownValue {
    /// 0.
    Zero,
    /// `scale · g`; a negative scale goes downhill.
    Gradient {
        /// `scale`.
        scale: f64,
    },
    /// `scale · sign(g)`.
    Sign {
        /// `scale`.
        scale: f64,
    },
    /// `scale · N(0, σ)`, `σ` being the standard deviation of the layer's active weights.
    Normal {
        /// `scale`.
        scale: f64,
    },
    /// `scale · U(−a, a)`, `a` being the mean magnitude of the layer's active weights.
    Uniform {
        /// `scale`.
        scale: f64,
    },
}

/// Sparse momentum (SNFS).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snfs {
    /// When and how much.
    pub schedule: DropGrow,
    /// `α` of the average `a ← α a + (1 − α) g`, in `[0, 1)`.
    pub smoothing: f64,
}

/// Top-KAST (PAPERS 5.1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopKast {
    /// `N`: gradient steps from one choice of the sets to the next.
    pub every: u64,
    /// Sparsity of the backward set, at most that of the network.
    pub backward_sparsity: f64,
    /// `λ` of the penalty `½ λ (Σ_A θ² + 1/D Σ_{B∖A} θ²)`, `D` being the layer's forward density.
    pub exploration_penalty: f64,
}

/// When gradual pruning prunes (PAPERS 1.9).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pruning {
    /// `t0`: the gradient step of the first pruning.
    pub start: u64,
    /// `t1`: the gradient step from which the final sparsity holds; `end − start` is a multiple of
    /// `every`, so that it is hit exactly.
    pub end: u64,
    /// Gradient steps from one pruning to the next.
    pub every: u64,
}

/// How a sparsity budget is spread over the layers of a network (PAPERS 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Distribution {
    /// Every layer has the network's sparsity.
    Uniform,
    /// Erdős–Rényi: density ∝ `(n_in + n_out) / (n_in n_out)`, kernel sizes aside.
    Er,
    /// Erdős–Rényi-kernel: density ∝ `(Σ shape / Π shape)^power`.
    Erk {
        /// `erk_power_scale`; below 1 it is softer.
        power: f64,
    },
}
