//! Networks on a device whose activations are stored as bf16: every launcher against sums on the CPU that round where the
//! device does, and training beside float32. By the emulator, or by the device that `SPARRING_DEVICE` names (`cuda`).
#![cfg(any(feature = "emulate", feature = "cuda"))]

use crate::common::device::*;
use half::bf16;
use proptest::prelude::*;
use sparring_sparse::config::{Distribution, SparsityConfig};
use sparring_sparse::gpu::kernels::{KERNELS, Rows, launch};
use sparring_sparse::gpu::{
    Buffer, DeviceNetwork, DevicePass, DeviceTrainer, Precision, Use, forward,
};
use sparring_sparse::kernels::vector;
use sparring_sparse::layers::{Conv2d, MaxPool, Padding};
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::pattern::Pattern;
use sparring_sparse::{
    Activation, Algebra, Ctx, Init, Join, Layer, LayerSpec, OptimizerConfig, Seed, Shape, Trainer,
    Wanted,
};

/// What a rounding to bf16 may change of a number, over its size.
const HALF_ULP: f32 = 1.0 / 256.0;

/// What it may change where a sum in another order is rounded to the next number: a whole step, and in a later layer what
/// came of the one before.
const NEIGHBOURS: f32 = 4.0 * HALF_ULP;

fn rounded(x: f32) -> f32 {
    bf16::from_f32(x).to_f32()
}

/// `(batch, width)` by sample.
fn by_sample(rows: &[f32], width: usize) -> impl Iterator<Item = &[f32]> {
    rows.chunks_exact(width)
}

/// The entries of a linear layer: row, column, and which weight.
fn entries(layer: &Layer) -> Vec<[usize; 3]> {
    let cols = layer.topology().cols();
    let positions = layer.topology().positions().enumerate();
    positions.map(|(k, at)| [at as usize / cols, at as usize % cols, k]).collect()
}

fn act(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Tanh => vector::tanh(x),
    }
}

/// `dy · act′` by the output.
fn chain(activation: Activation, y: f32, dy: f32) -> f32 {
    match activation {
        Activation::Identity => dy,
        Activation::Relu => f32::from(u8::from(y > 0.0)) * dy,
        Activation::Tanh => (1.0 - y * y) * dy,
    }
}

/// `y`, `dx` and the gradient of the parameters of linear layers, with rounding where the device rounds: of what is
/// read, behind each activation but the last, and of each gradient. Sums of a row are chains of fused products in the
/// order of its entries, those over the batch are in double precision.
fn reference(trainer: &Trainer, x: &[f32], dy: &[f32]) -> [Vec<f32>; 3] {
    let (network, params) = (trainer.network(), trainer.network().params());
    let params: Vec<f32> = params.to_vec1().unwrap();
    let layers = network.layers();
    let last = layers.len() - 1;
    let mut kept: Vec<Vec<f32>> = vec![x.iter().copied().map(rounded).collect()];
    for (l, layer) in layers.iter().enumerate() {
        let (weights, biases) = (&params[layer.weights()], &params[layer.biases()]);
        let (of, cols) = (entries(layer), layer.topology().cols());
        let outputs = by_sample(&kept[l], cols).flat_map(|x| {
            let mut sums = biases.to_vec();
            of.iter()
                .for_each(|[row, col, k]| sums[*row] = weights[*k].mul_add(x[*col], sums[*row]));
            sums.into_iter().map(|sum| act(layer.activation(), sum))
        });
        kept.push(if l == last { outputs.collect() } else { outputs.map(rounded).collect() });
    }
    let mut grads = vec![0.0f64; params.len()];
    let mut gradient: Vec<f32> = dy.iter().copied().map(rounded).collect();
    for (l, layer) in layers.iter().enumerate().rev() {
        let (weights, of) = (&params[layer.weights()], entries(layer));
        let (rows, cols) = (layer.topology().rows(), layer.topology().cols());
        for (x, dy) in by_sample(&kept[l], cols).zip(by_sample(&gradient, rows)) {
            for [row, col, k] in &of {
                grads[layer.weights().start + k] += f64::from(dy[*row]) * f64::from(x[*col]);
            }
            (0..rows).for_each(|row| grads[layer.biases().start + row] += f64::from(dy[row]));
        }
        let below = if l == 0 { Activation::Identity } else { layers[l - 1].activation() };
        let each = by_sample(&kept[l], cols).zip(by_sample(&gradient, rows));
        let through = each.flat_map(|(y, dy)| {
            let mut sums = vec![0.0f32; cols];
            of.iter()
                .for_each(|[row, col, k]| sums[*col] = weights[*k].mul_add(dy[*row], sums[*col]));
            y.iter().zip(sums).map(|(y, sum)| rounded(chain(below, *y, sum))).collect::<Vec<_>>()
        });
        gradient = through.collect();
    }
    let grads: Vec<f32> = grads.into_iter().map(|g| g as f32).collect();
    [kept.pop().unwrap(), gradient, spread(trainer, &grads)]
}

/// What the device gives of `trainer`'s pass, the same for `orders` orders of threads.
fn found(trainer: &Trainer, x: &[f32], dy: &[f32], orders: &[u64]) -> [Vec<f32>; 3] {
    let each = orders.iter().map(|order| {
        let gpu = device(*order);
        pass_on_device(&gpu, &DeviceTrainer::new(&gpu, trainer, Precision::Bf16).unwrap(), x, dy)
    });
    let bits = |of: &[Vec<f32>; 3]| of.each_ref().map(|v| v.iter().map(|x| x.to_bits()).collect());
    let all: Vec<[Vec<f32>; 3]> = each.collect();
    let of_first: [Vec<u32>; 3] = bits(&all[0]);
    assert!(all.iter().all(|one| bits(one) == of_first), "depends on the order of threads");
    all.into_iter().next().unwrap()
}

/// A pass beside the reference: sparse layers in every bit but for sums over the batch, dense ones, whose sums have
/// another order, within what comes of a number that is stored as its neighbour.
fn check(trainer: &Trainer, x: &[f32], dy: &[f32], orders: &[u64]) -> Result<(), String> {
    let [y, dx, dw] = found(trainer, x, dy, orders);
    let [y_expected, dx_expected, dw_expected] = reference(trainer, x, dy);
    let is_sparse = |layer: &Layer| layer.topology().csr().is_some();
    if trainer.network().layers().iter().all(is_sparse) {
        if y != y_expected || dx != dx_expected {
            return Err("a sparse layer gives other bits".to_owned());
        }
        return close(&dw, &dw_expected, 1e-5);
    }
    close(&y, &y_expected, NEIGHBOURS)?;
    close(&dx, &dx_expected, NEIGHBOURS)?;
    close(&dw, &dw_expected, NEIGHBOURS)
}

const ADAM: fn(f64) -> OptimizerConfig = OptimizerConfig::adam;

/// All upper halves, and lower ones on both sides of where rounding turns.
#[test]
fn rounding_is_to_the_nearest_and_ties_to_even() {
    let lower = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
    let bits = (0..=0xffffu32).flat_map(|upper| lower.map(|lower| upper << 16 | lower));
    let rows: Vec<f32> = bits.map(f32::from_bits).collect();
    let (width, gpu) = (1024, device(1));
    let (batch, stored) = (rows.len() / width, Precision::Bf16);
    let (from, back) =
        (Buffer::of(&gpu, &rows).unwrap(), Buffer::<f32>::room(&gpu, rows.len()).unwrap());
    let slots = Buffer::<u16>::room(&gpu, rows.len()).unwrap();
    let one = |rows: &Buffer<f32>| {
        let (rows, slots) = (rows.at(0), slots.at(0));
        Rows { rows, slots, batch: batch as u32, ld: batch as u32, width: width as u32, stored }
    };
    // SAFETY: buffers of these sizes; the batch is a multiple of 32.
    unsafe {
        launch(&*gpu, &KERNELS, "rows_in", &[one(&from)], Rows::shape).unwrap();
        launch(&*gpu, &KERNELS, "rows_out", &[one(&back)], Rows::shape).unwrap();
    }
    let (slots, back) = (slots.read().unwrap(), back.read().unwrap());
    for (k, x) in rows.iter().enumerate() {
        let (sample, feature) = (k / width, k % width);
        let (stored, expected) = (slots[feature * batch + sample], bf16::from_f32(*x));
        let same = if x.is_nan() {
            bf16::from_bits(stored).is_nan()
        } else {
            stored == expected.to_bits()
        };
        assert!(same, "{x:e} ({:#x}) is stored as {stored:#x}", x.to_bits());
        assert_eq!(back[k].to_bits(), u32::from(stored) << 16);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn passes_round_where_they_store(
        widths in prop::collection::vec(1usize..70, 2..5),
        batch in 1usize..140,
        sparsity in 0.0f64..0.999,
        activation in prop::sample::select(
            vec![Activation::Relu, Activation::Tanh, Activation::Identity]),
        seed in 0u64..1000,
    ) {
        let trainer = sparsest(&widths, activation, sparsity, seed);
        let (x, dy) = (
            numbers(batch * widths[0], seed),
            numbers(batch * widths[widths.len() - 1], seed + 1),
        );
        let orders = [seed, seed + 7, seed + 77];
        check(&trainer, &x, &dy, &orders).map_err(TestCaseError::fail)?;
    }
}

/// The sparsity that is drawn may leave a small layer nothing, also where each layer would keep a weight of its own share.
#[test]
fn networks_that_are_drawn_have_weights() {
    for widths in [&[1, 2][..], &[2, 1, 1], &[1, 64, 4, 16]] {
        let trainer = sparsest(widths, Activation::Relu, 0.999, 1);
        let layers = trainer.network().layers();
        assert!(layers.iter().all(|layer| !layer.weights().is_empty()), "{widths:?}");
    }
}

/// Layers whose slots pass through shared memory in chunks, in blocks or not, and those whose kernel is one of few
/// samples.
#[test]
fn large_sparse_layers_round_where_they_store() {
    let blocks = Pattern::Block { height: 4, width: 4 };
    for (widths, batch, sparsity, pattern) in [
        ([200, 150, 300, 5], 130, 0.9, Pattern::Unstructured),
        ([300, 400, 260, 2], 290, 0.6, Pattern::Unstructured),
        ([530, 40, 512, 4], 250, 0.999, Pattern::Unstructured),
        ([40, 1030, 20, 5], 600, 0.95, Pattern::Unstructured),
        ([2048, 16, 2048, 4], 160, 0.9, blocks),
        ([40, 700, 8, 5], 1, 0.95, Pattern::Unstructured),
    ] {
        let config = SparsityConfig {
            distribution: Distribution::Uniform,
            pattern,
            ..sparse(Static {}, sparsity)
        };
        let trainer = trainer(&widths, Activation::Relu, &config, ADAM(1e-3), 3);
        let (x, dy) = (numbers(batch * widths[0], 1), numbers(batch * widths[3], 2));
        check(&trainer, &x, &dy, &[1, 2]).unwrap_or_else(|error| panic!("{widths:?}: {error}"));
    }
}

/// Each size of tiles of dense products, and products in parts.
#[test]
fn dense_layers_round_where_they_store() {
    for (widths, batch) in [
        (vec![1100, 40, 2000, 3], 20),
        (vec![8, 640, 8], 320),
        (vec![320, 640, 4], 1),
        (vec![5, 1280, 5], 1280),
        (vec![1280, 1280, 1], 3),
    ] {
        let dense = SparsityConfig::dense();
        let trainer = trainer(&widths, Activation::Tanh, &dense, ADAM(1e-3), 3);
        let last = widths.len() - 1;
        let (x, dy) = (numbers(batch * widths[0], 1), numbers(batch * widths[last], 2));
        check(&trainer, &x, &dy, &[1, 2]).unwrap_or_else(|error| panic!("{widths:?}: {error}"));
    }
}

/// The root of `Σ (a − b)²` over that of `Σ b²`.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let norm = |of: &mut dyn Iterator<Item = f32>| of.map(|x| x * x).sum::<f32>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

/// Convolutions, pooling and joins stay near the CPU's of float32: where rounding turns a unit on or another pixel
/// into the largest, single numbers differ, but few.
#[test]
fn networks_of_images_are_near_those_of_the_cpu() {
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
    let conv = |[in_channels, out_channels]: [usize; 2], size, kernel, stride| {
        let padding = Padding::Same;
        Shape::Conv2d(Conv2d { in_channels, out_channels, size, kernel, stride, padding })
    };
    let head = |inputs| Shape::Linear { inputs, outputs: 3 };
    let (relu, none, tanh) = (Activation::Relu, Activation::Identity, Activation::Tanh);
    let pool = Join::MaxPool(MaxPool { kernel: [3, 3], stride: 2, padding: Padding::Same });
    let networks = [
        vec![
            layer("0", conv([2, 5], [20, 20], [8, 8], 4), relu, &[]),
            layer("1", conv([5, 6], [5, 5], [3, 3], 2), tanh, &[]),
            layer("2", head(54), tanh, &[]),
        ],
        vec![
            layer("0", conv([2, 4], [10, 9], [3, 3], 1), none, &[pool, Join::Save, Join::Relu]),
            layer("1", conv([4, 4], [5, 5], [3, 3], 1), relu, &[]),
            layer("2", conv([4, 4], [5, 5], [3, 3], 1), none, &[Join::Add, Join::Relu]),
            layer("3", head(100), none, &[]),
        ],
        vec![layer("0", conv([1, 3], [7, 7], [2, 2], 3), none, &[pool])],
    ];
    for (k, specs) in networks.into_iter().enumerate() {
        for (config, batch) in [
            (SparsityConfig::dense(), 5),
            (sparse(Static {}, 0.7), 33),
            (sparse(Static {}, 0.5), 1),
        ] {
            let trainer = Trainer::new("net", &specs, &config, ADAM(1e-3), &Seed::new(2)).unwrap();
            let network = trainer.network();
            let x = numbers(batch * specs[0].shape.input().size(), 7);
            let outputs = network.outputs(&x).unwrap().len();
            let dy = numbers(outputs, 8);
            let mut pass = network.vjp(&x, &mut Ctx::default()).unwrap();
            let gradients = pass.backward(&dy, Wanted { input: true, params: true }).unwrap();
            let dw = spread(&trainer, &gradients.params);
            let found = found(&trainer, &x, &dy, &[1, 2, 3]);
            let expected = [pass.output(), &gradients.input, &dw];
            for ((what, bound), (found, expected)) in
                [("y", 0.01), ("dx", 0.1), ("dw", 0.1)].iter().zip(found.iter().zip(expected))
            {
                let far = distance(found, expected);
                println!("{what} of network {k}, batch {batch}: {far}");
                assert!(far < *bound, "{what} of network {k}, batch {batch}: {far}");
            }
        }
    }
}

/// Twenty steps beside float32 on the same device.
#[test]
fn training_stays_near_float32() {
    let widths = [12, 40, 24, 4];
    for config in [SparsityConfig::dense(), sparse(Static {}, 0.8)] {
        let trained = |precision| {
            let gpu = device(5);
            let mut trainer = trainer(&widths, Activation::Relu, &config, ADAM(1e-3), 4);
            let own = DeviceTrainer::new(&gpu, &trainer, precision).unwrap();
            for t in 0..20 {
                let (x, target) =
                    (numbers(11 * widths[0], 100 + t), numbers(11 * widths[3], 200 + t));
                step_on_device(&gpu, &own, &mut trainer, &x, &target);
            }
            own.give(&mut trainer).unwrap();
            trainer
        };
        let [wide, narrow] = [Precision::F32, Precision::Bf16].map(trained);
        for (a, b) in wide.network().layers().iter().zip(narrow.network().layers()) {
            assert_eq!(a.topology(), b.topology());
        }
        let values = |of: &Trainer| of.network().params().to_vec1::<f32>().unwrap();
        let (wide, narrow) = (values(&wide), values(&narrow));
        let most = wide.iter().zip(&narrow).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let far = distance(&narrow, &wide);
        println!("after twenty steps weights differ by {far} of their size, at most by {most}");
        assert!(far < 0.005 && far > 0.0, "{far}");
    }
}

/// All but what the network gives takes half of the bytes, and only networks that store alike go side by side.
#[test]
fn activations_take_half_of_the_memory() {
    let config = sparse(Static {}, 0.9);
    let trainer = trainer(&[64, 256, 256, 1], Activation::Relu, &config, ADAM(1e-3), 1);
    let gpu = device(1);
    let all = Some(Wanted { input: true, params: true });
    let network = |precision| DeviceNetwork::new(&gpu, trainer.network(), precision).unwrap();
    let [wide, narrow] = [Precision::F32, Precision::Bf16].map(network);
    let [(of_wide, wide_pass), (of_narrow, narrow_pass)] = [&wide, &narrow].map(|network| {
        let before = gpu.asked().allocated;
        let pass = DevicePass::new(&gpu, network, 256, all).unwrap();
        let slots = network.input_slots(256).unwrap();
        (gpu.asked().allocated - before, (pass, slots))
    });
    let of_output = 256 * 4;
    println!("activations of a batch of 256: {of_wide} bytes as f32, {of_narrow} as bf16");
    assert_eq!(of_wide, (2 * (64 + 256 + 256) + 2) * 256 * 4);
    assert_eq!(of_narrow - of_output, (of_wide - of_output) / 2);
    let uses = [(&wide, &wide_pass), (&narrow, &narrow_pass)].map(|(network, (pass, slots))| Use {
        network,
        pass,
        x: slots.at(0),
    });
    assert!(forward(&*gpu, &uses).is_err());
}
