//! The op that candle's autograd differentiates: forward with a tape, backward by hand.

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};

use crate::kernels::{transpose, weight_grad};
use crate::layers::SparseLinear;
use crate::topology::Topology;

/// One use of a network: holds the activations from the forward pass to the backward pass.
pub(crate) struct NetworkOp {
    layers: Arc<[SparseLinear]>,
    patterns: Arc<[Arc<Topology>]>,
    tape: Mutex<Tape>,
}

/// The input and every layer's output, feature-major: `(width, batch)` each.
#[derive(Default)]
struct Tape {
    batch: usize,
    activations: Vec<Vec<f32>>,
}

/// What a backward pass gives.
struct Gradients {
    /// `(batch, in)`.
    input: Option<Vec<f32>>,
    params: Vec<f32>,
    probe: Vec<f32>,
}

impl NetworkOp {
    pub(crate) fn new(layers: Arc<[SparseLinear]>) -> Self {
        Self::probed(layers, [].into())
    }

    pub(crate) fn probed(layers: Arc<[SparseLinear]>, patterns: Arc<[Arc<Topology>]>) -> Self {
        Self { layers, patterns, tape: Mutex::default() }
    }

    fn tape(&self) -> Result<std::sync::MutexGuard<'_, Tape>> {
        self.tape.lock().map_err(|_| candle_core::Error::msg("the tape of a network is poisoned"))
    }

    fn forward(&self, x: &[f32], layout: &Layout, params: &[f32]) -> Result<(CpuStorage, Shape)> {
        let inputs = self.layers.first().map_or(0, |layer| layer.topology().cols());
        let (batch, width) = layout.shape().dims2()?;
        if width != inputs {
            bail!("the network takes (batch, {inputs}), found ({batch}, {width})");
        }
        let mut tape = Tape { batch, activations: Vec::with_capacity(self.layers.len() + 1) };
        let mut first = vec![0.0; x.len()];
        transpose(batch, inputs, x, &mut first);
        tape.activations.push(first);
        for (l, layer) in self.layers.iter().enumerate() {
            let mut y = vec![0.0; layer.topology().rows() * batch];
            layer.forward(params, batch, &tape.activations[l], &mut y);
            tape.activations.push(y);
        }
        let last = &tape.activations[self.layers.len()];
        let outputs = last.len() / batch.max(1);
        let mut y = vec![0.0; last.len()];
        transpose(outputs, batch, last, &mut y);
        *self.tape()? = tape;
        Ok((CpuStorage::F32(y), (batch, outputs).into()))
    }

    fn backward(&self, params: &[f32], grad: &[f32], want_input: bool) -> Result<Gradients> {
        let tape = self.tape()?;
        let batch = tape.batch;
        let mut params_grad = vec![0.0; params.len()];
        let mut probes = vec![Vec::new(); self.patterns.len()];
        let mut dy = vec![0.0; grad.len()];
        transpose(batch, grad.len() / batch, grad, &mut dy);
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let x = &tape.activations[l];
            layer.activation_grad(&tape.activations[l + 1], &mut dy);
            layer.param_grad(batch, &dy, x, &mut params_grad);
            if let Some(pattern) = self.patterns.get(l) {
                probes[l] = vec![0.0; pattern.nnz()];
                weight_grad(pattern, batch, &dy, x, &mut probes[l]);
            }
            if l > 0 || want_input {
                let mut dx = vec![0.0; x.len()];
                layer.input_grad(params, batch, &dy, &mut dx);
                dy = dx;
            }
        }
        let input = want_input.then(|| {
            let mut dx = vec![0.0; dy.len()];
            transpose(dy.len() / batch, batch, &dy, &mut dx);
            dx
        });
        Ok(Gradients { input, params: params_grad, probe: probes.concat() })
    }

    fn bwd(&self, x: &Tensor, params: &Tensor, grad: &Tensor) -> Result<[Tensor; 3]> {
        let grad = grad.contiguous()?;
        let gradients = {
            let ((params, params_layout), (grad, grad_layout)) =
                (params.storage_and_layout(), grad.storage_and_layout());
            let (Storage::Cpu(params), Storage::Cpu(grad)) = (&*params, &*grad) else {
                bail!("the network runs on the CPU");
            };
            let (params, grad) = (slice(params, params_layout)?, slice(grad, grad_layout)?);
            self.backward(params, grad, x.track_op())?
        };
        let dx = match gradients.input {
            Some(dx) => Tensor::from_vec(dx, x.shape(), x.device())?,
            None => x.detach(),
        };
        let (n, p) = (gradients.params.len(), gradients.probe.len());
        Ok([
            dx,
            Tensor::from_vec(gradients.params, n, x.device())?,
            Tensor::from_vec(gradients.probe, p, x.device())?,
        ])
    }
}

/// The values of a contiguous tensor of `f32`.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("a network takes contiguous tensors, found strides {:?}", layout.stride()),
    }
}

impl CustomOp2 for NetworkOp {
    fn name(&self) -> &'static str {
        "sparse-network"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        params: &CpuStorage,
        params_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward(slice(x, x_layout)?, x_layout, slice(params, params_layout)?)
    }

    fn bwd(
        &self,
        x: &Tensor,
        params: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [dx, dparams, _] = Self::bwd(self, x, params, grad)?;
        Ok((x.track_op().then_some(dx), Some(dparams)))
    }
}

impl CustomOp3 for NetworkOp {
    fn name(&self) -> &'static str {
        "sparse-network-probed"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        params: &CpuStorage,
        params_layout: &Layout,
        _probe: &CpuStorage,
        _probe_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        CustomOp2::cpu_fwd(self, x, x_layout, params, params_layout)
    }

    fn bwd(
        &self,
        x: &Tensor,
        params: &Tensor,
        _probe: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [dx, dparams, dprobe] = Self::bwd(self, x, params, grad)?;
        Ok((x.track_op().then_some(dx), Some(dparams), Some(dprobe)))
    }
}
