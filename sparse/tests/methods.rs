//! What the methods do to a network in training: counts, moments, schedules.

use std::collections::BTreeMap;

use crate::common::*;
use candle_core::{Device, Tensor};
use rand::RngExt;
use sparring_sparse::config::*;
use sparring_sparse::layers::{Conv2d, Padding, Shape};
use sparring_sparse::{
    Activation, Algebra, Init, Join, LayerSpec, Network, OptimizerConfig, Seed, Trainer, Wanted,
    WeightDecay,
};

#[test]
fn nnz_stays_exact_over_1000_updates() {
    for method in rewiring(1) {
        let kast = is(&method, "top_kast");
        let mut trainer = trainer(method, 0.8, ADAM);
        let start = nnz(trainer.network());
        for step in 0..1000 {
            train(&mut trainer, step);
            assert_eq!(nnz(trainer.network()), start);
        }
        let counts = trainer.drain_rewired();
        assert!(counts.iter().any(|c| c.grown > if kast { 100 } else { 1000 }), "{counts:?}");
        assert!(counts.iter().all(|c| c.dropped == c.grown + c.regrown), "{counts:?}");
    }
}

#[test]
fn kept_weights_keep_their_moments_and_grown_ones_start_anew() {
    for method in &rewiring(50)[..3] {
        let method = method.clone();
        let mut trainer = trainer(method, 0.8, ADAM);
        for step in 0..50 {
            train(&mut trainer, step);
        }
        trainer.drain_rewired();
        let before = state(&trainer);
        // A loss so small that its own step leaves no trace beside what the rewiring did.
        train_scaled(&mut trainer, 50, 1e-30);
        let (mut kept, mut grown) = (0, 0);
        for (key, (_, m, v)) in state(&trainer) {
            match before.get(&key) {
                Some((_, old_m, old_v)) => {
                    assert!((m - 0.9 * old_m).abs() <= 1e-6 * old_m.abs() + 1e-28);
                    assert!((v - 0.999 * old_v).abs() <= 1e-6 * old_v);
                    kept += usize::from(*old_m != 0.0);
                }
                None => {
                    assert!(m.abs() < 1e-28 && v == 0.0);
                    grown += 1;
                }
            }
        }
        let counts = trainer.drain_rewired();
        assert_eq!(grown, counts.iter().map(|c| c.grown).sum::<usize>());
        assert!(grown > 10 && kept > 50, "{grown} {kept}");
    }
}

#[test]
fn rigl_grows_where_the_dense_gradient_is_largest() {
    let mut trainer = trainer(rigl(drop_grow(1)), 0.8, ADAM);
    let before = trainer.network().clone();
    let (x, y) = data(0);
    let step = trainer.begin_step().unwrap();
    let loss = squared_error(trainer.forward(&x, &step).unwrap(), &y);
    trainer.end_step(step, &loss.backward().unwrap()).unwrap();

    // The dense gradient of layer 1 by central differences at the weights before the change.
    let params: Vec<f32> = before.params().to_vec1().unwrap();
    let (old, new) = (before.layers()[1].topology(), trainer.network().layers()[1].topology());
    let (old, new): (Vec<u32>, Vec<u32>) = (old.positions().collect(), new.positions().collect());
    let (_, targets) = data(0);
    let loss_with = |position: u32, delta: f32| {
        let mut layers = Vec::new();
        let mut all = Vec::new();
        for (l, (layer, spec)) in before.layers().iter().zip(specs(&[6, 24, 24, 3])).enumerate() {
            let mut entries: BTreeMap<u32, f32> =
                layer.topology().positions().zip(params[layer.weights()].iter().copied()).collect();
            if l == 1 {
                *entries.entry(position).or_insert(0.0) += delta;
            }
            let positions: Vec<u32> = entries.keys().copied().collect();
            let (rows, cols) = (layer.topology().rows(), layer.topology().cols());
            let topology = sparring_sparse::Topology::new(rows, cols, &positions).unwrap();
            layers.push(
                sparring_sparse::Layer::new(
                    &spec,
                    topology.into(),
                    sparring_sparse::Compute::Sparse,
                    all.len(),
                )
                .unwrap(),
            );
            all.extend(entries.values());
            all.extend_from_slice(&params[layer.biases()]);
        }
        let network = Network::new(layers, all).unwrap();
        let loss = squared_error(network.forward(&x).unwrap(), &targets);
        f64::from(loss.to_scalar::<f32>().unwrap())
    };
    let gradient = |p: u32| ((loss_with(p, 1e-3) - loss_with(p, -1e-3)) / 2e-3).abs();
    let smallest_grown =
        new.iter().filter(|p| !old.contains(p)).map(|p| gradient(*p)).fold(f64::MAX, f64::min);
    let largest_left = (0..576u32)
        .filter(|p| !old.contains(p) && !new.contains(p))
        .map(gradient)
        .fold(0.0, f64::max);
    assert!(smallest_grown > largest_left - 1e-3, "{smallest_grown} {largest_left}");
}

#[test]
fn pruning_follows_the_cubic_schedule_layer_by_layer() {
    let mut trainer = trainer(pruning(10, 50, 10), 0.9, ADAM);
    let mut seen = Vec::new();
    for step in 0..60 {
        train(&mut trainer, step);
        seen.push(nnz(trainer.network())[1]);
    }
    // ERK at 0.9 gives the middle layer s = 1 − ε·48/576 with ε = 79.2/(30+48+27).
    let s = 1.0 - (79.2f64.ceil() / 105.0) * 48.0 / 576.0;
    for (step, nnz) in seen.iter().enumerate() {
        let pruned = [(10, 0.0), (20, 0.578125), (30, 0.875), (40, 0.984375), (50, 1.0)];
        let progress = pruned.iter().rev().find(|(t, _)| step >= *t).map_or(0.0, |(_, p)| *p);
        let expected = (576.0 * (1.0 - progress * s)).round();
        assert!((*nnz as f64 - expected).abs() <= 1.0, "step {step}: {nnz} against {expected}");
    }
    assert_eq!(trainer.optimizer().moments().0.len(), trainer.network().num_params());
}

/// A convolution is rows and columns to a method, as a linear layer is: every method and pattern
/// keeps its counts there, and learns.
#[test]
fn convolutions_are_layers_like_others() {
    let conv = Conv2d {
        in_channels: 2,
        out_channels: 8,
        size: [6, 6],
        kernel: [3, 3],
        stride: 1,
        padding: Padding::Valid,
    };
    let layer = |name: &str, shape| LayerSpec {
        name: name.into(),
        shape,
        activation: Activation::Relu,
        init: Init::TruncatedNormal { scale: 2.0 },
        bias: 0.1,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then: Vec::new(),
    };
    let specs = [
        layer("conv", Shape::Conv2d(conv)),
        LayerSpec {
            activation: Activation::Identity,
            ..layer("head", Shape::Linear { inputs: 8 * 4 * 4, outputs: 2 })
        },
    ];
    let mut rng = Seed::new(3).rng();
    let mut draw = |n: usize| -> Vec<f32> { (0..n).map(|_| rng.random_range(-1.0..1.0)).collect() };
    let x = Tensor::from_vec(draw(8 * 72), (8, 72), &Device::Cpu).unwrap();
    let y = Tensor::from_vec(draw(8 * 2), (8, 2), &Device::Cpu).unwrap();
    let others = [snip(), pruning(10, 100, 10)];
    let methods: Vec<_> = rewiring(10).into_iter().chain(others).collect();
    let patterns =
        [Pattern::Unstructured, Pattern::Nm { n: 1, m: 2 }, Pattern::Block { height: 2, width: 2 }];
    for method in &methods {
        for pattern in patterns {
            let all_train = || top_kast(10, 0.0, 1e-2);
            let method = if is(method, "top_kast") { all_train() } else { method.clone() };
            let config = SparsityConfig {
                pattern,
                distribution: Distribution::Uniform,
                ..sparse(method.clone(), 0.5)
            };
            let adam = OptimizerConfig { learning_rate: 1e-2, ..ADAM };
            let mut trainer = Trainer::new("net", &specs, &config, adam, &Seed::new(1)).unwrap();
            let mut losses = Vec::new();
            for _ in 0..200 {
                let step = trainer.begin_step().unwrap();
                let loss = squared_error(trainer.forward(&x, &step).unwrap(), &y);
                trainer.end_step(step, &loss.backward().unwrap()).unwrap();
                losses.push(loss.to_scalar::<f32>().unwrap());
            }
            assert_eq!(nnz(trainer.network()), [72, 128], "{method:?} {pattern:?}");
            let counts = trainer.drain_rewired();
            assert!(counts[0].dropped > 0, "{method:?} {pattern:?}");
            assert!(losses[199] < 0.1 * losses[0], "{method:?} {pattern:?}: {losses:?}");
        }
    }
}

/// Whatever the method, the rule and the decay: where the loss asks for nothing, `γ` stays 1 and `β` 0.
#[test]
fn layer_norms_are_never_sparse_and_never_decay() {
    for method in [dense(), fixed(), snip(), pruning(2, 20, 3)].into_iter().chain(rewiring(5)) {
        for weight_decay in [WeightDecay::Squares, WeightDecay::Decoupled] {
            let mut specs = specs(&WIDTHS);
            for spec in &mut specs[..2] {
                (spec.then, spec.weight_decay) = (vec![Join::LayerNorm, Join::LayerNorm], 0.1);
            }
            let config = sparse(method.clone(), 0.5);
            let optimizer = OptimizerConfig { weight_decay, ..ADAM };
            let mut trainer =
                Trainer::new("net", &specs, &config, optimizer, &Seed::new(1)).unwrap();
            let before = trainer.network().params().to_vec1::<f32>().unwrap();
            for t in 0..30 {
                let step = trainer.begin_step().unwrap();
                let mut pass = trainer.vjp(&inputs(t), &step).unwrap();
                let gradients = pass.backward(&[0.0; 16 * 3], Wanted::PARAMS).unwrap();
                trainer.finish_step(step, gradients).unwrap();
            }
            let network = trainer.network();
            let params: Vec<f32> = network.params().to_vec1().unwrap();
            let both = [vec![1.0; 24], vec![0.0; 24]].concat();
            for layer in &network.layers()[..2] {
                assert_eq!(
                    params[layer.norms()],
                    [both.clone(), both.clone()].concat(),
                    "{method:?}"
                );
            }
            assert!(params[network.layers()[0].weights()] != before[network.layers()[0].weights()]);
            assert_eq!(network.num_params(), network.layers().last().unwrap().params().end);
        }
    }
}

/// The inputs of [`data`], row by row.
fn inputs(seed: u64) -> Vec<f32> {
    let (x, _) = data(seed);
    x.flatten_all().unwrap().to_vec1().unwrap()
}
