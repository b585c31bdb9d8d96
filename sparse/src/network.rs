//! A network of layers, and what joins them, over one flat vector of parameters, as one differentiable
//! op of candle.
//!
//! One op for the whole network means one node in candle's graph, one change of layout on the way
//! in and out, and one gradient tensor that the optimiser walks in a single pass.

use std::sync::Arc;

use candle_core::{DType, Device, Result as CandleResult, Tensor, Var, bail};

use crate::backend::{Backend, Forward, Wanted};
use crate::cpu::{Cpu, numbers};
use crate::ctx::{Ctx, Flow, Probe};
use crate::error::SparseError;
use crate::executed::{Counter, Executed};
use crate::kernels::Par;
use crate::layers::Layer;
use crate::op::NetworkOp;
use crate::routing::Runs;
use crate::vjp::Vjp;

/// A multi-layer network, `(batch, in) → (batch, out)`.
#[derive(Clone, Debug)]
pub struct Network {
    layers: Arc<[Layer]>,
    params: Var,
    backend: Arc<dyn Backend>,
    counter: Arc<Counter>,
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
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_par(layers: Vec<Layer>, params: Vec<f32>, par: Par) -> Result<Self, SparseError> {
        let backend = Arc::new(Cpu::new(&layers, par)?);
        Self::on(backend, layers, params, Arc::default())
    }

    /// The network with other topologies: its memory is used again and its counts go on.
    pub(crate) fn rewired(
        &self,
        layers: Vec<Layer>,
        params: Vec<f32>,
    ) -> Result<Self, SparseError> {
        Self::on(self.backend.rewired(&layers)?, layers, params, self.counter.clone())
    }

    fn on(
        backend: Arc<dyn Backend>,
        layers: Vec<Layer>,
        params: Vec<f32>,
        counter: Arc<Counter>,
    ) -> Result<Self, SparseError> {
        let expected = layers.last().map_or(0, |layer| layer.params().end);
        if params.len() != expected {
            let found = params.len();
            return Err(SparseError::Length { what: "parameters", expected, found });
        }
        let params = Var::from_vec(params, expected, backend.device())?;
        Ok(Self { layers: layers.into(), params, backend, counter })
    }

    /// Lets its products use `par`; no bit of them changes.
    pub fn set_par(&mut self, par: Par) {
        self.backend = self.backend.with_par(par);
    }

    /// What computes it.
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Where its tensors are.
    pub fn device(&self) -> &Device {
        self.backend.device()
    }

    /// What it has executed so far, under all its topologies.
    pub fn executed(&self) -> Executed {
        self.counter.get()
    }

    /// Lets the count of [`Self::executed`] go on from `executed`: that of a run before.
    pub fn set_executed(&self, executed: Executed) {
        self.counter.set(executed);
    }

    /// Counts what a device has computed of it.
    pub(crate) fn count(&self, executed: Executed) {
        self.counter.add(executed);
    }

    /// Counts a forward pass over `batch` samples that a device has computed.
    pub fn count_forward(&self, batch: usize) {
        let Executed { forward, .. } = self.flops(batch, Wanted::PARAMS);
        self.counter.add(Executed { forward, backward: 0 });
    }

    /// What passes over `batch` samples execute: one forward, and one that gives what is `wanted`. Experts are taken as
    /// read by as many tokens each.
    pub fn flops(&self, batch: usize, wanted: Wanted) -> Executed {
        let plan = self.backend.plan();
        let of = |from: usize| -> u64 {
            let layers = self.layers.iter().enumerate().skip(from);
            let one = |(l, layer): (usize, &Layer)| {
                let Runs { times, samples } = plan.runs(l);
                layer.flops(batch * times / samples)
            };
            layers.map(one).sum()
        };
        let params = if wanted.params { of(0) } else { 0 };
        Executed { forward: of(0), backward: params + of(usize::from(!wanted.input)) }
    }

    /// Changes all parameters.
    ///
    /// # Errors
    /// Another number of them.
    pub(crate) fn set_values(&self, values: &[f32]) -> Result<(), SparseError> {
        Ok(self.params.set(&Tensor::from_slice(values, values.len(), self.device())?)?)
    }

    /// From input to output.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// All parameters: layer by layer, first the active weights, then the biases, then those of layer norms.
    pub fn params(&self) -> &Var {
        &self.params
    }

    /// Active weights, biases, and parameters of layer norms.
    pub fn num_params(&self) -> usize {
        self.params.elem_count()
    }

    /// `x → y`, with what `ctx` asks for; `ctx` comes back with what the pass executed.
    ///
    /// x is `(…, in)`, with any number of dimensions before the last, y then `(…, out)`; or images
    /// `(batch, channels, height, width)` where the first layer reads such, y then `(batch, out)`. It
    /// need not be contiguous.
    ///
    /// # Errors
    /// An `x` that is not `f32`, of another width, or on another device.
    pub fn pass(&self, x: &Tensor, ctx: &mut Ctx<'_>) -> Result<Tensor, SparseError> {
        Ok(self.run(x, ctx)?)
    }

    fn run(&self, x: &Tensor, ctx: &mut Ctx<'_>) -> CandleResult<Tensor> {
        let outputs = self.backend.plan().output().size();
        let (x, mut shape) = self.rows(x)?;
        let x = if ctx.flow == Flow::None { x.detach() } else { x };
        let params = match ctx.flow {
            Flow::All => self.params.as_tensor().clone(),
            Flow::Input | Flow::None => self.params.as_detached_tensor(),
        };
        let forward = numbers(&x, |x| self.evaluate(x, &params, ctx))?;
        let op = NetworkOp::new(forward, (x.dim(0)?, outputs).into(), self.counter.clone());
        let y = match ctx.probe {
            Some(probe) => x.apply_op3(&params, probe.var(), op)?,
            None => x.apply_op2(&params, op)?,
        };
        if shape.len() == 1 {
            return Ok(y);
        }
        shape.push(outputs);
        y.reshape(shape)
    }

    /// `x (batch · in)` through the backend, counted.
    fn evaluate(&self, x: &[f32], params: &Tensor, ctx: &mut Ctx<'_>) -> CandleResult<Forward> {
        let before = ctx.executed;
        let forward = self.backend.forward(x, params, ctx)?;
        self.counter.add(Executed {
            forward: ctx.executed.forward - before.forward,
            backward: ctx.executed.backward - before.backward,
        });
        Ok(forward)
    }

    /// `x (batch · in)` with a way back, without candle's graph; the gradients that `ctx` asks for come with it.
    ///
    /// # Errors
    /// An `x` that is no whole rows.
    pub fn vjp(&self, x: &[f32], ctx: &mut Ctx<'_>) -> Result<Vjp, SparseError> {
        let width = self.backend.plan().input().size().max(1);
        if !x.len().is_multiple_of(width) {
            let (what, found) = ("numbers of a batch", x.len());
            return Err(SparseError::Length { what, expected: x.len() / width * width, found });
        }
        let params = self.params.as_detached_tensor();
        let forward = self.evaluate(x, &params, ctx)?;
        Ok(Vjp::new(forward, params, self.counter.clone()))
    }

    /// `x (batch · in) → y (batch · out)`, for acting and for targets.
    ///
    /// # Errors
    /// As [`Self::vjp`].
    pub fn outputs(&self, x: &[f32]) -> Result<Vec<f32>, SparseError> {
        Ok(self.vjp(x, &mut Ctx::default())?.into_output())
    }

    /// `x` as `(batch, in)`, and the dimensions of a batch.
    fn rows(&self, x: &Tensor) -> CandleResult<(Tensor, Vec<usize>)> {
        let (features, dims) = (self.backend.plan().input(), x.dims());
        let size = features.size();
        if x.dtype() != DType::F32 {
            bail!("the network computes in f32, found {:?}: x.to_dtype(DType::F32)", x.dtype());
        }
        if !x.device().same_device(self.device()) {
            let (at, found) = (self.device(), x.device());
            bail!("the network is on {at:?}, found a tensor on {found:?}: x.to_device(…)");
        }
        let image = [features.channels, features.height, features.width];
        let batch = match dims {
            [batch @ .., c, h, w] if [*c, *h, *w] == image && *w != size => batch,
            [batch @ .., width] if *width == size => batch,
            _ => {
                let found: Vec<String> = dims.iter().map(usize::to_string).collect();
                bail!("the network takes (batch, {size}), found ({})", found.join(", "))
            }
        };
        let batch = batch.to_vec();
        let x = match dims {
            [_, _] => x.contiguous()?,
            _ => x.contiguous()?.reshape((batch.iter().product::<usize>(), size))?,
        };
        Ok((x, batch))
    }

    /// `(batch, in) → (batch, out)`, differentiable in `x` and the parameters.
    ///
    /// # Errors
    /// As [`Self::pass`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        self.pass(x, &mut Ctx::default())
    }

    /// As [`Self::forward`], and differentiable in the probe.
    ///
    /// # Errors
    /// As [`Self::pass`].
    pub fn forward_probed(&self, x: &Tensor, probe: &Probe) -> Result<Tensor, SparseError> {
        self.pass(x, &mut Ctx { probe: Some(probe), ..Ctx::default() })
    }

    /// As [`Self::forward`], differentiable in `x` alone: for a loss that trains what comes before.
    ///
    /// # Errors
    /// As [`Self::pass`].
    pub fn forward_frozen(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        self.pass(x, &mut Ctx { flow: Flow::Input, ..Ctx::default() })
    }

    /// As [`Self::forward`], leaving no graph: for acting and for targets.
    ///
    /// # Errors
    /// As [`Self::pass`].
    pub fn forward_detached(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        self.pass(x, &mut Ctx { flow: Flow::None, ..Ctx::default() })
    }

    /// A copy with parameters, memory and counts of its own.
    ///
    /// # Errors
    /// Those of candle.
    pub fn deep_clone(&self) -> Result<Self, SparseError> {
        let backend = self.backend.with_par(self.backend.par());
        Self::on(backend, self.layers.to_vec(), self.params.to_vec1()?, Arc::default())
    }

    /// What each layer hands on for `x (batch · in)`, after its activation and the joins behind it:
    /// `(batch, features)` each; of a layer of a block of experts `(rows that it read, features)`.
    ///
    /// # Errors
    /// As [`Self::vjp`].
    pub fn activations(&self, x: &[f32]) -> Result<Vec<Vec<f32>>, SparseError> {
        self.vjp(x, &mut Ctx::default())?.activations()
    }
}
