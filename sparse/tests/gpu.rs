//! Networks on a device against the same networks on the CPU: every launcher, and twenty steps of every method. By the
//! emulator, or by the device that `SPARRING_DEVICE` names (`cuda`).
#![cfg(any(feature = "emulate", feature = "cuda"))]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::device::*;
use proptest::prelude::*;
use sparring_sparse::config::{Distribution, SparsityConfig};
use sparring_sparse::gpu::{
    Asked, Buffer, DeviceNetwork, DevicePass, DeviceTrainer, Outputs, Precision, StepOf, Use,
    forward, lerp, step,
};
use sparring_sparse::kernels::Plane;
use sparring_sparse::layers::{Conv2d, MaxPool, Padding};
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
    Activation, Algebra, Ctx, Init, Join, LayerSpec, OptimizerConfig, Rule, Seed, Shape, Target,
    Trainer, Wanted, WeightDecay,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Sparse layers give the CPU's bits; all else is close, and no order of threads changes a bit.
    #[test]
    fn passes_are_those_of_the_cpu(
        widths in prop::collection::vec(1usize..70, 2..5),
        batch in 1usize..70,
        sparsity in 0.0f64..0.99,
        activation in prop::sample::select(
            vec![Activation::Relu, Activation::Tanh, Activation::Identity]),
        seed in 0u64..1000,
    ) {
        let trainer = sparsest(&widths, activation, sparsity, seed);
        let network = trainer.network();
        let (x, dy) = (
            numbers(batch * widths[0], seed),
            numbers(batch * widths[widths.len() - 1], seed + 1),
        );
        let mut pass = network.vjp(&x, &mut Ctx::default()).unwrap();
        let gradients = pass.backward(&dy, Wanted { input: true, params: true }).unwrap();
        let mut first: Option<[Vec<f32>; 3]> = None;
        for order in [seed, seed + 7, seed + 77] {
            let gpu = device(order);
            let own = DeviceTrainer::new(&gpu, &trainer, Precision::F32).unwrap();
            let found = pass_on_device(&gpu, &own, &x, &dy);
            let all_sparse = network.layers().iter().all(|layer| layer.topology().csr().is_some());
            if all_sparse {
                prop_assert_eq!(&found[0], pass.output());
            }
            close(&found[0], pass.output(), 1e-5).map_err(TestCaseError::fail)?;
            close(&found[1], &gradients.input, 1e-5).map_err(TestCaseError::fail)?;
            close(&found[2], &spread(&trainer, &gradients.params), 1e-5)
                .map_err(TestCaseError::fail)?;
            let same = first.get_or_insert_with(|| found.clone()).iter().zip(&found);
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            for (one, other) in same {
                prop_assert_eq!(bits(one), bits(other));
            }
        }
    }
}

/// Layers whose slots pass through shared memory in chunks give the same bits as any, in blocks or not.
#[test]
fn large_sparse_layers_are_those_of_the_cpu() {
    let blocks = Pattern::Block { height: 4, width: 4 };
    for (widths, batch, sparsity, pattern) in [
        ([200, 150, 300, 5], 130, 0.9, Pattern::Unstructured),
        ([129, 700, 140, 3], 128, 0.97, Pattern::Unstructured),
        ([300, 400, 260, 2], 290, 0.6, Pattern::Unstructured),
        ([530, 40, 512, 4], 250, 0.8, Pattern::Unstructured),
        ([40, 1030, 20, 5], 600, 0.95, Pattern::Unstructured),
        ([2048, 16, 2048, 4], 160, 0.9, blocks),
        ([40, 2050, 8, 5], 40, 0.95, Pattern::Unstructured),
    ] {
        let adam = OptimizerConfig::adam(1e-3);
        let config = SparsityConfig {
            distribution: Distribution::Uniform,
            pattern,
            ..sparse(Static {}, sparsity)
        };
        let trainer = trainer(&widths, Activation::Relu, &config, adam, 3);
        let (x, dy) = (numbers(batch * widths[0], 1), numbers(batch * widths[3], 2));
        let mut pass = trainer.network().vjp(&x, &mut Ctx::default()).unwrap();
        let gradients = pass.backward(&dy, Wanted { input: true, params: true }).unwrap();
        for order in [1, 2, 3] {
            let gpu = device(order);
            let own = DeviceTrainer::new(&gpu, &trainer, Precision::F32).unwrap();
            let [y, dx, dw] = pass_on_device(&gpu, &own, &x, &dy);
            assert!(y == pass.output() && dx == gradients.input, "{widths:?}");
            close(&dw, &spread(&trainer, &gradients.params), 1e-5).unwrap();
        }
    }
}

/// Products whose sum is long for the few numbers that they give are taken in parts.
#[test]
fn long_dense_layers_are_those_of_the_cpu() {
    let widths = [1100, 40, 2000, 3];
    let adam = OptimizerConfig::adam(1e-3);
    let trainer = trainer(&widths, Activation::Tanh, &SparsityConfig::dense(), adam, 3);
    let (x, dy) = (numbers(20 * widths[0], 1), numbers(20 * widths[3], 2));
    let mut pass = trainer.network().vjp(&x, &mut Ctx::default()).unwrap();
    let gradients = pass.backward(&dy, Wanted { input: true, params: true }).unwrap();
    let first: Vec<[Vec<f32>; 3]> = [1, 2, 3]
        .map(|order| {
            let gpu = device(order);
            pass_on_device(
                &gpu,
                &DeviceTrainer::new(&gpu, &trainer, Precision::F32).unwrap(),
                &x,
                &dy,
            )
        })
        .into();
    assert!(first.windows(2).all(|pair| pair[0] == pair[1]), "depends on the order of threads");
    let [y, dx, dw] = &first[0];
    close(y, pass.output(), 1e-5).unwrap();
    close(dx, &gradients.input, 1e-5).unwrap();
    close(dw, &spread(&trainer, &gradients.params), 1e-5).unwrap();
}

/// Convolutions, pooling and joins, over all strides, kernels and paddings.
#[test]
fn networks_of_images_are_those_of_the_cpu() {
    let conv = |channels: [usize; 2], size, kernel: [usize; 2], stride, padding| {
        let [in_channels, out_channels] = channels;
        Conv2d { in_channels, out_channels, size, kernel, stride, padding }
    };
    let layer = |name: &str, shape: Shape, activation, then: &[Join]| LayerSpec {
        name: name.into(),
        shape,
        activation,
        init: Init::GlorotUniform,
        bias: 0.05,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then: then.to_vec(),
    };
    let (relu, none, tanh) = (Activation::Relu, Activation::Identity, Activation::Tanh);
    let (same, valid) = (Padding::Same, Padding::Valid);
    let pool = |kernel, stride, padding| Join::MaxPool(MaxPool { kernel, stride, padding });
    let head = |inputs| layer("head", Shape::Linear { inputs, outputs: 3 }, none, &[]);
    let image = |channels, size, kernel, stride, padding| {
        Shape::Conv2d(conv(channels, size, kernel, stride, padding))
    };
    let networks = [
        // Nature's, small: strides 4, 2 and 1.
        vec![
            layer("0", image([2, 5], [20, 20], [8, 8], 4, same), relu, &[]),
            layer("1", image([5, 6], [5, 5], [4, 4], 2, same), relu, &[]),
            layer("2", image([6, 7], [3, 3], [3, 3], 1, same), tanh, &[]),
            layer("3", Shape::Linear { inputs: 63, outputs: 9 }, relu, &[]),
            head(9),
        ],
        vec![
            layer("0", image([3, 4], [9, 11], [3, 2], 2, valid), relu, &[]),
            layer("1", image([4, 2], [4, 5], [2, 3], 1, valid), none, &[]),
            head(18),
        ],
        // IMPALA's: pooling, then a residual block.
        vec![
            layer(
                "0",
                image([2, 4], [10, 9], [3, 3], 1, same),
                none,
                &[pool([3, 3], 2, same), Join::Save, Join::Relu],
            ),
            layer("1", image([4, 4], [5, 5], [3, 3], 1, same), relu, &[]),
            layer("2", image([4, 4], [5, 5], [3, 3], 1, same), none, &[Join::Add, Join::Relu]),
            head(100),
        ],
        vec![
            layer("0", image([1, 3], [7, 7], [2, 2], 3, same), relu, &[pool([2, 2], 1, valid)]),
            head(12),
        ],
    ];
    for (k, specs) in networks.into_iter().enumerate() {
        for (config, batch) in [
            (SparsityConfig::dense(), 5),
            (sparse(Static {}, 0.7), 33),
            (sparse(Static {}, 0.95), 1),
        ] {
            let adam = OptimizerConfig::adam(1e-3);
            let trainer = Trainer::new("net", &specs, &config, adam, &Seed::new(2)).unwrap();
            let network = trainer.network();
            let x = numbers(batch * specs[0].shape.input().size(), 7);
            let dy = numbers(batch * 3, 8);
            let mut pass = network.vjp(&x, &mut Ctx::default()).unwrap();
            let gradients = pass.backward(&dy, Wanted { input: true, params: true }).unwrap();
            let mut first: Option<[Vec<f32>; 3]> = None;
            for order in 1..4 {
                let gpu = device(order);
                let own = DeviceTrainer::new(&gpu, &trainer, Precision::F32).unwrap();
                let found = pass_on_device(&gpu, &own, &x, &dy);
                let name = format!("network {k}, batch {batch}");
                for (what, found, expected) in [
                    ("y", &found[0], pass.output()),
                    ("dx", &found[1], &gradients.input),
                    ("dw", &found[2], &spread(&trainer, &gradients.params)),
                ] {
                    if let Err(error) = close(found, expected, 1e-5) {
                        panic!("{what} of {name}: {error}");
                    }
                }
                let first = first.get_or_insert_with(|| found.clone());
                assert!(*first == found, "{name} depends on the order of threads");
            }
        }
    }
}

/// SimBa's and BRO's layers, small: residual sums of what is normed and not.
#[test]
fn networks_with_layer_norms_are_those_of_the_cpu() {
    for (widths, batch, config) in [
        ([6, 20, 35], 33, SparsityConfig::dense()),
        ([5, 17, 40], 70, sparse(Static {}, 0.8)),
        ([3, 17, 9], 1, sparse(Static {}, 0.5)),
    ] {
        for specs in [simba(widths), bro(widths)] {
            let adam = OptimizerConfig::adam(1e-3);
            let trainer = Trainer::new("net", &specs, &config, adam, &Seed::new(2)).unwrap();
            let (x, dy) = (numbers(batch * widths[0], 7), numbers(batch * 2, 8));
            let mut pass = trainer.network().vjp(&x, &mut Ctx::default()).unwrap();
            let gradients = pass.backward(&dy, Wanted { input: true, params: true }).unwrap();
            let found = [1, 2].map(|order| {
                let gpu = device(order);
                pass_on_device(
                    &gpu,
                    &DeviceTrainer::new(&gpu, &trainer, Precision::F32).unwrap(),
                    &x,
                    &dy,
                )
            });
            assert!(found[0] == found[1], "depends on the order of threads");
            let [y, dx, dw] = &found[0];
            close(y, pass.output(), 1e-5).unwrap();
            close(dx, &gradients.input, 2e-5).unwrap();
            close(dw, &spread(&trainer, &gradients.params), 2e-5).unwrap();
        }
    }
}

/// `inputs → between → (within → between) → 2`, by what stands behind each layer.
fn residual(
    [inputs, between, within]: [usize; 3],
    layers: [(Activation, &[Join]); 3],
) -> Vec<LayerSpec> {
    let mut specs = specs(&[inputs, between, within, between, 2], Activation::Identity);
    for (spec, (activation, then)) in specs.iter_mut().zip(layers) {
        (spec.activation, spec.then) = (activation, then.to_vec());
    }
    specs
}

fn simba(widths: [usize; 3]) -> Vec<LayerSpec> {
    let none = Activation::Identity;
    let embed = (none, &[Join::Save, Join::LayerNorm][..]);
    residual(widths, [embed, (Activation::Relu, &[]), (none, &[Join::Add, Join::LayerNorm])])
}

fn bro(widths: [usize; 3]) -> Vec<LayerSpec> {
    let none = Activation::Identity;
    let embed = (none, &[Join::LayerNorm, Join::Relu, Join::Save][..]);
    let inner = (none, &[Join::LayerNorm, Join::Relu][..]);
    residual(widths, [embed, inner, (none, &[Join::LayerNorm, Join::Add])])
}

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
    let step = trainer.begin_step().unwrap();
    let mut pass = trainer.vjp(x, &step).unwrap();
    let dy = slope(pass.output(), target);
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

/// A graph does what was asked for when it was recorded, and asks for no memory and no wait.
#[test]
fn a_graph_repeats_and_allocates_nothing() {
    let adam = OptimizerConfig::adam(1e-2);
    let trainer = trainer(&[6, 20, 3], Activation::Tanh, &sparse(Static {}, 0.6), adam, 1);
    let gpu = device(2);
    let own = DeviceNetwork::new(&gpu, trainer.network(), Precision::F32).unwrap();
    let mut outputs = Outputs::new(&own, 7).unwrap();
    outputs.of(&own, &numbers(7 * 6, 1)).unwrap();
    let before = gpu.asked();
    for seed in 2..5 {
        let x = numbers(7 * 6, seed);
        assert_eq!(outputs.of(&own, &x).unwrap(), trainer.network().outputs(&x).unwrap());
    }
    let now = gpu.asked();
    let each = Asked { launches: 4, uploads: 1, downloads: 1, waits: 1, ..Asked::default() };
    let times = |n: u64| Asked {
        launches: before.launches + n * each.launches,
        uploads: before.uploads + n * each.uploads,
        downloads: before.downloads + n * each.downloads,
        waits: before.waits + n * each.waits,
        allocations: before.allocations,
        allocated: before.allocated,
    };
    assert_eq!(now, times(3));
}

/// A wide network at 95 % takes at most an eighth of the dense one's weights, gradient, moments and structure.
#[test]
fn sparse_networks_take_less_memory() {
    let bytes = |config: &SparsityConfig| {
        let gpu = device(1);
        let adam = OptimizerConfig::adam(1e-3);
        let trainer = trainer(&[17, 4096, 4096, 6], Activation::Relu, config, adam, 1);
        let before = gpu.asked().allocated;
        let _own = DeviceTrainer::new(&gpu, &trainer, Precision::F32).unwrap();
        gpu.asked().allocated - before
    };
    let uniform = SparsityConfig { distribution: Distribution::Uniform, ..sparse(Static {}, 0.95) };
    let [dense, sparse] = [SparsityConfig::dense(), uniform].map(|config| bytes(&config));
    println!("a 4096-wide network on a device: {dense} bytes dense, {sparse} at 95 %");
    assert!(8 * sparse <= dense, "{sparse} of {dense}");
}
