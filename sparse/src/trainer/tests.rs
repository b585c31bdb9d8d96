//! When a trainer asks for which gradients.

use candle_core::{DType, Device, Tensor};

use super::*;
use crate::algebra::Algebra;
use crate::config::*;
use crate::error::Quantity;
use crate::layers::{Compute, Shape};
use crate::methods::dense::Dense;
use crate::methods::pruning::Pruning;
use crate::methods::rigl::Rigl;
use crate::methods::set::Set;
use crate::methods::snfs::Snfs;
use crate::methods::snip::Snip;
use crate::methods::static_sparse::Static;
use crate::methods::top_kast::TopKast;
use crate::methods::{Decay, DropGrow, MethodChoice};
use crate::optim::{OptimizerConfig, Rule};
use crate::{Activation, Init, LayerSpec, Seed};

/// A layer of eight units that read eight.
fn layer(name: &str, bias: f32) -> LayerSpec {
    LayerSpec {
        name: name.into(),
        shape: Shape::Linear { inputs: 8, outputs: 8 },
        activation: Activation::Relu,
        init: Init::Uniform { limit: 1.0 },
        bias,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then: Vec::new(),
    }
}

/// Steps of which `method` asks for gradients beyond those of the active weights: how many, and
/// whether dense ones.
fn asked(method: MethodChoice, optimizer: OptimizerConfig) -> Vec<(u64, bool)> {
    let config = SparsityConfig {
        method,
        gradient_steps: 12,
        sparsity: 0.75,
        distribution: Distribution::Uniform,
        pattern: Pattern::Unstructured,
        layers: Default::default(),
        sparsity_aware_init: true,
        compute: Compute::Sparse.into(),
    };
    let specs = [layer("0", 0.0), layer("1", 0.0)];
    let mut trainer = Trainer::new("net", &specs, &config, optimizer, &Seed::new(1)).unwrap();
    let x = Tensor::ones((2, 8), DType::F32, &Device::Cpu).unwrap();
    let mut asked = Vec::new();
    for t in 0..12 {
        let step = trainer.begin_step().unwrap();
        if let Some(probe) = &step.probe {
            asked.push((t, probe.patterns().iter().all(|pattern| pattern.csr().is_none())));
        }
        let loss = trainer.forward(&x, &step).unwrap().sum_all().unwrap();
        trainer.end_step(step, &loss.backward().unwrap()).unwrap();
    }
    asked
}

#[test]
fn dense_gradients_are_formed_where_they_are_asked_for_only() {
    let adam = OptimizerConfig::adam(1e-3);
    let schedule = DropGrow {
        update_every_gradient_steps: 5,
        update_until: 8.0 / 12.0,
        drop_schedule: Decay::Constant,
        ..DropGrow::default()
    };
    let rigl = Rigl { schedule: schedule.clone(), ..Rigl::default() };
    let snfs = Snfs { schedule: schedule.clone(), smoothing: 0.9 };
    let backward = TopKast {
        update_every_gradient_steps: 5,
        backward_sparsity: Some(0.5),
        exploration_penalty: 0.0,
    };
    let pruning =
        Pruning { prune_every_gradient_steps: 5, prune_from: 0.0, prune_until: 10.0 / 12.0 };
    let none: [(u64, bool); 0] = [];
    let others: [MethodChoice; 4] =
        [Dense {}.into(), Static {}.into(), Snip {}.into(), pruning.into()];
    for method in others {
        assert_eq!(asked(method, adam), none);
    }
    assert_eq!(asked(Set { schedule }.into(), adam), [(0, false), (5, false)]);
    assert_eq!(asked(rigl.into(), adam), [(0, true), (5, true)]);
    let until_8: Vec<_> = (0..=8).map(|t| (t, true)).collect();
    assert_eq!(asked(snfs.into(), adam), until_8);
    let always = |dense| (0..12).map(|t| (t, dense)).collect::<Vec<_>>();
    assert_eq!(asked(backward.into(), adam), always(false));

    let clipped = OptimizerConfig { max_grad_norm: Some(1.0), clip_norm: ClipNorm::Dense, ..adam };
    assert_eq!(asked(Static {}.into(), clipped), always(true));
    assert_eq!(asked(Dense {}.into(), clipped), none, "all of it is active anyway");
}

/// A gradient step of a network of two layers under `sgd` at `learning_rate`, on a loss of this `scale`: what of it
/// is no number, in which layer.
fn broken(method: MethodChoice, learning_rate: f64, scale: f64) -> (Quantity, Option<String>, u64) {
    let config = SparsityConfig { method, sparsity: 0.5, ..SparsityConfig::dense() };
    let rule = Rule::Sgd { momentum: 0.0 };
    let optimizer = OptimizerConfig { rule, ..OptimizerConfig::adam(learning_rate) };
    let specs = [layer("first", 1.0), layer("last", 1.0)];
    let mut trainer = Trainer::new("net", &specs, &config, optimizer, &Seed::new(1)).unwrap();
    let x = Tensor::ones((2, 8), DType::F32, &Device::Cpu).unwrap();
    let step = trainer.begin_step().unwrap();
    let loss = (trainer.forward(&x, &step).unwrap().sum_all().unwrap() * scale).unwrap();
    match trainer.end_step(step, &loss.backward().unwrap()) {
        Err(SparseError::NotFinite { quantity, layer, step, .. }) => (quantity, layer, step),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_number_is_found_in_its_layer() {
    let rigl = || Rigl { schedule: DropGrow::default(), ..Rigl::default() };
    let methods: [MethodChoice; 3] = [Static {}.into(), rigl().into(), Dense {}.into()];
    for method in methods {
        let of = |layer: &str| Some(layer.to_owned());
        let gradient = broken(method.clone(), 1e-3, f64::INFINITY);
        assert_eq!(gradient, (Quantity::Gradient, of("last"), 0));
        let weights = broken(method, 1e38, 1e3);
        assert_eq!(weights, (Quantity::Weights, of("first"), 0));
    }
}
