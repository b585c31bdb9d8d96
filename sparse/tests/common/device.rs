//! Networks on a device, for the tests of it: the emulator, or the device that `SPARRING_DEVICE` names (`cuda`).

use std::sync::Arc;

use rand::RngExt;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::gpu::kernels::{KERNELS, Rows, launch};
use sparring_sparse::gpu::{
    Buffer, DeviceName, DevicePass, DeviceTrainer, Gpu, Numbers, Outputs, Precision, Reading,
    StepOf, Use, backward, forward, rate, read, step,
};
use sparring_sparse::kernels::Plane;
use sparring_sparse::layers::Compute;
use sparring_sparse::methods::MethodChoice;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::{
    Activation, Algebra, Init, LayerSpec, Misfit, OptimizerConfig, Seed, Shape, SparseError,
    Trainer, Wanted,
};

pub fn specs(widths: &[usize], activation: Activation) -> Vec<LayerSpec> {
    let last = widths.len() - 2;
    let layer = |(l, pair): (usize, &[usize])| LayerSpec {
        name: format!("layer.{l}"),
        shape: Shape::Linear { inputs: pair[0], outputs: pair[1] },
        activation: if l == last { Activation::Identity } else { activation },
        init: Init::GlorotUniform,
        bias: 0.1,
        weight_decay: 1e-3,
        algebra: Algebra::REAL,
        then: Vec::new(),
    };
    widths.windows(2).enumerate().map(layer).collect()
}

pub fn trainer(
    widths: &[usize],
    activation: Activation,
    config: &SparsityConfig,
    optimizer: OptimizerConfig,
    seed: u64,
) -> Trainer {
    Trainer::new("net", &specs(widths, activation), config, optimizer, &Seed::new(seed)).unwrap()
}

/// A static trainer of the highest of the sparsities `s`, `2 s − 1` (twice the weights), … at which each layer has a weight.
pub fn sparsest(widths: &[usize], activation: Activation, sparsity: f64, seed: u64) -> Trainer {
    let (specs, adam) = (specs(widths, activation), OptimizerConfig::adam(1e-3));
    let mut sparsity = sparsity;
    loop {
        match Trainer::new("net", &specs, &sparse(Static {}, sparsity), adam, &Seed::new(seed)) {
            Err(SparseError::Misfit(Misfit::Empty { .. })) => {
                sparsity = (2.0 * sparsity - 1.0).max(0.0)
            }
            made => return made.unwrap(),
        }
    }
}

pub fn sparse(method: impl Into<MethodChoice>, sparsity: f64) -> SparsityConfig {
    let config = SparsityConfig::new(method, sparsity, 20);
    SparsityConfig { compute: Compute::Sparse.into(), ..config }
}

pub fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Seed::new(seed).child("numbers").rng();
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// A device whose threads run in the order of the seed `order`, where that can be chosen.
pub fn device(order: u64) -> Arc<dyn Gpu> {
    match std::env::var("SPARRING_DEVICE") {
        Ok(name) => name.parse::<DeviceName>().unwrap().open().unwrap().unwrap(),
        #[cfg(feature = "emulate")]
        Err(_) => Arc::new(sparring_sparse::gpu::emulator::Emulator::new(order)),
        #[cfg(not(feature = "emulate"))]
        Err(_) => panic!("SPARRING_DEVICE names no device, and there is no emulator ({order})"),
    }
}

/// Slots of a plane, and how they are stored.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub slots: u64,
    pub plane: &'a Plane,
    pub stored: Precision,
}

/// `rows (batch, features)` into the slots `to`.
pub fn rows_in(gpu: &Arc<dyn Gpu>, rows: &[f32], to: At<'_>, pass: &DevicePass) {
    let rows = Buffer::of(gpu, rows).unwrap();
    let (batch, ld, numbers) = (pass.batch(), pass.ld(), Numbers::Floats);
    let At { slots, plane, stored } = to;
    let one = Reading { rows: rows.at(0), numbers, to: slots, plane, stored, batch, ld };
    read(&**gpu, &[one]).unwrap();
    // Before the rows go.
    gpu.wait().unwrap();
}

/// The slots `from` as rows `(batch, features)`.
pub fn rows_out(gpu: &Arc<dyn Gpu>, from: At<'_>, pass: &DevicePass) -> Vec<f32> {
    let At { slots, plane, stored } = from;
    let rows = Buffer::<f32>::room(gpu, pass.batch() * plane.slots()).unwrap();
    let (batch, ld, width) = (pass.batch() as u32, pass.ld() as u32, plane.slots() as u32);
    let one = Rows { rows: rows.at(0), slots, batch, ld, width, stored };
    // SAFETY: buffers of these sizes.
    unsafe { launch(&**gpu, &KERNELS, "rows_out", &[one], Rows::shape).unwrap() };
    let rows = rows.read().unwrap();
    let images = (0..plane.size()).map(|feature| {
        let (area, Plane { height, width, .. }) = (plane.height * plane.width, *plane);
        let (channel, y, x) = (feature / area, feature / width % height, feature % width);
        channel * plane.channel() + plane.origin() + y * plane.row() + x
    });
    let slots: Vec<usize> = images.collect();
    rows.chunks_exact(plane.slots()).flat_map(|row| slots.iter().map(|slot| row[*slot])).collect()
}

/// What a pass there and back gives: `y`, `dx` and the gradient of the parameters as the device has them.
pub fn pass_on_device(
    gpu: &Arc<dyn Gpu>,
    own: &DeviceTrainer,
    x: &[f32],
    dy: &[f32],
) -> [Vec<f32>; 3] {
    let network = own.network();
    let batch = x.len() / network.inputs();
    let all = Wanted { input: true, params: true };
    let pass = DevicePass::new(gpu, network, batch, Some(all)).unwrap();
    let (x_slots, stored) = (network.input_slots(pass.ld()).unwrap(), network.precision());
    let output = Plane::flat(network.outputs());
    let at = |slots, plane, stored| At { slots, plane, stored };
    rows_in(gpu, x, at(x_slots.at(0), network.input_plane(), stored), &pass);
    let one = Use { network, pass: &pass, x: x_slots.at(0) };
    forward(&**gpu, &[one]).unwrap();
    rows_in(gpu, dy, at(pass.output_gradient(), &output, stored), &pass);
    backward(&**gpu, &[one], &[own.grads()], all).unwrap();
    let dx = at(pass.input_gradient(0), network.input_gradient_plane(), stored);
    [
        rows_out(gpu, at(pass.output(), &output, Precision::F32), &pass),
        rows_out(gpu, dx, &pass),
        own.grads().read().unwrap(),
    ]
}

pub fn close(found: &[f32], expected: &[f32], bound: f32) -> Result<(), String> {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(1.0f32, |most, e| most.max(e.abs()));
    match found.iter().zip(expected).find(|(f, e)| (*f - *e).abs() > bound * scale || f.is_nan()) {
        None => Ok(()),
        Some((f, e)) => Err(format!("found {f}, expected {e}, of at most {scale}")),
    }
}

/// The gradient of the parameters in the device's order, which leaves gaps.
pub fn spread(trainer: &Trainer, values: &[f32]) -> Vec<f32> {
    let (mut all, mut end) = (Vec::<f32>::new(), 0usize);
    for layer in trainer.network().layers() {
        for range in [layer.weights(), layer.always()] {
            all.resize(end.next_multiple_of(4), 0.0);
            all.extend(&values[range]);
            end = all.len();
        }
    }
    all
}

/// `∂/∂y ½ mean |y − t|²`.
pub fn slope(y: &[f32], target: &[f32]) -> Vec<f32> {
    let share = 1.0 / y.len() as f32;
    y.iter().zip(target).map(|(y, t)| (y - t) * share).collect()
}

/// A step of the loss `½ mean |y − t|²` by `own`, the copy of `trainer`: the norm of the gradient.
pub fn step_on_device(
    gpu: &Arc<dyn Gpu>,
    own: &DeviceTrainer,
    trainer: &mut Trainer,
    x: &[f32],
    target: &[f32],
) -> f32 {
    let batch = x.len() / own.network().inputs();
    let mut outputs = Outputs::new(own.network(), batch).unwrap();
    let y = outputs.of(own.network(), x).unwrap();
    step_along(gpu, own, trainer, x, &slope(&y, target))
}

/// The same along the gradient `dy` of the outputs.
pub fn step_along(
    gpu: &Arc<dyn Gpu>,
    own: &DeviceTrainer,
    trainer: &mut Trainer,
    x: &[f32],
    dy: &[f32],
) -> f32 {
    let rates = Buffer::of(gpu, &[rate(trainer)]).unwrap();
    let norms = Buffer::<f32>::room(gpu, 1).unwrap();
    pass_on_device(gpu, own, x, dy);
    let one = StepOf { trainer: own, rate: rates.at(0), norm: norms.at(0) };
    step(&**gpu, &[one]).unwrap();
    trainer.count_step(Default::default());
    norms.read().unwrap()[0]
}
