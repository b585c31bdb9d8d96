//! A network in training: it learns, repeats itself, stops at a number that is none, and a target
//! follows it.

use std::collections::HashMap;

use crate::common::*;
use sparring_sparse::{Network, OptimizerConfig, Seed, Target, Trainer};

#[test]
fn every_method_learns() {
    let others = [dense(), fixed(), snip(), pruning(200, 800, 100)];
    for method in rewiring(100).into_iter().chain(others) {
        let adam = OptimizerConfig { learning_rate: 1e-2, ..ADAM };
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
fn a_gradient_that_is_no_number_leaves_the_network_alone() {
    let others = [fixed(), snip()];
    for method in rewiring(1).into_iter().chain(others) {
        let mut trainer = trainer(method.clone(), 0.5, ADAM);
        let before = state(&trainer);
        let (x, _) = data(0);
        let step = trainer.begin_step().unwrap();
        let loss = (trainer.forward(&x, &step).unwrap().mean_all().unwrap() * f64::NAN).unwrap();
        let error = trainer.end_step(step, &loss.backward().unwrap()).unwrap_err().to_string();
        assert!(error.contains("`net`") && error.contains("NaN"), "{error}");
        assert_eq!(state(&trainer), before, "{method:?}");
    }
}

#[test]
fn a_target_follows_topology_and_weights() {
    let mut trainer = trainer(set(drop_grow(1)), 0.8, ADAM);
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
    let run = |method: &MethodChoice, seed: u64| {
        let config = sparse(method.clone(), 0.8);
        let mut trainer =
            Trainer::new("net", &specs(&WIDTHS), &config, ADAM, &Seed::new(seed)).unwrap();
        for step in 0..50 {
            train(&mut trainer, step);
        }
        trainer.network().params().to_vec1::<f32>().unwrap()
    };
    for method in rewiring(10) {
        assert_eq!(run(&method, 1), run(&method, 1));
        assert_ne!(run(&method, 1), run(&method, 2));
    }
}
