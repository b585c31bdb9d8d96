//! A forward pass as candle's autograd sees it: an op whose values are there already, and whose
//! backward pass is that of the network.

use std::sync::{Arc, Mutex};

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use crate::backend::{Forward, Gradients, Tape, Wanted};
use crate::cpu::numbers;
use crate::executed::{Counter, Executed};

/// One use of a network: keeps its tape from the forward pass to the backward pass.
pub(crate) struct NetworkOp {
    output: Mutex<Option<Vec<f32>>>,
    shape: Shape,
    tape: Mutex<Box<dyn Tape>>,
    counter: Arc<Counter>,
}

impl NetworkOp {
    /// The op of the pass that gave `forward`, of `shape`.
    pub fn new(forward: Forward, shape: Shape, counter: Arc<Counter>) -> Self {
        let Forward { output, tape } = forward;
        Self { output: Mutex::new(Some(output)), shape, tape: Mutex::new(tape), counter }
    }

    fn output(&self) -> Result<(CpuStorage, Shape)> {
        match self.output.lock().ok().and_then(|mut output| output.take()) {
            Some(values) => Ok((CpuStorage::F32(values), self.shape.clone())),
            None => bail!("the values of a pass were taken before"),
        }
    }

    /// The gradients of `x`, `params` and the probe.
    fn backward(&self, x: &Tensor, params: &Tensor, grad: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let Ok(mut tape) = self.tape.lock() else { bail!("the tape of a network is poisoned") };
        let wanted = Wanted { input: x.track_op(), params: params.track_op() };
        let grad = grad.contiguous()?;
        let found = numbers(&grad, |grad| tape.backward(params, grad, wanted))?;
        let Gradients { input, params: of_params, probe, flops, loads: _ } = found;
        self.counter.add(Executed { forward: 0, backward: flops });
        let flat = |values: Vec<f32>| {
            let size = values.len();
            Tensor::from_vec(values, size, x.device())
        };
        Ok([
            wanted.input.then(|| flat(input)?.reshape(x.shape())).transpose()?,
            wanted.params.then(|| flat(of_params)).transpose()?,
            Some(flat(probe)?),
        ])
    }
}

impl CustomOp2 for NetworkOp {
    fn name(&self) -> &'static str {
        "sparse-network"
    }

    fn cpu_fwd(
        &self,
        _x: &CpuStorage,
        _x_layout: &Layout,
        _params: &CpuStorage,
        _params_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.output()
    }

    fn bwd(
        &self,
        x: &Tensor,
        params: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [input, params, _] = self.backward(x, params, grad)?;
        Ok((input, params))
    }
}

impl CustomOp3 for NetworkOp {
    fn name(&self) -> &'static str {
        "sparse-network-probed"
    }

    fn cpu_fwd(
        &self,
        _x: &CpuStorage,
        _x_layout: &Layout,
        _params: &CpuStorage,
        _params_layout: &Layout,
        _probe: &CpuStorage,
        _probe_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.output()
    }

    fn bwd(
        &self,
        x: &Tensor,
        params: &Tensor,
        _probe: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [input, params, probe] = self.backward(x, params, grad)?;
        Ok((input, params, probe))
    }
}
