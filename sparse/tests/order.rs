//! The order of one gradient step of DQN on classic control (the released code of Graesser et al. 2022), by
//! a second account of it:
//! prune → gradients at the weights as they stand → rewire → clip → one step of Adam, on the
//! positions after the rewiring, with the gradients from before it.

use std::collections::HashMap;

use crate::common::*;
use sparring_sparse::{ClipNorm, OptimizerConfig, Trainer};

/// What one weight or bias is before a step: `(w, m, v)`.
type Entry = (f64, f64, f64);

/// Adam at step `t`, in double precision.
fn adam((w, m, v): Entry, g: f64, t: i32) -> f64 {
    let (m, v) = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g);
    let rate = 1e-3 * (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
    w - rate * m / (v.sqrt() + 1e-7)
}

/// `(layer, position)` of weights and `(layer, 10⁶ + row)` of biases.
fn entries(trainer: &Trainer) -> HashMap<(usize, u32), Entry> {
    let params: Vec<f32> = trainer.network().params().to_vec1().unwrap();
    let (m, v) = trainer.optimizer().moments();
    let mut entries = HashMap::new();
    for (l, layer) in trainer.network().layers().iter().enumerate() {
        let positions = layer.topology().positions().chain(1_000_000..);
        for (position, k) in positions.zip(layer.weights().start..layer.biases().end) {
            entries.insert((l, position), (params[k].into(), m[k].into(), v[k].into()));
        }
    }
    entries
}

/// Trains ten steps, then follows the eleventh, in which the method is due.
fn follow(method: MethodChoice, clip_norm: ClipNorm) {
    let config = OptimizerConfig { max_grad_norm: Some(0.05), clip_norm, ..ADAM };
    let mut trainer = trainer(method.clone(), 0.8, config);
    for step in 0..10 {
        train(&mut trainer, step);
    }
    trainer.drain_rewired();
    let (x, y) = data(10);

    let mut before = entries(&trainer);
    let step = trainer.begin_step().unwrap();
    if is(&method, "pruning") {
        before = entries(&trainer);
        assert!(trainer.drain_rewired()[1].dropped > 0, "pruning comes before the gradients");
    } else {
        assert_eq!(entries(&trainer), before, "nothing moves before the gradients");
    }
    let gradients = dense_gradient(trainer.network(), &x, &y);
    let loss = squared_error(trainer.forward(&x, &step).unwrap(), &y);
    let norm = trainer.end_step(step, &loss.backward().unwrap()).unwrap();

    let after = entries(&trainer);
    if !is(&method, "pruning") {
        assert!(after.keys().any(|key| !before.contains_key(key)), "rewiring is due");
    }
    let gradient = |(layer, position): (usize, u32)| {
        let (weights, biases) = &gradients[layer];
        let bias = || biases[position as usize - 1_000_000];
        f64::from(weights.get(position as usize).copied().unwrap_or_else(bias))
    };
    let squares: f64 = match clip_norm {
        ClipNorm::Active => after.keys().map(|key| gradient(*key).powi(2)).sum(),
        ClipNorm::Dense => {
            let all = gradients.iter().flat_map(|(weights, biases)| weights.iter().chain(biases));
            all.map(|g| f64::from(*g).powi(2)).sum()
        }
    };
    assert!((f64::from(norm) - squares.sqrt()).abs() < 1e-4 * squares.sqrt(), "{norm} {squares}");
    assert!(norm > 0.05, "clipping has something to do");
    let scale = 0.05 / squares.sqrt();
    for (key, (w, _, _)) in &after {
        let start = before.get(key).copied().unwrap_or_default();
        let expected = adam(start, scale * gradient(*key), 11);
        assert!((w - expected).abs() < 2e-6, "{method:?} {key:?}: {w} {expected} {start:?}");
    }
    assert_eq!(trainer.optimizer().steps(), 11);
}

#[test]
fn one_step_of_every_method() {
    let schedule = drop_grow(10);
    let methods =
        [set(schedule.clone()), rigl(schedule.clone()), snfs(schedule), pruning(0, 50, 10)];
    for method in methods {
        for clip_norm in [ClipNorm::Active, ClipNorm::Dense] {
            follow(method.clone(), clip_norm);
        }
    }
}

/// The orders of the Atari loops of the same code, and both for SET and RigL.
#[test]
fn rewiring_after_a_step_and_instead_of_one() {
    for order in [Order::AfterStep, Order::InsteadOfStep] {
        let schedule = DropGrow { update_order: order, ..drop_grow(10) };
        for method in [set(schedule.clone()), rigl(schedule)] {
            let mut trainer = trainer(method.clone(), 0.8, ADAM);
            // The step that a rewiring took the place of is due again.
            let mut minibatch = 0;
            while trainer.optimizer().steps() < 10 {
                train(&mut trainer, minibatch);
                minibatch += 1;
            }
            let alone = u64::from(order == Order::InsteadOfStep);
            assert_eq!(minibatch, 10 + alone, "step 0 rewired, too");
            trainer.drain_rewired();

            let before = entries(&trainer);
            let (x, y) = data(minibatch);
            let gradients = dense_gradient(trainer.network(), &x, &y);
            train(&mut trainer, minibatch);
            let after = entries(&trainer);
            let stepped = |key: &(usize, u32)| {
                let (layer, position) = *key;
                let (weights, biases) = &gradients[layer];
                let bias = || biases[position as usize - 1_000_000];
                let g = weights.get(position as usize).copied().unwrap_or_else(bias);
                match order {
                    Order::AfterStep => adam(before[key], g.into(), 11),
                    _ => before[key].0,
                }
            };
            let counts = trainer.drain_rewired();
            assert!(counts[1].dropped > 0 && counts[1].grown > 0, "{method:?} {counts:?}");
            assert_eq!(trainer.optimizer().steps(), 11 - alone);
            for (key, (w, m, v)) in &after {
                let expected = if before.contains_key(key) { stepped(key) } else { 0.0 };
                assert!((w - expected).abs() < 2e-6, "{method:?} {key:?}: {w} {expected}");
                assert!(before.contains_key(key) || (*m, *v) == (0.0, 0.0), "{method:?} {key:?}");
            }
            // What went was smallest by the weights as they stood then.
            let gone = before.keys().filter(|key| key.0 == 1 && !after.contains_key(key));
            let largest = gone.map(|key| stepped(key).abs()).fold(0.0, f64::max);
            let of_layer = |key: &&(usize, u32)| key.0 == 1 && key.1 < 1_000_000;
            let smaller = before.keys().filter(of_layer).filter(|key| stepped(key).abs() < largest);
            assert!(smaller.count() < counts[1].dropped, "{method:?}");

            let topology = trainer.network().layers()[1].topology().clone();
            train(&mut trainer, minibatch + 1);
            assert_eq!(*trainer.network().layers()[1].topology(), topology, "{method:?}");
            assert_eq!(trainer.optimizer().steps(), 12 - alone);
        }
    }
}

/// SNIP's one pruning comes before any step: its dense gradient is that of the first minibatch.
#[test]
fn snip_prunes_once_by_the_first_gradient_and_steps_on_what_is_left() {
    for clip_norm in [ClipNorm::Active, ClipNorm::Dense] {
        let config = OptimizerConfig { max_grad_norm: Some(0.05), clip_norm, ..ADAM };
        let mut trainer = trainer(snip(), 0.8, config);
        let before = entries(&trainer);
        let (x, y) = data(0);
        let gradients = dense_gradient(trainer.network(), &x, &y);
        train(&mut trainer, 0);
        let after = entries(&trainer);
        let sensitivity = |key: &(usize, u32)| {
            let (layer, position) = *key;
            (before[key].0 * f64::from(gradients[layer].0[position as usize])).abs()
        };
        for layer in 0..3 {
            let of = |key: &&(usize, u32)| key.0 == layer && key.1 < 1_000_000;
            let kept = after.keys().filter(of).map(sensitivity).fold(f64::MAX, f64::min);
            let gone = before.keys().filter(of).filter(|key| !after.contains_key(key));
            let gone = gone.map(sensitivity).fold(0.0, f64::max);
            assert!(kept >= gone * (1.0 - 1e-5), "{layer}: {kept} {gone}");
        }
        let dense = || gradients.iter().flat_map(|(w, b)| w.iter().chain(b)).map(|g| f64::from(*g));
        let gradient = |(layer, position): (usize, u32)| {
            let (weights, biases) = &gradients[layer];
            let bias = || biases[position as usize - 1_000_000];
            f64::from(weights.get(position as usize).copied().unwrap_or_else(bias))
        };
        let squares: f64 = match clip_norm {
            ClipNorm::Active => after.keys().map(|key| gradient(*key).powi(2)).sum(),
            ClipNorm::Dense => dense().map(|g| g * g).sum(),
        };
        for (key, (w, _, _)) in &after {
            let g = gradient(*key) * (0.05 / squares.sqrt()).min(1.0);
            assert!((w - adam(before[key], g, 1)).abs() < 2e-6, "{key:?}");
        }
        let topology = |trainer: &Trainer| trainer.network().layers()[1].topology().clone();
        let first = topology(&trainer);
        for step in 1..20 {
            train(&mut trainer, step);
        }
        assert_eq!(topology(&trainer), first, "and never again");
    }
}
