//! The optimiser in training: steps, clipping, decay.

use crate::common::*;
use sparring_sparse::config::*;
use sparring_sparse::{ClipNorm, OptimizerConfig, Rule, Seed, Trainer, WeightDecay};

/// Kingma & Ba 2015, algorithm 1, for a gradient that first comes at the global step `t`:
/// `lr (1−β₁)/√(1−β₂) √(1−β₂ᵗ)/(1−β₁ᵗ)`, 3.162 lr for late ones.
#[test]
fn the_first_step_of_a_weight_grown_late_is_3_162_lr_long() {
    let adam =
        OptimizerConfig { rule: Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-14 }, ..ADAM };
    let schedule = drop_grow(10_000);
    let mut trainer = trainer(set(schedule), 0.8, adam);
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
fn clipping_scales_the_gradient_to_the_norm() {
    let moments = |max_grad_norm| {
        let mut trainer = trainer(fixed(), 0.5, OptimizerConfig { max_grad_norm, ..ADAM });
        train(&mut trainer, 0);
        trainer.optimizer().moments().0.to_vec()
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
        distribution: Distribution::Uniform,
        sparsity_aware_init: false,
        compute: sparring_sparse::Compute::Sparse.into(),
        ..sparse(fixed(), 0.5)
    };
    let mut trainer = Trainer::new("net", &specs, &config, ADAM, &Seed::new(2)).unwrap();
    let params: Vec<f32> = trainer.network().params().to_vec1().unwrap();
    let (x, _) = data(0);
    let step = trainer.begin_step().unwrap();
    let loss = (trainer.forward(&x, &step).unwrap().mean_all().unwrap() * 1e-30).unwrap();
    trainer.end_step(step, &loss.backward().unwrap()).unwrap();
    let m = trainer.optimizer().moments().0;
    let layer = &trainer.network().layers()[0];
    for k in layer.weights() {
        assert!((m[k] - 0.1 * 2.0 * 0.25 * params[k]).abs() < 1e-7);
    }
    assert!(m[layer.weights().end..].iter().all(|m| m.abs() < 1e-28));
}

/// The norm of all gradients against that of the active ones, at the same weights.
#[test]
fn the_dense_norm_counts_what_is_not_active() {
    let (x, y) = data(0);
    for method in [dense(), fixed(), set(drop_grow(1))] {
        let norm = |clip_norm| {
            let config = OptimizerConfig { max_grad_norm: Some(1.0), clip_norm, ..ADAM };
            let mut trainer = trainer(method.clone(), 0.8, config);
            let gradients = dense_gradient(trainer.network(), &x, &y);
            let step = trainer.begin_step().unwrap();
            let loss = squared_error(trainer.forward(&x, &step).unwrap(), &y);
            let norm = trainer.end_step(step, &loss.backward().unwrap()).unwrap();
            let all = gradients.iter().flat_map(|(w, b)| w.iter().chain(b));
            (norm, all.map(|g| g * g).sum::<f32>().sqrt())
        };
        let ((active, _), (dense, expected)) = (norm(ClipNorm::Active), norm(ClipNorm::Dense));
        assert!((dense - expected).abs() < 1e-5 * expected, "{dense} {expected}");
        assert_eq!(active < 0.95 * dense, !is(&method, "dense"), "{method:?}: {active} {dense}");
    }
}

/// `w ← (1 − lr λ) w` on the weights of a layer with decay, whatever its gradient; the L2 forms act
/// through the gradient instead.
#[test]
fn the_three_forms_of_weight_decay() {
    let mut specs = specs(&WIDTHS);
    specs[1].weight_decay = 0.25;
    let config = sparse(fixed(), 0.5);
    let (x, _) = data(0);
    let step = |weight_decay| {
        let rule = Rule::Sgd { momentum: 0.9 };
        let optimizer = OptimizerConfig { rule, weight_decay, learning_rate: 0.1, ..ADAM };
        let mut trainer = Trainer::new("net", &specs, &config, optimizer, &Seed::new(2)).unwrap();
        let before: Vec<f32> = trainer.network().params().to_vec1().unwrap();
        let step = trainer.begin_step().unwrap();
        let loss = (trainer.forward(&x, &step).unwrap().mean_all().unwrap() * 1e-30).unwrap();
        trainer.end_step(step, &loss.backward().unwrap()).unwrap();
        let after: Vec<f32> = trainer.network().params().to_vec1().unwrap();
        let (m, v) = trainer.optimizer().moments();
        assert!(v.is_empty());
        let layers = trainer.network().layers();
        for l in [0, 2] {
            assert_eq!(before[layers[l].weights()], after[layers[l].weights()], "no λ, no decay");
        }
        let part = layers[1].weights();
        (before[part.clone()].to_vec(), after[part.clone()].to_vec(), m[part].to_vec())
    };
    let forms = [
        (WeightDecay::Squares, 0.1 * 0.5, 0.5),
        (WeightDecay::HalfSquares, 0.1 * 0.25, 0.25),
        (WeightDecay::Decoupled, 0.1 * 0.25, 0.0),
    ];
    for (form, shrinks, gradient) in forms {
        let (before, after, m) = step(form);
        for ((w, after), m) in before.iter().zip(after).zip(m) {
            assert!((after - (1.0 - shrinks) * w).abs() < 1e-7, "{form:?}");
            assert!((m - gradient * w).abs() < 1e-7, "{form:?}");
        }
    }
}

#[test]
fn momentum_follows_its_weight_too() {
    for method in rewiring(5) {
        let config =
            OptimizerConfig { rule: Rule::Sgd { momentum: 0.9 }, learning_rate: 1e-2, ..ADAM };
        let mut trainer = trainer(method.clone(), 0.8, config);
        for step in 0..40 {
            train(&mut trainer, step);
            let (m, v) = trainer.optimizer().moments();
            assert_eq!((m.len(), v.len()), (trainer.network().num_params(), 0), "{method:?}");
        }
    }
}

#[test]
fn a_new_learning_rate_holds_from_the_next_step_on() {
    let config = OptimizerConfig { rule: Rule::Sgd { momentum: 0.0 }, learning_rate: 0.1, ..ADAM };
    let moved = |learning_rate: Option<f64>| -> Vec<f32> {
        let mut trainer = trainer(dense(), 0.0, config);
        learning_rate.into_iter().for_each(|rate| trainer.set_learning_rate(rate));
        let before: Vec<f32> = trainer.network().params().to_vec1().unwrap();
        train(&mut trainer, 1);
        let after: Vec<f32> = trainer.network().params().to_vec1().unwrap();
        before.iter().zip(after).map(|(before, after)| after - before).collect()
    };
    for (full, half) in moved(None).iter().zip(moved(Some(0.05))) {
        assert!((full - 2.0 * half).abs() < 1e-6, "{full} {half}");
    }
    assert_eq!(moved(Some(0.1)), moved(None));
}
