//! What a user chooses about the sparsity of one network: method, budget, distribution, pattern, form.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::SparseError;
use crate::layers::{BreakEven, Compute};
use crate::methods::dense::Dense;
use crate::methods::method::Method;
use crate::methods::row::MethodChoice;
use crate::methods::time::Horizon;

pub use crate::distribution::Distribution;
pub use crate::pattern::Pattern;

/// How a network is sparse.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SparsityConfig {
    /// What happens to the topology in training.
    pub method: MethodChoice,
    /// Gradient steps of the whole run, which the method's times are fractions of.
    pub gradient_steps: u64,
    /// Target sparsity `S` of the network's weights, in `[0, 1)`; biases do not count.
    pub sparsity: f64,
    /// How the budget is spread over the layers.
    pub distribution: Distribution,
    /// Which weights come and go together.
    pub pattern: Pattern,
    /// Layers with a sparsity of their own, by name; they stay out of the distribution's solve.
    pub layers: BTreeMap<String, f64>,
    /// Whether the weights are drawn by the active fan of each unit ([`crate::init::sparsity_aware`]) or as
    /// in a dense network.
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
    /// `method` at `sparsity` in a run of `gradient_steps`, the rest as in the paper: ERK, no pattern, weights
    /// drawn by the active fan, and the release's choice of how to compute.
    pub fn new(method: impl Into<MethodChoice>, sparsity: f64, gradient_steps: u64) -> Self {
        Self {
            method: method.into(),
            gradient_steps,
            sparsity,
            compute: Compute::Auto(BreakEven::default()).into(),
            ..Self::dense()
        }
    }

    /// The method at the start of a training.
    ///
    /// # Errors
    /// Keys that do not go together, or not with the run.
    pub fn build(&self) -> Result<Box<dyn Method>, SparseError> {
        let Self { gradient_steps, sparsity, .. } = *self;
        Ok(self.method.keys().build(&Horizon { gradient_steps, sparsity })?)
    }

    /// Every weight is active.
    pub fn dense() -> Self {
        Self {
            method: Dense {}.into(),
            gradient_steps: 0,
            sparsity: 0.0,
            distribution: Distribution::Erk { power: 1.0 },
            pattern: Pattern::Unstructured,
            layers: BTreeMap::new(),
            sparsity_aware_init: true,
            compute: Compute::Sparse.into(),
        }
    }
}
