//! The oracle of networks: the same network, masked and dense, in candle's own ops.

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use rand::RngExt;
use sparring_sparse::kernels::norm::EPSILON;
use sparring_sparse::layers::{Conv2d, MaxPool};
use sparring_sparse::sample::distinct;
use sparring_sparse::{
    Activation, Algebra, BreakEven, Compute, Features, Init, Join, Layer, LayerSpec, Network,
    Probe, Seed, Shape, SparseError, Topology,
};

pub fn spec(index: usize, shape: Shape, activation: Activation) -> LayerSpec {
    LayerSpec {
        name: index.to_string(),
        shape,
        activation,
        init: Init::Uniform { limit: 1.0 },
        bias: 0.0,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then: Vec::new(),
    }
}

pub fn mlp(widths: &[usize]) -> Vec<Shape> {
    widths.windows(2).map(|pair| Shape::Linear { inputs: pair[0], outputs: pair[1] }).collect()
}

/// A ReLU network of `shapes` where layer `l` has `nnz[l]` active weights, all values random.
pub fn network(shapes: &[Shape], nnz: &[usize], seed: u64, compute: Compute) -> Network {
    let spec = |(l, shape): (usize, &Shape)| {
        let last = l + 1 == shapes.len();
        spec(l, *shape, if last { Activation::Identity } else { Activation::Relu })
    };
    let specs: Vec<LayerSpec> = shapes.iter().enumerate().map(spec).collect();
    of_specs(&specs, nnz, seed, compute).unwrap()
}

/// A network where layer `l` has `nnz[l]` active weights, all values random.
pub fn of_specs(
    specs: &[LayerSpec],
    nnz: &[usize],
    seed: u64,
    compute: Compute,
) -> Result<Network, SparseError> {
    let mut rng = Seed::new(seed).rng();
    let (mut layers, mut offset) = (Vec::new(), 0);
    for (spec, nnz) in specs.iter().zip(nnz) {
        let (rows, cols) = (spec.shape.rows(), spec.shape.cols());
        let topology = Topology::new(rows, cols, &distinct(rows * cols, *nnz, &mut rng)).unwrap();
        let layer = Layer::new(spec, Arc::new(topology), compute, offset).unwrap();
        offset = layer.params().end;
        layers.push(layer);
    }
    Network::new(layers, (0..offset).map(|_| rng.random_range(-1.0..1.0)).collect())
}

pub fn random(shape: (usize, usize), seed: u64) -> Tensor {
    let mut rng = Seed::new(seed).rng();
    let values: Vec<f32> = (0..shape.0 * shape.1).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// The masked-dense oracle: one dense weight and one bias a layer.
pub fn masked_dense(network: &Network) -> Vec<(Var, Var)> {
    let params: Vec<f32> = network.params().to_vec1().unwrap();
    let dense = |layer: &Layer| {
        let topology = layer.topology();
        let mut w = vec![0.0; topology.size()];
        for (position, value) in topology.positions().zip(&params[layer.weights()]) {
            w[position as usize] = *value;
        }
        let (rows, cols) = (topology.rows(), topology.cols());
        let bias = params[layer.biases()].to_vec();
        (
            Var::from_vec(w, (rows, cols), &Device::Cpu).unwrap(),
            Var::from_vec(bias, rows, &Device::Cpu).unwrap(),
        )
    };
    network.layers().iter().map(dense).collect()
}

/// `γ (rows)`, then `β (rows)` of each layer norm behind a layer, a variable a layer.
pub fn norms(network: &Network) -> Vec<Var> {
    let params: Vec<f32> = network.params().to_vec1().unwrap();
    let of =
        |layer: &Layer| Var::from_slice(&params[layer.norms()], layer.norms().len(), &Device::Cpu);
    network.layers().iter().map(|layer| of(layer).unwrap()).collect()
}

/// `γ ⊙ (x − mean) / √(var + ε) + β` of `x (batch, n)`: both `γ (n)` and `β (n)` in `params`.
fn layer_norm(x: &Tensor, params: &Tensor) -> Tensor {
    let n = x.dim(1).unwrap();
    let apart = x.broadcast_sub(&x.mean_keepdim(1).unwrap()).unwrap();
    let variance = apart.sqr().unwrap().mean_keepdim(1).unwrap();
    let root = (variance + f64::from(EPSILON)).unwrap().sqrt().unwrap();
    let scaled = apart.broadcast_div(&root).unwrap();
    let scaled = scaled.broadcast_mul(&params.narrow(0, 0, n).unwrap()).unwrap();
    scaled.broadcast_add(&params.narrow(0, n, n).unwrap()).unwrap()
}

pub fn dense_forward(
    network: &Network,
    oracle: &[(Var, Var)],
    norms: &[Var],
    x: &Tensor,
) -> Tensor {
    let (mut y, mut saved) = (x.clone(), Vec::new());
    for ((layer, (w, b)), norms) in network.layers().iter().zip(oracle).zip(norms) {
        let mut normed = 0;
        y = match layer.shape() {
            Shape::Linear { .. } => y.matmul(&w.t().unwrap()).unwrap().broadcast_add(b).unwrap(),
            Shape::Conv2d(conv) => convolve(conv, &y, w, b),
        };
        y = match layer.activation() {
            Activation::Identity => y,
            Activation::Relu => y.relu().unwrap(),
            Activation::Tanh => y.tanh().unwrap(),
        };
        let mut features = layer.shape().output();
        for join in layer.then() {
            match join {
                Join::LayerNorm => {
                    let both = 2 * layer.shape().rows();
                    y = layer_norm(&y, &norms.narrow(0, normed * both, both).unwrap());
                    normed += 1;
                }
                Join::Save => saved.push(y.clone()),
                Join::Add => y = (y + saved.pop().unwrap()).unwrap(),
                Join::Relu => y = y.relu().unwrap(),
                Join::MaxPool(pool) => {
                    y = max_pool(pool, &features, &y);
                    features = pool.output(&features);
                }
                Join::Routed(_) | Join::Attention(_) => {
                    unreachable!("experts and attention have oracles of their own")
                }
            }
        }
    }
    y
}

/// A max-pooling as maxima of strided images, one a kernel pixel, the first of those that tie (candle's
/// own has no backward pass for windows that overlap): `(batch, features) → (batch, features)`.
pub fn max_pool(pool: &MaxPool, from: &Features, x: &Tensor) -> Tensor {
    let x = padded(pool, from, x);
    let to = pool.output(from);
    let [rows, cols] = [to.height, to.width];
    let steps = |first: usize, n: usize| {
        let steps: Vec<u32> = (0..n).map(|i| (first + i * pool.stride) as u32).collect();
        Tensor::new(steps, &Device::Cpu).unwrap()
    };
    let pixel = |ky: usize, kx: usize| {
        let x = x.index_select(&steps(ky, rows), 2).unwrap();
        x.index_select(&steps(kx, cols), 3).unwrap()
    };
    let mut y = pixel(0, 0);
    for (ky, kx) in (0..pool.kernel[0]).flat_map(|ky| (0..pool.kernel[1]).map(move |kx| (ky, kx))) {
        let x = pixel(ky, kx);
        y = y.ge(&x).unwrap().where_cond(&y, &x).unwrap();
    }
    y.flatten_from(1).unwrap()
}

/// `(batch, features)` as images, continued by `−∞` beyond their edges where windows reach.
pub fn padded(pool: &MaxPool, from: &Features, x: &Tensor) -> Tensor {
    let (channels, size) = (from.channels, [from.height, from.width]);
    let windows = pool.windows(from);
    let (rows, cols) = (windows.padded(0), windows.padded(1));
    let mut x = x.reshape((x.dim(0).unwrap(), channels, size[0], size[1])).unwrap();
    for (dim, (before, behind)) in [(2, rows), (3, cols)] {
        let edge = |n: usize| {
            let mut shape = x.dims().to_vec();
            shape[dim] = n;
            Tensor::full(f32::NEG_INFINITY, shape, &Device::Cpu).unwrap()
        };
        x = Tensor::cat(&[&edge(before), &x, &edge(behind)], dim).unwrap();
    }
    x
}

/// A convolution as a sum of products, one a kernel pixel: `(batch, features) → (batch, features)`.
pub fn convolve(conv: &Conv2d, x: &Tensor, w: &Var, b: &Var) -> Tensor {
    let ([h, width], [kh, kw], [oh, ow]) = (conv.size, conv.kernel, conv.out_size());
    let (batch, rows, cols) = (x.dim(0).unwrap(), conv.padded(0), conv.padded(1));
    let x = x.reshape((batch, conv.in_channels, h, width)).unwrap();
    let x = x.pad_with_zeros(2, rows.0, rows.1).unwrap();
    let x = x.pad_with_zeros(3, cols.0, cols.1).unwrap();
    let w = w.reshape((conv.out_channels, conv.in_channels, kh, kw)).unwrap();
    let steps = |first: usize, n: usize| {
        let steps: Vec<u32> = (0..n).map(|i| (first + i * conv.stride) as u32).collect();
        Tensor::new(steps, &Device::Cpu).unwrap()
    };
    let mut y = b.reshape((1, conv.out_channels, 1)).unwrap();
    for (ky, kx) in (0..kh).flat_map(|ky| (0..kw).map(move |kx| (ky, kx))) {
        let x = x.index_select(&steps(ky, oh), 2).unwrap().index_select(&steps(kx, ow), 3).unwrap();
        let x = x.contiguous().unwrap().reshape((batch, conv.in_channels, oh * ow)).unwrap();
        let w = w.narrow(2, ky, 1).unwrap().narrow(3, kx, 1).unwrap().contiguous().unwrap();
        let w = w.reshape((conv.out_channels, conv.in_channels)).unwrap();
        y = y.broadcast_add(&w.broadcast_matmul(&x).unwrap()).unwrap();
    }
    y.flatten_from(1).unwrap()
}

pub fn close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1e-3f32, |max, b| max.max(b.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "at {i}: {a} against {b}");
    }
}

pub fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Every gradient of `network` against the masked dense network in candle's own ops.
pub fn agree(network: &Network, batch: usize) {
    let (oracle, norms) = (masked_dense(network), norms(network));
    let (first, last) = (network.layers()[0].shape(), network.layers().last().unwrap().shape());
    let x = Var::from_tensor(&random((batch, first.input().size()), 7)).unwrap();
    let weigh = random((batch, last.output().size()), 8);

    let dense = |layer: &Layer| {
        let topology = layer.topology();
        Arc::new(Topology::dense(topology.rows(), topology.cols()).unwrap())
    };
    let dense: Vec<_> = network.layers().iter().map(dense).collect();
    let probe = Probe::new(dense, &Device::Cpu).unwrap();
    let y = network.forward_probed(&x, &probe).unwrap();
    close(&flat(&y), &flat(&dense_forward(network, &oracle, &norms, &x)), 1e-5);
    assert_eq!(flat(&y), flat(&network.forward(&x).unwrap()));
    assert_eq!(flat(&y), flat(&network.forward_detached(&x).unwrap()));

    // A loss that is not linear in y, so that its gradient varies.
    let loss = |y: Tensor| (y.sqr().unwrap() * &weigh).unwrap().sum_all().unwrap();
    let found = loss(y).backward().unwrap();
    let expected = loss(dense_forward(network, &oracle, &norms, &x)).backward().unwrap();
    close(&flat(found.get(&x).unwrap()), &flat(expected.get(&x).unwrap()), 2e-5);
    let (params, probed) =
        (flat(found.get(network.params()).unwrap()), flat(found.get(probe.var()).unwrap()));
    let mut offset = 0;
    for ((layer, (w, b)), norms) in network.layers().iter().zip(&oracle).zip(&norms) {
        if !layer.norms().is_empty() {
            close(&params[layer.norms()], &flat(expected.get(norms).unwrap()), 5e-5);
        }
        let dw = flat(expected.get(w).unwrap());
        close(&params[layer.biases()], &flat(expected.get(b).unwrap()), 2e-5);
        let active: Vec<f32> = layer.topology().positions().map(|p| dw[p as usize]).collect();
        close(&params[layer.weights()], &active, 2e-5);
        close(&probed[offset..offset + dw.len()], &dw, 2e-5);
        offset += dw.len();
    }
}

/// Dense from a density of `even` on.
pub const fn even(even: f64) -> Compute {
    Compute::Auto(BreakEven { small: even, large: even, conv: even })
}

pub const FORMS: [Compute; 3] = [Compute::Sparse, Compute::Dense, even(0.5)];
