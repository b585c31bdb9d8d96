//! What goes with a forward pass.

use std::sync::Arc;

use candle_core::{DType, Device, Var};

use crate::attention::Cache;
use crate::error::SparseError;
use crate::executed::Executed;
use crate::seed::Rng;
use crate::topology::Topology;

/// Asks a forward pass for the gradient on other positions than the active ones.
///
/// The network is taken as `f(x; W + P)`, where `P` holds one value for each position of a pattern
/// a layer, and is evaluated at `P = 0`; the gradient of [`Probe::var`] is then the gradient of the
/// loss on the patterns: the dense gradient where the patterns are dense.
#[derive(Clone, Debug)]
pub struct Probe {
    patterns: Arc<[Arc<Topology>]>,
    var: Var,
}

impl Probe {
    /// A probe of one pattern a layer.
    ///
    /// # Errors
    /// Those of candle.
    pub fn new(patterns: Vec<Arc<Topology>>, device: &Device) -> Result<Self, SparseError> {
        let size: usize = patterns.iter().map(|pattern| pattern.nnz()).sum();
        let var = Var::zeros(size, DType::F32, device)?;
        Ok(Self { patterns: patterns.into(), var })
    }

    /// The variable whose gradient is asked for: the patterns one after the other.
    pub fn var(&self) -> &Var {
        &self.var
    }

    /// One pattern a layer.
    pub fn patterns(&self) -> &Arc<[Arc<Topology>]> {
        &self.patterns
    }
}

/// What a forward pass takes along, and what it brings back.
#[derive(Debug, Default)]
pub struct Ctx<'a> {
    /// Gradients that are asked for on other positions than the active ones.
    pub probe: Option<&'a Probe>,
    /// How far gradients flow back.
    pub flow: Flow,
    /// What routers draw from, in a pass whose loss trains the network: there they balance, draw, and share the places
    /// of experts among samples. Without it, in acting and in targets, no sample's value depends on another's.
    pub rng: Option<&'a mut Rng>,
    /// The keys and values of the tokens before, where the pass goes on with sequences; there is no way back then.
    pub cache: Option<&'a mut Cache>,
    /// The sum of what routers add to the loss of a pass that trains; its gradient is part of the backward pass.
    pub auxiliary: f64,
    /// Operations that the pass executed; a backward pass comes later and counts in
    /// [`Network::executed`](crate::Network::executed) alone.
    pub executed: Executed,
}

/// How far gradients flow back through a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// To its parameters and to its input.
    #[default]
    All,
    /// To its input alone: for a loss that trains what comes before.
    Input,
    /// Not at all: for acting and for targets.
    None,
}
