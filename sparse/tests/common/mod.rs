//! A small network in training, for the tests of methods and optimisers.

#[cfg(any(feature = "emulate", feature = "cuda"))]
pub mod device;

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor};
use rand::RngExt;
use sparring_sparse::config::*;
use sparring_sparse::methods::dense::Dense;
use sparring_sparse::methods::pruning::Pruning;
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::methods::set::Set;
use sparring_sparse::methods::snfs::Snfs;
use sparring_sparse::methods::snip::Snip;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::methods::top_kast::TopKast;
pub use sparring_sparse::methods::{Decay, DropGrow, MethodChoice, Order};
use sparring_sparse::{
    Activation, Algebra, ClipNorm, Compute, Init, Layer, LayerSpec, Network, OptimizerConfig, Rule,
    Seed, Shape, Topology, Trainer, WeightDecay,
};

pub const ADAM: OptimizerConfig = OptimizerConfig {
    rule: Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-7 },
    learning_rate: 1e-3,
    weight_decay: WeightDecay::Squares,
    max_grad_norm: None,
    clip_norm: ClipNorm::Active,
};

/// Gradient steps of the run that all times are fractions of.
pub const RUN: u64 = 1_000_000;

/// The fraction of the run at which `step` is.
pub fn at(step: u64) -> f64 {
    step as f64 / RUN as f64
}

pub fn dense() -> MethodChoice {
    Dense {}.into()
}

pub fn fixed() -> MethodChoice {
    Static {}.into()
}

pub fn snip() -> MethodChoice {
    Snip {}.into()
}

pub fn set(schedule: DropGrow) -> MethodChoice {
    Set { schedule }.into()
}

pub fn rigl(schedule: DropGrow) -> MethodChoice {
    Rigl { schedule, ..Rigl::default() }.into()
}

pub fn snfs(schedule: DropGrow) -> MethodChoice {
    Snfs { schedule, smoothing: 0.9 }.into()
}

/// Prunes from `start` to `end`, in gradient steps.
pub fn pruning(start: u64, end: u64, every: u64) -> MethodChoice {
    Pruning { prune_every_gradient_steps: every, prune_from: at(start), prune_until: at(end) }
        .into()
}

pub fn top_kast(every: u64, backward_sparsity: f64, exploration_penalty: f64) -> MethodChoice {
    TopKast {
        update_every_gradient_steps: every,
        backward_sparsity: Some(backward_sparsity),
        exploration_penalty,
    }
    .into()
}

pub fn is(method: &MethodChoice, name: &str) -> bool {
    method.row().name == name
}

pub const WIDTHS: [usize; 4] = [6, 24, 24, 3];

pub fn specs(widths: &[usize]) -> Vec<LayerSpec> {
    let layer = |(l, pair): (usize, &[usize])| LayerSpec {
        name: l.to_string(),
        shape: Shape::Linear { inputs: pair[0], outputs: pair[1] },
        activation: if l + 2 == widths.len() { Activation::Identity } else { Activation::Relu },
        init: Init::TruncatedNormal { scale: 2.0 },
        // Not 0, where a unit without inputs would sit on the kink of ReLU.
        bias: 0.1,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then: Vec::new(),
    };
    widths.windows(2).enumerate().map(layer).collect()
}

pub fn sparse(method: MethodChoice, sparsity: f64) -> SparsityConfig {
    SparsityConfig {
        method,
        gradient_steps: RUN,
        sparsity,
        distribution: Distribution::Erk { power: 1.0 },
        pattern: Pattern::Unstructured,
        layers: BTreeMap::new(),
        sparsity_aware_init: true,
        compute: Compute::Sparse.into(),
    }
}

pub fn trainer(method: MethodChoice, sparsity: f64, optimizer: OptimizerConfig) -> Trainer {
    build(&sparse(method, sparsity), optimizer)
}

pub fn build(config: &SparsityConfig, optimizer: OptimizerConfig) -> Trainer {
    Trainer::new("net", &specs(&WIDTHS), config, optimizer, &Seed::new(1)).unwrap()
}

pub fn drop_grow(every: u64) -> DropGrow {
    DropGrow {
        update_every_gradient_steps: every,
        update_until: 1.0,
        drop_fraction: 0.3,
        drop_schedule: Decay::Constant,
        ..DropGrow::default()
    }
}

pub fn data(seed: u64) -> (Tensor, Tensor) {
    let mut rng = Seed::new(seed).rng();
    let x: Vec<f32> = (0..16 * 6).map(|_| rng.random_range(-1.0..1.0)).collect();
    let y = x.chunks(6).flat_map(|x| [x[0] * x[1], x[2] - x[3], x[4].abs()]).collect::<Vec<_>>();
    let tensor = |v, n| Tensor::from_vec(v, (16, n), &Device::Cpu).unwrap();
    (tensor(x, 6), tensor(y, 3))
}

pub fn train(trainer: &mut Trainer, seed: u64) -> f32 {
    train_scaled(trainer, seed, 1.0)
}

/// `mean (y(x) − y)²`.
pub fn squared_error(found: Tensor, y: &Tensor) -> Tensor {
    (found - y).unwrap().sqr().unwrap().mean_all().unwrap()
}

pub fn train_scaled(trainer: &mut Trainer, seed: u64, scale: f64) -> f32 {
    let (x, y) = data(seed);
    let step = trainer.begin_step().unwrap();
    let loss = squared_error(trainer.forward(&x, &step).unwrap(), &y);
    trainer.end_step(step, &(&loss * scale).unwrap().backward().unwrap()).unwrap();
    loss.to_scalar().unwrap()
}

pub fn nnz(network: &Network) -> Vec<usize> {
    network.layers().iter().map(|layer| layer.topology().nnz()).collect()
}

/// `(layer, position) → (w, m, v)`.
pub fn state(trainer: &Trainer) -> HashMap<(usize, u32), (f32, f32, f32)> {
    let params: Vec<f32> = trainer.network().params().to_vec1().unwrap();
    let (m, v) = trainer.optimizer().moments();
    let mut state = HashMap::new();
    for (l, layer) in trainer.network().layers().iter().enumerate() {
        for (position, k) in layer.topology().positions().zip(layer.weights()) {
            state.insert((l, position), (params[k], m[k], v.get(k).copied().unwrap_or(0.0)));
        }
    }
    state
}

/// Every method that rewires along the way.
pub fn rewiring(every: u64) -> [MethodChoice; 4] {
    let schedule = drop_grow(every);
    [set(schedule.clone()), rigl(schedule.clone()), snfs(schedule), top_kast(every, 0.4, 1e-2)]
}

/// The gradient of the squared error at `network`, for every weight and bias: `(weights, biases)` of
/// each layer, by a network in which every weight is there and those that are not active are 0.
pub fn dense_gradient(network: &Network, x: &Tensor, y: &Tensor) -> Vec<(Vec<f32>, Vec<f32>)> {
    let params: Vec<f32> = network.params().to_vec1().unwrap();
    let (mut layers, mut all) = (Vec::new(), Vec::new());
    for (layer, spec) in network.layers().iter().zip(specs(&WIDTHS)) {
        let (rows, cols) = (layer.topology().rows(), layer.topology().cols());
        let topology = Topology::dense(rows, cols).unwrap();
        let mut weights = vec![0.0; rows * cols];
        for (position, k) in layer.topology().positions().zip(layer.weights()) {
            weights[position as usize] = params[k];
        }
        layers.push(Layer::new(&spec, topology.into(), Compute::Sparse, all.len()).unwrap());
        all.extend(weights);
        all.extend_from_slice(&params[layer.biases()]);
    }
    let dense = Network::new(layers, all).unwrap();
    let loss = squared_error(dense.forward(x).unwrap(), y);
    let grads = loss.backward().unwrap();
    let grad: Vec<f32> = grads.get(dense.params()).unwrap().to_vec1().unwrap();
    let part = |layer: &Layer| (grad[layer.weights()].to_vec(), grad[layer.biases()].to_vec());
    dense.layers().iter().map(part).collect()
}
