//! The op that candle's autograd differentiates: forward with a tape, backward by hand.

use std::sync::{Arc, Mutex, MutexGuard};

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};

use crate::kernels::Activation;
use crate::layers::Layer;
use crate::nodes::{Node, Writer};
use crate::topology::Topology;
use crate::workspace::{Frame, Workspace};

/// One use of a network: keeps the activations from the forward pass to the backward pass.
pub(crate) struct NetworkOp {
    layers: Arc<[Layer]>,
    frame: Arc<Frame>,
    patterns: Arc<[Arc<Topology>]>,
    tape: Mutex<Option<Workspace>>,
}

/// What a backward pass gives.
struct Gradients {
    /// `(batch, in)`.
    input: Option<Vec<f32>>,
    params: Vec<f32>,
    probe: Vec<f32>,
}

impl NetworkOp {
    /// `patterns` are a probe's, one a layer, or none.
    pub(crate) fn new(
        layers: Arc<[Layer]>,
        frame: Arc<Frame>,
        patterns: Arc<[Arc<Topology>]>,
    ) -> Self {
        Self { layers, frame, patterns, tape: Mutex::default() }
    }

    fn tape(&self) -> Result<MutexGuard<'_, Option<Workspace>>> {
        self.tape.lock().map_err(|_| candle_core::Error::msg("the tape of a network is poisoned"))
    }

    fn forward(&self, x: &[f32], layout: &Layout, params: &[f32]) -> Result<(CpuStorage, Shape)> {
        let nodes = &self.frame.nodes;
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else {
            bail!("a network without layers");
        };
        let (inputs, outputs) = (first.plane.size(), last.plane.size());
        let (batch, width) = layout.shape().dims2()?;
        if width != inputs {
            bail!("the network takes (batch, {inputs}), found ({batch}, {width})");
        }
        let mut tape = self.frame.take(batch);
        let at = (tape.lanes, self.frame.par);
        first.plane.from_rows(at.0, x, &mut tape.activations[0]);
        for (n, node) in nodes.iter().enumerate().skip(1) {
            let Workspace { activations, weights, scratch, .. } = &mut tape;
            let (before, after) = activations.split_at_mut(n);
            let (x, y) = ((before[n - 1].as_slice(), &nodes[n - 1].plane), &mut after[0]);
            match node.writer {
                Writer::Input => {}
                Writer::Layer(l) => {
                    let (layer, y) = (&self.layers[l], (y.as_mut_slice(), &node.plane));
                    layer.forward(params, &mut weights[n], at, scratch, x.0, y);
                    self.frame.count_forward(layer.flops(batch));
                }
                Writer::MaxPool(pool) => pool.forward(at, x, (y, &node.plane)),
                Writer::Relu => {
                    node.plane.copy(at.0, x, y);
                    let size = y.len();
                    node.activation.apply(&[0.0], size, y);
                }
                Writer::Add(skip) => {
                    node.plane.copy(at.0, x, y);
                    node.plane.add(at.0, (&before[skip], &nodes[skip].plane), y);
                }
            }
        }
        let mut y = vec![0.0; batch * outputs];
        last.plane.to_rows(at.0, &tape.activations[nodes.len() - 1], &mut y);
        *self.tape()? = Some(tape);
        Ok((CpuStorage::F32(y), (batch, outputs).into()))
    }

    /// What each layer hands on, after its activation and the joins behind it: `(batch, features)` each.
    pub(crate) fn activations(&self, x: &Tensor, params: &Tensor) -> Result<Vec<Tensor>> {
        {
            let ((x, x_layout), (params, params_layout)) =
                (x.storage_and_layout(), params.storage_and_layout());
            let (Storage::Cpu(x), Storage::Cpu(params)) = (&*x, &*params) else {
                bail!("the network runs on the CPU");
            };
            self.forward(slice(x, x_layout)?, x_layout, slice(params, params_layout)?)?;
        }
        let tape = self.tape()?;
        let Some(Workspace { lanes, activations, .. }) = tape.as_ref() else {
            bail!("a forward pass of a network left no tape");
        };
        let nodes = &self.frame.nodes;
        // Before the node of each later layer, and at the end.
        let is_layer = |node: &Node| matches!(node.writer, Writer::Layer(_));
        let ends = (1..nodes.len()).filter(|n| nodes.get(n + 1).is_none_or(is_layer));
        let rows = ends.map(|n| {
            let plane = &nodes[n].plane;
            let mut rows = vec![0.0; lanes.batch() * plane.size()];
            plane.to_rows(*lanes, &activations[n], &mut rows);
            Tensor::from_vec(rows, (lanes.batch(), plane.size()), x.device())
        });
        rows.collect()
    }

    fn backward(
        &self,
        params: &[f32],
        grad: &[f32],
        want_input: bool,
        want_params: bool,
    ) -> Result<Gradients> {
        let mut tape = self.tape()?;
        let Some(Workspace { lanes, activations, gradients, weights, scratch }) = tape.as_mut()
        else {
            bail!("the backward pass of a network came before its forward pass");
        };
        let nodes = &self.frame.nodes;
        if gradients.is_empty() {
            *gradients = self.frame.gradients(*lanes);
        }
        let (at, last) = ((*lanes, self.frame.par), nodes.len() - 1);
        let mut params_grad = vec![0.0; if want_params { params.len() } else { 0 }];
        let mut probes = vec![Vec::new(); self.patterns.len()];
        nodes[last].gradient.from_rows(*lanes, grad, &mut gradients[last]);
        for (n, node) in nodes.iter().enumerate().skip(1).rev() {
            let (before, after) = gradients.split_at_mut(n);
            let (dy, later) = after.split_at_mut(1);
            for sum in &node.added_to {
                let dy_sum = (later[sum - n - 1].as_slice(), &nodes[*sum].gradient);
                node.gradient.add(*lanes, dy_sum, &mut dy[0]);
            }
            if node.fused().is_none() {
                let y = (activations[n].as_slice(), &node.plane);
                node.gradient.chain(*lanes, node.activation, y, &mut dy[0]);
            }
            let (below, dy) = (&nodes[n - 1], dy[0].as_slice());
            let x = (activations[n - 1].as_slice(), &below.plane);
            let dx = (before[n - 1].as_mut_slice(), &below.gradient);
            match node.writer {
                Writer::Input => {}
                Writer::Layer(l) => {
                    let layer = &self.layers[l];
                    if want_params {
                        layer.param_grad(at, scratch, dy, x.0, &mut params_grad);
                        self.frame.count_backward(layer.flops(lanes.batch()));
                    }
                    if let Some(pattern) = self.patterns.get(l) {
                        probes[l] = layer.probe_grad(pattern, at, scratch, dy, x.0);
                        self.frame.count_backward(layer.flops_of(pattern, lanes.batch()));
                    }
                    if n > 1 || want_input {
                        let below = (below.fused().unwrap_or(Activation::Identity), x.0);
                        layer.input_grad((params, &weights[n]), below, at, scratch, dy, dx);
                        self.frame.count_backward(layer.flops(lanes.batch()));
                    }
                }
                Writer::MaxPool(pool) => {
                    let y = (activations[n].as_slice(), &node.plane);
                    pool.backward(at, x, y, (dy, &node.gradient), dx);
                }
                // What a sum adds besides is reached from there.
                Writer::Relu | Writer::Add(_) => {
                    dx.1.copy(*lanes, (dy, &node.gradient), dx.0);
                }
            }
        }
        let input = want_input.then(|| {
            let mut dx = vec![0.0; lanes.batch() * nodes[0].plane.size()];
            nodes[0].gradient.to_rows(*lanes, &gradients[0], &mut dx);
            dx
        });
        Ok(Gradients { input, params: params_grad, probe: probes.concat() })
    }

    fn bwd(&self, x: &Tensor, params: &Tensor, grad: &Tensor) -> Result<[Tensor; 3]> {
        let grad = grad.contiguous()?;
        let (want_input, want_params) = (x.track_op(), params.track_op());
        let gradients = {
            let ((params, params_layout), (grad, grad_layout)) =
                (params.storage_and_layout(), grad.storage_and_layout());
            let (Storage::Cpu(params), Storage::Cpu(grad)) = (&*params, &*grad) else {
                bail!("the network runs on the CPU");
            };
            let (params, grad) = (slice(params, params_layout)?, slice(grad, grad_layout)?);
            self.backward(params, grad, want_input, want_params)?
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

impl Drop for NetworkOp {
    fn drop(&mut self) {
        if let Ok(tape) = self.tape.get_mut() {
            tape.take().into_iter().for_each(|workspace| self.frame.give(workspace));
        }
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
        Ok((x.track_op().then_some(dx), params.track_op().then_some(dparams)))
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
