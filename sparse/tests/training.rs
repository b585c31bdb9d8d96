//! The methods as a training loop meets them: counts, moments, orders, targets.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor};
use rand::RngExt;
use sparring_sparse::config::{Decay, Distribution, DropGrow, Method, Pruning, SparsityConfig};
use sparring_sparse::{Activation, AdamConfig, Init, LayerSpec, Network, Seed, Target, Trainer};

const ADAM: AdamConfig =
    AdamConfig { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-7, max_grad_norm: None };

fn specs(widths: &[usize]) -> Vec<LayerSpec> {
    let layer = |(l, pair): (usize, &[usize])| LayerSpec {
        name: l.to_string(),
        inputs: pair[0],
        outputs: pair[1],
        activation: if l + 2 == widths.len() { Activation::Identity } else { Activation::Relu },
        init: Init::TruncatedNormal { scale: 2.0 },
        // Not 0, where a unit without inputs would sit on the kink of ReLU.
        bias: 0.1,
        weight_decay: 0.0,
    };
    widths.windows(2).enumerate().map(layer).collect()
}

fn trainer(method: Method, sparsity: f64, adam: AdamConfig) -> Trainer {
    let config = SparsityConfig {
        method,
        sparsity,
        distribution: Distribution::Erk { power: 1.0 },
        layers: BTreeMap::new(),
        sparsity_aware_init: true,
    };
    Trainer::new("net", &specs(&[6, 24, 24, 3]), &config, adam, &Seed::new(1)).unwrap()
}

fn drop_grow(every: u64) -> DropGrow {
    DropGrow { every, until: u64::MAX, drop_fraction: 0.3, decay: Decay::Constant }
}

fn data(seed: u64) -> (Tensor, Tensor) {
    let mut rng = Seed::new(seed).rng();
    let x: Vec<f32> = (0..16 * 6).map(|_| rng.random_range(-1.0..1.0)).collect();
    let y = x.chunks(6).flat_map(|x| [x[0] * x[1], x[2] - x[3], x[4].abs()]).collect::<Vec<_>>();
    let tensor = |v, n| Tensor::from_vec(v, (16, n), &Device::Cpu).unwrap();
    (tensor(x, 6), tensor(y, 3))
}

fn train(trainer: &mut Trainer, seed: u64) -> f32 {
    train_scaled(trainer, seed, 1.0)
}

fn train_scaled(trainer: &mut Trainer, seed: u64, scale: f64) -> f32 {
    let (x, y) = data(seed);
    let step = trainer.begin_step().unwrap();
    let loss =
        (trainer.forward(&x, &step).unwrap() - y).unwrap().sqr().unwrap().mean_all().unwrap();
    trainer.end_step(step, &(&loss * scale).unwrap().backward().unwrap()).unwrap();
    loss.to_scalar().unwrap()
}

fn nnz(network: &Network) -> Vec<usize> {
    network.layers().iter().map(|layer| layer.topology().nnz()).collect()
}

/// `(layer, position) → (w, m, v)`.
fn state(trainer: &Trainer) -> HashMap<(usize, u32), (f32, f32, f32)> {
    let params: Vec<f32> = trainer.network().params().to_vec1().unwrap();
    let (m, v) = trainer.adam().moments();
    let mut state = HashMap::new();
    for (l, layer) in trainer.network().layers().iter().enumerate() {
        for (position, k) in layer.topology().positions().zip(layer.weights()) {
            state.insert((l, position), (params[k], m[k], v[k]));
        }
    }
    state
}

#[test]
fn nnz_stays_exact_over_1000_updates() {
    for method in [Method::Set(drop_grow(1)), Method::Rigl(drop_grow(1))] {
        let mut trainer = trainer(method, 0.8, ADAM);
        let start = nnz(trainer.network());
        for step in 0..1000 {
            train(&mut trainer, step);
            assert_eq!(nnz(trainer.network()), start);
        }
        let counts = trainer.drain_rewired();
        assert!(counts.iter().any(|c| c.grown > 1000), "{counts:?}");
        assert!(counts.iter().all(|c| c.dropped == c.grown + c.regrown), "{counts:?}");
    }
}

#[test]
fn kept_weights_keep_their_moments_and_grown_ones_start_anew() {
    for method in [Method::Set(drop_grow(50)), Method::Rigl(drop_grow(50))] {
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

/// PAPERS 1.2: `lr (1−β₁)/√(1−β₂) √(1−β₂ᵗ)/(1−β₁ᵗ)` at the global step `t`, 3.162 lr for late ones.
#[test]
fn the_first_step_of_a_weight_grown_late_is_3_162_lr_long() {
    let adam = AdamConfig { eps: 1e-14, ..ADAM };
    let schedule = DropGrow { every: 10_000, until: 10_000, ..drop_grow(1) };
    let mut trainer = trainer(Method::Set(schedule), 0.8, adam);
    for _ in 0..10_000 {
        train(&mut trainer, 0);
    }
    let before = state(&trainer);
    // Other data than what was fitted, so that gradients are not nothing.
    train(&mut trainer, 1);
    let mut steps: Vec<f32> = state(&trainer)
        .iter()
        .filter(|(key, (w, _, _))| !before.contains_key(key) && *w != 0.0)
        .map(|(_, (w, _, _))| w.abs() / 1e-3)
        .collect();
    steps.sort_by(f32::total_cmp);
    assert!(steps.len() > 5, "{steps:?}");
    assert!(steps.iter().all(|s| (s - 3.162).abs() < 5e-3), "{steps:?}");
}

#[test]
fn rigl_grows_where_the_dense_gradient_is_largest() {
    let mut trainer = trainer(Method::Rigl(drop_grow(1)), 0.8, ADAM);
    let before = trainer.network().clone();
    let (x, y) = data(0);
    let step = trainer.begin_step().unwrap();
    let loss =
        (trainer.forward(&x, &step).unwrap() - y).unwrap().sqr().unwrap().mean_all().unwrap();
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
            layers.push(sparring_sparse::SparseLinear::new(&spec, topology.into(), all.len()));
            all.extend(entries.values());
            all.extend_from_slice(&params[layer.biases()]);
        }
        let network = Network::new(layers, all).unwrap();
        let loss = (network.forward(&x).unwrap() - &targets).unwrap().sqr().unwrap().mean_all();
        f64::from(loss.unwrap().to_scalar::<f32>().unwrap())
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
    let schedule = Pruning { start: 10, end: 50, every: 10 };
    let mut trainer = trainer(Method::Pruning(schedule), 0.9, ADAM);
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
    assert_eq!(trainer.adam().moments().0.len(), trainer.network().num_params());
}

#[test]
fn every_method_learns() {
    let methods = [
        Method::Dense,
        Method::Static,
        Method::Set(drop_grow(100)),
        Method::Rigl(drop_grow(100)),
        Method::Pruning(Pruning { start: 200, end: 800, every: 100 }),
    ];
    for method in methods {
        let adam = AdamConfig { learning_rate: 1e-2, ..ADAM };
        let mut trainer = trainer(method.clone(), 0.5, adam);
        let first = train(&mut trainer, 0);
        for step in 0..1500 {
            train(&mut trainer, step % 20);
        }
        let last: f32 = (0..20).map(|seed| train(&mut trainer, seed)).sum::<f32>() / 20.0;
        assert!(last < 0.1 * first, "{method:?}: {first} to {last}");
    }
}

#[test]
fn a_gradient_that_is_no_number_leaves_the_weights_alone() {
    let mut trainer = trainer(Method::Static, 0.5, ADAM);
    let before = state(&trainer);
    let (x, _) = data(0);
    let step = trainer.begin_step().unwrap();
    let loss = (trainer.forward(&x, &step).unwrap().mean_all().unwrap() * f64::NAN).unwrap();
    let error = trainer.end_step(step, &loss.backward().unwrap()).unwrap_err().to_string();
    assert!(error.contains("`net`") && error.contains("NaN"), "{error}");
    assert_eq!(state(&trainer), before);
}

#[test]
fn clipping_scales_the_gradient_to_the_norm() {
    let moments = |max_grad_norm| {
        let mut trainer = trainer(Method::Static, 0.5, AdamConfig { max_grad_norm, ..ADAM });
        train(&mut trainer, 0);
        trainer.adam().moments().0.to_vec()
    };
    let norm = |m: &[f32]| m.iter().map(|m| m * m).sum::<f32>().sqrt();
    let (free, clipped) = (moments(None), moments(Some(1e-3)));
    assert!(norm(&free) > 1e-3);
    assert!((norm(&clipped) - 0.1 * 1e-3).abs() < 1e-8, "m is a tenth of g after one step");
    assert_eq!(free, moments(Some(1e6)));
}

#[test]
fn weight_decay_pulls_on_weights_and_not_on_biases() {
    let mut specs = specs(&[6, 24, 3]);
    specs[0].weight_decay = 0.25;
    specs[0].bias = 1.0;
    let config = SparsityConfig {
        method: Method::Static,
        sparsity: 0.5,
        distribution: Distribution::Uniform,
        layers: BTreeMap::new(),
        sparsity_aware_init: false,
    };
    let mut trainer = Trainer::new("net", &specs, &config, ADAM, &Seed::new(2)).unwrap();
    let params: Vec<f32> = trainer.network().params().to_vec1().unwrap();
    let (x, _) = data(0);
    let step = trainer.begin_step().unwrap();
    let loss = (trainer.forward(&x, &step).unwrap().mean_all().unwrap() * 1e-30).unwrap();
    trainer.end_step(step, &loss.backward().unwrap()).unwrap();
    let m = trainer.adam().moments().0;
    let layer = &trainer.network().layers()[0];
    for k in layer.weights() {
        assert!((m[k] - 0.1 * 2.0 * 0.25 * params[k]).abs() < 1e-7);
    }
    assert!(m[layer.weights().end..].iter().all(|m| m.abs() < 1e-28));
}

#[test]
fn a_target_follows_topology_and_weights() {
    let mut trainer = trainer(Method::Set(drop_grow(1)), 0.8, ADAM);
    let mut target = Target::new(trainer.network()).unwrap();
    let weights = |network: &Network| {
        let params: Vec<f32> = network.params().to_vec1().unwrap();
        let entries = network.layers().iter().enumerate().flat_map(|(l, layer)| {
            let params = &params;
            layer.topology().positions().zip(layer.weights()).map(move |(p, k)| ((l, p), params[k]))
        });
        entries.collect::<HashMap<_, _>>()
    };
    for step in 0..20 {
        let before = weights(target.network());
        train(&mut trainer, step);
        target.update(trainer.network(), 0.25).unwrap();
        assert_eq!(nnz(target.network()), nnz(trainer.network()));
        let online = weights(trainer.network());
        for (key, w) in weights(target.network()) {
            let old = before.get(&key).copied().unwrap_or(0.0);
            assert!((w - (0.75 * old + 0.25 * online[&key])).abs() < 1e-6);
        }
    }
    target.update(trainer.network(), 1.0).unwrap();
    assert_eq!(weights(target.network()), weights(trainer.network()));
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let run = |seed: u64| {
        let config = SparsityConfig {
            method: Method::Rigl(drop_grow(10)),
            sparsity: 0.8,
            distribution: Distribution::Erk { power: 1.0 },
            layers: BTreeMap::new(),
            sparsity_aware_init: true,
        };
        let mut trainer =
            Trainer::new("net", &specs(&[6, 24, 24, 3]), &config, ADAM, &Seed::new(seed)).unwrap();
        for step in 0..50 {
            train(&mut trainer, step);
        }
        trainer.network().params().to_vec1::<f32>().unwrap()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
