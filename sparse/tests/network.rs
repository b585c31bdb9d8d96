//! Networks against a masked dense network in candle's own ops, and against central differences.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use rand::RngExt;
use sparring_sparse::sample::distinct;
use sparring_sparse::{
    Activation, Compute, Init, Layer, LayerSpec, Network, Probe, Seed, Shape, Topology,
};

fn spec(index: usize, inputs: usize, outputs: usize, activation: Activation) -> LayerSpec {
    LayerSpec {
        name: index.to_string(),
        shape: Shape::Linear { inputs, outputs },
        activation,
        init: Init::Uniform { limit: 1.0 },
        bias: 0.0,
        weight_decay: 0.0,
    }
}

/// A ReLU network of `widths` where layer `l` has `nnz[l]` active weights, all values random.
fn network(widths: &[usize], nnz: &[usize], seed: u64) -> Network {
    let mut rng = Seed::new(seed).rng();
    let (mut layers, mut offset) = (Vec::new(), 0);
    for (l, pair) in widths.windows(2).enumerate() {
        let last = l + 2 == widths.len();
        let activation = if last { Activation::Identity } else { Activation::Relu };
        let positions = distinct(pair[0] * pair[1], nnz[l], &mut rng);
        let topology = Topology::new(pair[1], pair[0], &positions).unwrap();
        let layer = Layer::new(
            &spec(l, pair[0], pair[1], activation),
            Arc::new(topology),
            Compute::Sparse,
            offset,
        )
        .unwrap();
        offset = layer.biases().end;
        layers.push(layer);
    }
    Network::new(layers, (0..offset).map(|_| rng.random_range(-1.0..1.0)).collect()).unwrap()
}

fn random(shape: (usize, usize), seed: u64) -> Tensor {
    let mut rng = Seed::new(seed).rng();
    let values: Vec<f32> = (0..shape.0 * shape.1).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// The masked-dense oracle: one dense weight and one bias a layer.
fn masked_dense(network: &Network) -> Vec<(Var, Var)> {
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

fn dense_forward(layers: &[(Var, Var)], x: &Tensor) -> Tensor {
    let mut y = x.clone();
    for (l, (w, b)) in layers.iter().enumerate() {
        y = y.matmul(&w.t().unwrap()).unwrap().broadcast_add(b).unwrap();
        if l + 1 < layers.len() {
            y = y.relu().unwrap();
        }
    }
    y
}

fn close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1e-3f32, |max, b| max.max(b.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "at {i}: {a} against {b}");
    }
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn forward_and_all_gradients_agree_with_a_masked_dense_network() {
    // Sparse and dense layers mixed, batches that fill a tile and not, an empty layer, one row.
    let cases: [(&[usize], &[usize], usize); 6] = [
        (&[4, 32, 32, 2], &[128, 100, 64], 64),
        (&[4, 32, 32, 2], &[50, 1024, 20], 65),
        (&[17, 256, 256, 6], &[1893, 3549, 1536], 128),
        (&[3, 5, 1], &[7, 2], 1),
        (&[3, 5, 2], &[0, 4], 9),
        (&[100, 100, 100], &[10, 10], 33),
    ];
    for (case, (widths, nnz, batch)) in cases.into_iter().enumerate() {
        let network = network(widths, nnz, case as u64);
        let oracle = masked_dense(&network);
        let x = Var::from_tensor(&random((batch, widths[0]), 7)).unwrap();
        let weigh = random((batch, *widths.last().unwrap()), 8);

        let dense: Vec<_> = network
            .layers()
            .iter()
            .map(|layer| {
                Arc::new(Topology::dense(layer.topology().rows(), layer.topology().cols()).unwrap())
            })
            .collect();
        let probe = Probe::new(dense, &Device::Cpu).unwrap();
        let y = network.forward_probed(&x, &probe).unwrap();
        close(&flat(&y), &flat(&dense_forward(&oracle, &x)), 1e-5);
        assert_eq!(flat(&y), flat(&network.forward(&x).unwrap()));
        assert_eq!(flat(&y), flat(&network.forward_detached(&x).unwrap()));

        // A loss that is not linear in y, so that its gradient varies.
        let loss = |y: Tensor| (y.sqr().unwrap() * &weigh).unwrap().sum_all().unwrap();
        let found = loss(y).backward().unwrap();
        let expected = loss(dense_forward(&oracle, &x)).backward().unwrap();
        close(&flat(found.get(&x).unwrap()), &flat(expected.get(&x).unwrap()), 2e-5);
        let (params, probed) =
            (flat(found.get(network.params()).unwrap()), flat(found.get(probe.var()).unwrap()));
        let mut offset = 0;
        for (layer, (w, b)) in network.layers().iter().zip(&oracle) {
            let dw = flat(expected.get(w).unwrap());
            close(&params[layer.biases()], &flat(expected.get(b).unwrap()), 2e-5);
            let active: Vec<f32> = layer.topology().positions().map(|p| dw[p as usize]).collect();
            close(&params[layer.weights()], &active, 2e-5);
            close(&probed[offset..offset + dw.len()], &dw, 2e-5);
            offset += dw.len();
        }
    }
}

#[test]
fn gradients_agree_with_central_differences() {
    let network = network(&[3, 8, 8, 2], &[15, 30, 9], 3);
    let x = random((5, 3), 4);
    let loss = |network: &Network| network.forward(&x).unwrap().sqr().unwrap().mean_all().unwrap();
    let grad = flat(loss(&network).backward().unwrap().get(network.params()).unwrap());
    let params = flat(network.params());
    let at = |i: usize, delta: f32| {
        let mut params = params.clone();
        params[i] += delta;
        let network = Network::new(network.layers().to_vec(), params).unwrap();
        f64::from(loss(&network).to_scalar::<f32>().unwrap())
    };
    for (i, g) in grad.iter().enumerate() {
        let difference = (at(i, 5e-3) - at(i, -5e-3)) / 1e-2;
        assert!(
            (difference - f64::from(*g)).abs() < 2e-3 * (1.0 + difference.abs()),
            "{i}: {difference} {g}"
        );
    }
}

#[test]
fn a_network_used_twice_in_a_loss_sums_its_gradients() {
    let network = network(&[3, 8, 2], &[10, 9], 5);
    let (a, b) = (random((4, 3), 1), random((4, 3), 2));
    let sum = |x: &Tensor| network.forward(x).unwrap().sum_all().unwrap();
    let grad = |loss: Tensor| flat(loss.backward().unwrap().get(network.params()).unwrap());
    let both = grad((sum(&a) + sum(&b)).unwrap());
    let apart: Vec<f32> = grad(sum(&a)).iter().zip(grad(sum(&b))).map(|(a, b)| a + b).collect();
    close(&both, &apart, 1e-6);
}

#[test]
fn wrong_shapes_are_errors() {
    let network = network(&[3, 4, 2], &[6, 4], 6);
    let error = network.forward(&random((2, 5), 1)).unwrap_err().to_string();
    assert!(error.contains("(batch, 3)") && error.contains("(2, 5)"), "{error}");
    let layers = network.layers().to_vec();
    assert!(Network::new(layers.clone(), vec![0.0; 3]).is_err());
    assert!(
        Network::new(vec![layers[1].clone(), layers[0].clone()], flat(network.params())).is_err()
    );
}
