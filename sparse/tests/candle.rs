//! Sparse layers as modules of candle: what they compute, what they load, what they refuse, how they train.

#[path = "../examples/digits.rs"]
#[allow(dead_code)]
mod digits;

use std::sync::Arc;

use crate::masked_dense::{close, flat, mlp, network, random, spec};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{Conv2dConfig, Module, Optimizer, VarBuilder, VarMap};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::layers::{Conv2d, Padding};
use sparring_sparse::nn::{Dense, Sparse, SparseConv2d, SparseLinear, SparseOptimizer};
use sparring_sparse::{Activation, Compute, Network, OptimizerConfig, Seed, Topology};

#[test]
fn digits_are_told_by_a_tenth_of_the_weights() {
    let [dense, sparse] = digits::accuracies().unwrap();
    assert!(dense > 0.9 && sparse > 0.9 && sparse > dense - 0.03, "{dense} {sparse}");
}

fn topology(rows: usize, cols: usize, step: usize) -> Arc<Topology> {
    let positions: Vec<u32> = (0..(rows * cols) as u32).step_by(step).collect();
    Arc::new(Topology::new(rows, cols, &positions).unwrap())
}

/// `weight` where `topology` has a position, 0 elsewhere.
fn masked(weight: &Tensor, topology: &Topology) -> Tensor {
    let mut mask = vec![0f32; topology.size()];
    topology.positions().for_each(|position| mask[position as usize] = 1.0);
    let mask = Tensor::from_vec(mask, weight.dims(), &Device::Cpu).unwrap();
    (weight * mask).unwrap()
}

#[test]
fn layers_load_from_a_var_builder_and_compute_as_candles_with_a_mask() {
    let vars = VarMap::new();
    let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
    let dense = candle_nn::linear(6, 4, vb.pp("linear")).unwrap();
    let topology_of = topology(4, 6, 3);
    let sparse = SparseLinear::load(6, 4, topology_of.clone(), &vb.pp("linear")).unwrap();
    let x = random((10, 6), 1);
    let bias = dense.bias().cloned();
    let expected = candle_nn::Linear::new(masked(dense.weight(), &topology_of), bias);
    let y = sparse.forward(&x).unwrap();
    close(&flat(&y), &flat(&expected.forward(&x).unwrap()), 1e-5);

    let config = Conv2dConfig { padding: 1, stride: 2, ..Conv2dConfig::default() };
    let dense = candle_nn::conv2d(3, 5, 3, config, vb.pp("conv")).unwrap();
    let conv = Conv2d {
        in_channels: 3,
        out_channels: 5,
        size: [9, 7],
        kernel: [3; 2],
        stride: 2,
        padding: Padding::Same,
    };
    let topology_of = topology(5, 27, 4);
    let sparse = SparseConv2d::load(conv, topology_of.clone(), &vb.pp("conv")).unwrap();
    let x = random((2, 3 * 63), 2).reshape((2, 3, 9, 7)).unwrap();
    let weight = masked(dense.weight(), &topology_of);
    let expected = candle_nn::Conv2d::new(weight, dense.bias().cloned(), config);
    let (y, expected) = (sparse.forward(&x).unwrap(), expected.forward(&x).unwrap());
    assert_eq!(y.dims(), expected.dims());
    close(&flat(&y), &flat(&expected), 1e-5);
    assert!(SparseLinear::load(6, 5, topology(5, 6, 3), &vb.pp("linear")).is_err());
    assert!(SparseLinear::load(6, 4, topology(4, 5, 3), &vb.pp("linear")).is_err());
}

#[test]
fn a_network_from_dense_weights_keeps_those_of_its_topologies() {
    let shapes = mlp(&[5, 7, 3]);
    let specs = [spec(0, shapes[0], Activation::Tanh), spec(1, shapes[1], Activation::Identity)];
    let dense: Vec<Dense> = [(7, 5), (3, 7)]
        .map(|shape| Dense { weight: random(shape, 3), bias: Some(random((1, shape.0), 4)) })
        .into();
    let topologies = [topology(7, 5, 2), topology(3, 7, 5)];
    let network = Network::from_dense(&specs, &dense, &topologies).unwrap();
    let x = random((4, 5), 5);
    let layer = |l: usize, x: &Tensor| {
        let w = masked(&dense[l].weight, &topologies[l]).t().unwrap();
        x.matmul(&w).unwrap().broadcast_add(dense[l].bias.as_ref().unwrap()).unwrap()
    };
    let expected = layer(1, &layer(0, &x).tanh().unwrap());
    close(&flat(&Module::forward(&network, &x).unwrap()), &flat(&expected), 1e-5);
    let nonzero = Dense { weight: masked(&dense[0].weight, &topologies[0]), bias: None };
    assert_eq!(nonzero.nonzeros().unwrap(), *topologies[0]);
    assert!(Network::from_dense(&specs, &dense[..1], &topologies).is_err());
    assert!(Network::from_dense(&specs, &dense, &topologies[..1]).is_err());
    assert!(Network::from_dense(&specs[1..], &dense[..1], &topologies[1..]).is_err());
}

#[test]
fn a_network_takes_more_dimensions_and_strides_and_says_what_it_does_not_take() {
    let network = network(&mlp(&[6, 8, 2]), &[20, 9], 1, Compute::Sparse);
    let rows = random((12, 6), 2);
    let y = network.forward(&rows).unwrap();
    let x = Var::from_tensor(&rows.reshape((3, 4, 6)).unwrap()).unwrap();
    let y3 = network.forward(&x).unwrap();
    assert_eq!(y3.dims(), [3, 4, 2]);
    assert_eq!(flat(&y3), flat(&y));
    let grads = y3.sum_all().unwrap().backward().unwrap();
    assert_eq!(grads.get(&x).unwrap().dims(), [3, 4, 6]);
    let one = network.forward(&rows.get(0).unwrap()).unwrap();
    assert_eq!((one.dims(), flat(&one)), (&[2][..], flat(&y)[..2].to_vec()));

    let strided = rows.t().unwrap().contiguous().unwrap().t().unwrap();
    assert!(!strided.is_contiguous());
    assert_eq!(flat(&network.forward(&strided).unwrap()), flat(&y));
    let error = network.forward(&rows.to_dtype(DType::F64).unwrap()).unwrap_err().to_string();
    assert!(
        error.contains("f32") && error.contains("F64") && error.contains("to_dtype"),
        "{error}"
    );
    let error = network.forward(&random((3, 5), 1)).unwrap_err().to_string();
    assert!(error.contains("(batch, 6), found (3, 5)"), "{error}");
}

/// Two steps of a dense module and of a plain variable beside candle's own AdamW without decay.
#[test]
fn variables_train_as_candles_own_optimizer_trains_them() {
    let x = random((8, 3), 1);
    let train = |own: bool| {
        let w = Var::from_tensor(&random((3, 2), 2)).unwrap();
        let loss = || x.matmul(&w).unwrap().sqr().unwrap().mean_all().unwrap();
        let params = candle_nn::ParamsAdamW { lr: 0.1, weight_decay: 0.0, ..Default::default() };
        if own {
            let adam = OptimizerConfig::adam(0.1);
            let sparse = Sparse::new(SparsityConfig::dense(), adam, &Seed::new(1));
            let mut optimizer = SparseOptimizer::new(vec![w.clone()], sparse).unwrap();
            (0..5).for_each(|_| optimizer.backward_step(&loss()).unwrap());
        } else {
            let mut optimizer = candle_nn::AdamW::new(vec![w.clone()], params).unwrap();
            (0..5).for_each(|_| optimizer.backward_step(&loss()).unwrap());
        }
        flat(&w)
    };
    close(&train(true), &train(false), 1e-4);
}

#[test]
fn rigl_rewires_a_layer_inside_a_model_and_a_layer_outside_the_loss_stays() {
    let rigl = SparsityConfig::rigl(0.8, 400);
    let sparse = Sparse::new(rigl, OptimizerConfig::adam(1e-2), &Seed::new(3));
    let (used, unused) = (sparse.linear("a", 10, 20).unwrap(), sparse.linear("b", 10, 20).unwrap());
    let structure = |layer: &SparseLinear| layer.network().unwrap().layers()[0].topology().clone();
    let before = [structure(&used), structure(&unused)];
    let mut optimizer = SparseOptimizer::new(Vec::new(), sparse).unwrap();
    let (x, y) = (random((32, 10), 1), random((32, 20), 2));
    for _ in 0..250 {
        let loss = candle_nn::loss::mse(&used.forward(&x).unwrap(), &y).unwrap();
        optimizer.backward_step(&loss).unwrap();
    }
    let after = [structure(&used), structure(&unused)];
    assert_eq!(after[0].nnz(), 40);
    assert!(before[0] != after[0] && before[1] == after[1]);
}
