//! What a user chooses about the sparsity of one network: method, budget, distribution, schedule.
//!
//! All steps are gradient steps.

use std::collections::BTreeMap;

use serde::Serialize;

/// How a network is sparse.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SparsityConfig {
    /// What happens to the topology in training.
    pub method: Method,
    /// Target sparsity `S` of the network's weights, in `[0, 1)`; biases do not count.
    pub sparsity: f64,
    /// How the budget is spread over the layers.
    pub distribution: Distribution,
    /// Layers with a sparsity of their own, by name; they stay out of the distribution's solve.
    pub layers: BTreeMap<String, f64>,
    /// Whether the weights are drawn by the active fan of each unit (PAPERS 1.5) or as in a dense
    /// network.
    pub sparsity_aware_init: bool,
}

/// The methods of Graesser et al. 2022.
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
    Rigl(DropGrow),
    /// Gradual magnitude pruning from dense.
    Pruning(Pruning),
}

/// When and how much SET and RigL rewire (PAPERS 1.6, 1.7).
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
