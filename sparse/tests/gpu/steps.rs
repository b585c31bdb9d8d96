//! Steps of the optimiser, of every method, and targets that follow.

use sparring_sparse::config::{Distribution, SparsityConfig};
use sparring_sparse::gpu::{
    Buffer, DeviceNetwork, DevicePass, DeviceTrainer, Precision, StepOf, Use, forward, lerp, step,
};
use sparring_sparse::kernels::Plane;
use sparring_sparse::methods::DropGrow;
use sparring_sparse::methods::MethodChoice;
use sparring_sparse::methods::dense::Dense;
use sparring_sparse::methods::pruning::Pruning;
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::methods::set::Set;
use sparring_sparse::methods::snfs::Snfs;
use sparring_sparse::methods::snip::Snip;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::methods::top_kast::TopKast;
use sparring_sparse::pattern::Pattern;
use sparring_sparse::{
    Activation, OptimizerConfig, Rule, Seed, Target, Trainer, Wanted, WeightDecay,
};

use crate::common::device::*;

/// One step of each rule, decay and clip, beside the CPU's.
#[test]
fn steps_are_those_of_the_cpu() {
    let adam = OptimizerConfig::adam(1e-2);
    let sgd = OptimizerConfig { rule: Rule::Sgd { momentum: 0.9 }, ..adam };
    let configs = [
        adam,
        sgd,
        OptimizerConfig { max_grad_norm: Some(0.1), ..adam },
        OptimizerConfig { max_grad_norm: Some(1e9), ..sgd },
        OptimizerConfig { weight_decay: WeightDecay::Decoupled, ..adam },
        OptimizerConfig { weight_decay: WeightDecay::HalfSquares, ..sgd },
    ];
    for optimizer in configs {
        for config in [sparse(Static {}, 0.8), SparsityConfig::dense()] {
            steps_alike(&[9, 33, 17, 3], &config, optimizer, 3, 1e-5);
        }
    }
}

/// Weights that nothing but decay reaches end at 0 on both, and so do their moments and a target's.
#[test]
fn what_underflows_is_zero_as_on_the_cpu() {
    // Decay halves weights.
    let optimizer = OptimizerConfig {
        rule: Rule::Sgd { momentum: 0.9 },
        weight_decay: WeightDecay::Decoupled,
        ..OptimizerConfig::adam(500.0)
    };
    let made = || trainer(&[6, 8, 3], Activation::Tanh, &sparse(Static {}, 0.5), optimizer, 4);
    let (mut host, mut moved) = (made(), made());
    let gpu = device(5);
    let own = DeviceTrainer::new(&gpu, &moved, Precision::F32).unwrap();
    let [mut target, there] = [(); 2].map(|()| Target::new(host.network()).unwrap());
    let follows = DeviceNetwork::new(&gpu, there.network(), Precision::F32).unwrap();
    let x = numbers(2 * 6, 1);
    for t in 0..1_000 {
        let dy = [if t == 0 { 0.1 } else { 0.0 }; 2 * 3];
        cpu_step_along(&mut host, &x, |_| dy.to_vec());
        target.update(host.network(), 0.1).unwrap();
        step_along(&gpu, &own, &mut moved, &x, &dy);
        lerp(&*gpu, &[(&follows, own.network())], 0.1).unwrap();
    }
    own.give(&mut moved).unwrap();
    follows.give(&there).unwrap();
    for trainer in [&host, &moved] {
        let (m, _) = trainer.optimizer().moments();
        assert!(m.iter().all(|m| *m == 0.0), "{m:?}");
    }
    let biases = 8 + 3;
    for network in [host.network(), moved.network(), target.network(), there.network()] {
        let params = network.params().to_vec1::<f32>().unwrap();
        let zeros = params.iter().filter(|w| **w == 0.0).count();
        assert_eq!(zeros, params.len() - biases, "{params:?}");
    }
}

/// Twenty steps of every method, by the device where the method rests and by the CPU where it does not.
#[test]
fn every_method_trains_as_on_the_cpu() {
    let schedule =
        DropGrow { update_every_gradient_steps: 5, update_until: 0.9, ..DropGrow::default() };
    let rigl = || Rigl { schedule: schedule.clone(), ..Rigl::default() };
    let pruning = Pruning { prune_every_gradient_steps: 4, prune_from: 0.1, prune_until: 0.8 };
    let top_kast = TopKast {
        update_every_gradient_steps: 5,
        backward_sparsity: Some(0.5),
        exploration_penalty: 1e-4,
    };
    let unstructured: [MethodChoice; 8] = [
        Dense {}.into(),
        Static {}.into(),
        Set { schedule: schedule.clone() }.into(),
        rigl().into(),
        Snfs { schedule: schedule.clone(), smoothing: 0.9 }.into(),
        pruning.into(),
        Snip {}.into(),
        top_kast.into(),
    ];
    let adam = OptimizerConfig::adam(1e-2);
    for method in unstructured {
        steps_alike(&[12, 40, 24, 4], &sparse(method, 0.8), adam, 20, 1e-4);
    }
    for pattern in [Pattern::Block { height: 4, width: 4 }, Pattern::Nm { n: 1, m: 4 }] {
        let distribution = Distribution::Uniform;
        let config = SparsityConfig { pattern, distribution, ..sparse(rigl(), 0.75) };
        steps_alike(&[16, 32, 16, 4], &config, adam, 20, 1e-4);
    }
}

/// `steps` of the loss `½ mean |y − t|²` on both, the results compared.
fn steps_alike(
    widths: &[usize],
    config: &SparsityConfig,
    optimizer: OptimizerConfig,
    steps: u64,
    bound: f32,
) {
    let mut host = trainer(widths, Activation::Relu, config, optimizer, 4);
    let mut moved = trainer(widths, Activation::Relu, config, optimizer, 4);
    let gpu = device(5);
    let mut own = DeviceTrainer::new(&gpu, &moved, Precision::F32).unwrap();
    let (batch, mut by_device, mut is_ahead) = (11, 0, false);
    for t in 0..steps {
        let x = numbers(batch * widths[0], 100 + t);
        let target = numbers(batch * widths[widths.len() - 1], 200 + t);
        let norm = cpu_step(&mut host, &x, &target);
        if !moved.rests() {
            if std::mem::take(&mut is_ahead) {
                own.give(&mut moved).unwrap();
            }
            cpu_step(&mut moved, &x, &target);
            continue;
        }
        if !is_ahead {
            own.take(&moved).unwrap();
        }
        let found = step_on_device(&gpu, &own, &mut moved, &x, &target);
        close(&[found], &[norm], bound).unwrap();
        (is_ahead, by_device) = (true, by_device + 1);
    }
    if is_ahead {
        own.give(&mut moved).unwrap();
    }
    for (a, b) in host.network().layers().iter().zip(moved.network().layers()) {
        assert_eq!(a.topology(), b.topology());
    }
    let values = |trainer: &Trainer| trainer.network().params().to_vec1::<f32>().unwrap();
    close(&values(&moved), &values(&host), bound).unwrap();
    let ([m, v], [m_host, v_host]) = (
        <[&[f32]; 2]>::from(moved.optimizer().moments()),
        <[&[f32]; 2]>::from(host.optimizer().moments()),
    );
    close(m, m_host, bound).unwrap();
    close(v, v_host, bound).unwrap();
    let method = config.method.row().name;
    let never_rests = ["snfs", "top_kast"].contains(&method);
    assert!(by_device > 0 || never_rests, "{method} left no step to the device");
}

fn cpu_step(trainer: &mut Trainer, x: &[f32], target: &[f32]) -> f32 {
    cpu_step_along(trainer, x, |y| slope(y, target))
}

/// The same along the gradient `dy` of the outputs.
fn cpu_step_along(trainer: &mut Trainer, x: &[f32], dy: impl Fn(&[f32]) -> Vec<f32>) -> f32 {
    let step = trainer.begin_step().unwrap();
    let mut pass = trainer.vjp(x, &step).unwrap();
    let dy = dy(pass.output());
    let gradients = pass.backward(&dy, Wanted::PARAMS).unwrap();
    trainer.finish_step(step, gradients).unwrap()
}

#[test]
fn a_gradient_that_is_no_number_changes_nothing_and_is_told() {
    let adam = OptimizerConfig::adam(1e-2);
    let trainer = trainer(&[4, 8, 2], Activation::Relu, &sparse(Static {}, 0.5), adam, 1);
    let gpu = device(1);
    let own = DeviceTrainer::new(&gpu, &trainer, Precision::F32).unwrap();
    let mut x = numbers(3 * 4, 1);
    x[5] = f32::NAN;
    pass_on_device(&gpu, &own, &x, &[1.0; 6]);
    let (rates, norms) = (Buffer::of(&gpu, &[1e-2f32]).unwrap(), Buffer::room(&gpu, 1).unwrap());
    step(&*gpu, &[StepOf { trainer: &own, rate: rates.at(0), norm: norms.at(0) }]).unwrap();
    let norm: f32 = norms.read().unwrap()[0];
    assert!(trainer.check_norm(norm).unwrap_err().to_string().contains("the gradient of `net`"));
    let mut after = Trainer::new(
        "net",
        &specs(&[4, 8, 2], Activation::Relu),
        &sparse(Static {}, 0.5),
        adam,
        &Seed::new(1),
    )
    .unwrap();
    own.give(&mut after).unwrap();
    let values = |trainer: &Trainer| trainer.network().params().to_vec1::<f32>().unwrap();
    assert_eq!(values(&trainer), values(&after));
}

#[test]
fn targets_follow_and_networks_side_by_side_do_not_meet() {
    let adam = OptimizerConfig::adam(1e-2);
    let trainers: Vec<_> = (1..=5)
        .map(|seed| trainer(&[6, 20, 3], Activation::Tanh, &sparse(Static {}, 0.6), adam, seed))
        .collect();
    let gpu = device(2);
    let x = numbers(9 * 6, 3);
    let owns: Vec<_> = trainers
        .iter()
        .map(|one| DeviceNetwork::new(&gpu, one.network(), Precision::F32).unwrap())
        .collect();
    let passes: Vec<_> =
        owns.iter().map(|own| DevicePass::new(&gpu, own, 9, None).unwrap()).collect();
    let slots = owns[0].input_slots(passes[0].ld()).unwrap();
    let output = Plane::flat(3);
    let at = |slots, plane| At { slots, plane, stored: Precision::F32 };
    rows_in(&gpu, &x, at(slots.at(0), owns[0].input_plane()), &passes[0]);
    let uses: Vec<_> = owns
        .iter()
        .zip(&passes)
        .map(|(network, pass)| Use { network, pass, x: slots.at(0) })
        .collect();
    // Five are two launches a layer.
    let before = gpu.asked().launches;
    forward(&*gpu, &uses).unwrap();
    assert_eq!(gpu.asked().launches - before, 4);
    for (trainer, pass) in trainers.iter().zip(&passes) {
        let y = trainer.network().outputs(&x).unwrap();
        assert_eq!(rows_out(&gpu, at(pass.output(), &output), pass), y);
    }
    let mut target = Target::new(trainers[0].network()).unwrap();
    let own = DeviceNetwork::new(&gpu, target.network(), Precision::F32).unwrap();
    let online = DeviceTrainer::new(&gpu, &trainers[0], Precision::F32).unwrap();
    let mut moved = trainer(&[6, 20, 3], Activation::Tanh, &sparse(Static {}, 0.6), adam, 1);
    cpu_step(&mut moved, &x, &numbers(9 * 3, 8));
    let online =
        DeviceNetwork::new(online.network().gpu(), moved.network(), Precision::F32).unwrap();
    lerp(&*gpu, &[(&own, &online)], 0.3).unwrap();
    let there = Target::new(trainers[0].network()).unwrap();
    own.give(&there).unwrap();
    // The same structure, by another drawing of it.
    target.update(moved.network(), 0.3).unwrap();
    let values = |target: &Target| target.network().params().to_vec1::<f32>().unwrap();
    close(&values(&there), &values(&target), 1e-6).unwrap();
}
