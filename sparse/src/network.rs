//! A stack of layers, and what joins them, over one flat vector of parameters, as one differentiable op of
//! candle.
//!
//! One op for the whole network means one node in candle's graph, one change of layout on the way
//! in and out, and one gradient tensor that the optimiser walks in a single pass.

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};

use crate::error::SparseError;
use crate::kernels::Par;
use crate::layers::Layer;
use crate::op::NetworkOp;
use crate::topology::Topology;
use crate::workspace::{Executed, Frame};

/// A multi-layer network, `(batch, in) → (batch, out)`.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Arc<[Layer]>,
    params: Var,
    frame: Arc<Frame>,
}

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
    pub fn new(patterns: Vec<Arc<Topology>>, device: &Device) -> Result<Self, SparseError> {
        let size: usize = patterns.iter().map(|pattern| pattern.nnz()).sum();
        let var = Var::zeros(size, candle_core::DType::F32, device)?;
        Ok(Self { patterns: patterns.into(), var })
    }

    /// The variable whose gradient is asked for: the patterns one after the other.
    pub fn var(&self) -> &Var {
        &self.var
    }

    /// One pattern a layer.
    pub fn patterns(&self) -> &[Arc<Topology>] {
        &self.patterns
    }
}

impl Network {
    /// A network over `params`, which hold the parameters of `layers` one after the other.
    ///
    /// # Errors
    /// Layers and joins that do not fit together, and another number of parameters than theirs.
    pub fn new(layers: Vec<Layer>, params: Vec<f32>) -> Result<Self, SparseError> {
        Self::with_par(layers, params, Par::Serial)
    }

    /// As [`Self::new`], with products that may use `par`.
    pub fn with_par(layers: Vec<Layer>, params: Vec<f32>, par: Par) -> Result<Self, SparseError> {
        let frame = Arc::new(Frame::new(&layers, par)?);
        Self::framed(layers, params, frame)
    }

    /// The network with other topologies: its memory is used again and its counts go on.
    pub(crate) fn rewired(
        &self,
        layers: Vec<Layer>,
        params: Vec<f32>,
    ) -> Result<Self, SparseError> {
        Self::framed(layers, params, self.frame.clone())
    }

    fn framed(
        layers: Vec<Layer>,
        params: Vec<f32>,
        frame: Arc<Frame>,
    ) -> Result<Self, SparseError> {
        let expected = layers.last().map_or(0, |layer| layer.biases().end);
        if params.len() != expected {
            let found = params.len();
            return Err(SparseError::Length { what: "parameters", expected, found });
        }
        let params = Var::from_vec(params, expected, &Device::Cpu)?;
        Ok(Self { layers: layers.into(), params, frame })
    }

    /// What it has executed so far, under all its topologies.
    pub fn executed(&self) -> Executed {
        self.frame.executed()
    }

    /// From input to output.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// All parameters: layer by layer, first the active weights, then the biases.
    pub fn params(&self) -> &Var {
        &self.params
    }

    /// Biases and active weights.
    pub fn num_params(&self) -> usize {
        self.params.elem_count()
    }

    /// `(batch, in) → (batch, out)`, differentiable in `x` and the parameters.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        Ok(x.apply_op2(&self.params, self.op([].into()))?)
    }

    /// As [`Self::forward`], and differentiable in the probe.
    pub fn forward_probed(&self, x: &Tensor, probe: &Probe) -> Result<Tensor, SparseError> {
        let op = self.op(probe.patterns.clone());
        Ok(x.apply_op3(&self.params, &probe.var, op)?)
    }

    /// As [`Self::forward`], differentiable in `x` alone: for a loss that trains what comes before.
    pub fn forward_frozen(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        let op = self.op([].into());
        Ok(x.apply_op2(&self.params.as_detached_tensor(), op)?)
    }

    /// As [`Self::forward`], leaving no graph: for acting and for targets.
    pub fn forward_detached(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        let op = self.op([].into());
        Ok(x.detach().apply_op2(&self.params.as_detached_tensor(), op)?)
    }

    /// A copy with parameters, memory and counts of its own.
    pub fn apart(&self) -> Result<Self, SparseError> {
        Self::with_par(self.layers.to_vec(), self.params.to_vec1()?, self.frame.par)
    }

    /// What each layer hands on for `x (batch, in)`, after its activation and the joins behind it:
    /// `(batch, features)` each, leaving no graph.
    pub fn activations(&self, x: &Tensor) -> Result<Vec<Tensor>, SparseError> {
        Ok(self.op([].into()).activations(x, &self.params)?)
    }

    fn op(&self, patterns: Arc<[Arc<Topology>]>) -> NetworkOp {
        NetworkOp::new(self.layers.clone(), self.frame.clone(), patterns)
    }
}
