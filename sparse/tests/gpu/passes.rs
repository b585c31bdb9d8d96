//! Passes there and back, of every kind of layer, and what they ask of a device.

use proptest::prelude::*;
use sparring_sparse::config::{Distribution, SparsityConfig};
use sparring_sparse::gpu::{Asked, DeviceNetwork, DeviceTrainer, Outputs, Precision};
use sparring_sparse::layers::{Conv2d, MaxPool, Padding};
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::pattern::Pattern;
use sparring_sparse::{
    Activation, Algebra, Ctx, Init, Join, LayerSpec, OptimizerConfig, Seed, Shape, Trainer, Wanted,
};

use crate::common::device::*;

/// What a pass there and back gives where threads run in the order of the seed `order`.
fn in_order(order: u64, trainer: &Trainer, x: &[f32], dy: &[f32]) -> [Vec<f32>; 3] {
    let gpu = device(order);
    let own = DeviceTrainer::new(&gpu, trainer, Precision::F32).unwrap();
    pass_on_device(&gpu, &own, x, dy)
}

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
            let found = in_order(order, &trainer, &x, &dy);
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
            let [y, dx, dw] = in_order(order, &trainer, &x, &dy);
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
    let first = [1, 2, 3].map(|order| in_order(order, &trainer, &x, &dy));
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
                let found = in_order(order, &trainer, &x, &dy);
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
            let found = [1, 2].map(|order| in_order(order, &trainer, &x, &dy));
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
