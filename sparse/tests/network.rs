//! Networks against a masked dense network in candle's own ops, and against central differences.

use crate::masked_dense::*;
use candle_core::{Device, Tensor, Var};
use sparring_sparse::config::*;
use sparring_sparse::layers::{Conv2d, MaxPool, Padding};
use sparring_sparse::methods::pruning::Pruning;
use sparring_sparse::{
    Activation, Algebra, Compute, Ctx, Executed, Join, Layer, LayerSpec, Network, OptimizerConfig,
    Par, Probe, Seed, Shape, Target, Topology, Trainer, Wanted,
};

#[test]
fn forward_and_all_gradients_agree_with_a_masked_dense_network() {
    // Sparse and dense layers mixed, batches that fill a tile and not, an empty layer, one row.
    let cases: [(&[usize], &[usize], usize); 6] = [
        (&[4, 32, 32, 2], &[128, 100, 64], 64),
        (&[4, 32, 32, 2], &[50, 1024, 20], 65),
        (&[17, 256, 256, 6], &[1893, 3549, 1536], 128),
        (&[3, 5, 1], &[7, 2], 1),
        (&[3, 5, 2], &[0, 4], 9),
        (&[100, 100, 100], &[10, 10], 33),
    ];
    for (case, (widths, nnz, batch)) in cases.into_iter().enumerate() {
        for compute in FORMS {
            agree(&network(&mlp(widths), nnz, case as u64, compute), batch);
        }
    }
}

#[test]
fn convolutions_agree_with_a_masked_dense_network() {
    let conv = |channels: [usize; 2], size, kernel, stride, padding| {
        let ([in_channels, out_channels], kernel) = (channels, [kernel, kernel + 1]);
        Shape::Conv2d(Conv2d { in_channels, out_channels, size, kernel, stride, padding })
    };
    let linear = |inputs, outputs| Shape::Linear { inputs, outputs };
    let (same, valid) = (Padding::Same, Padding::Valid);
    let cases = [
        // Images into images into features, (3, 9, 8) → (4, 5, 4) → (5, 4, 2) → 7 → 2.
        (
            vec![
                conv([3, 4], [9, 8], 3, 2, same),
                conv([4, 5], [5, 4], 2, 1, valid),
                linear(40, 7),
                linear(7, 2),
            ],
            [40, 60, 280, 5],
            10,
        ),
        // Features into images, and images at the end.
        (
            vec![
                linear(6, 60),
                conv([3, 4], [5, 4], 2, 3, same),
                conv([4, 2], [2, 2], 1, 1, same),
                conv([2, 3], [2, 2], 2, 2, same),
            ],
            [100, 72, 9, 20],
            70,
        ),
    ];
    for (shapes, nnz, batch) in cases {
        for compute in FORMS {
            agree(&network(&shapes, &nnz, 1, compute), batch);
        }
    }
}

/// IMPALA in small: two stacks of convolution, max-pooling and residual blocks over odd images, and a
/// linear layer. `(3, 11, 9) → (4, 6, 5) → (5, 3, 3) → 7 → 2`.
fn residual() -> Vec<LayerSpec> {
    let conv = |channels: [usize; 2], size| {
        let [in_channels, out_channels] = channels;
        let (kernel, padding) = ([3; 2], Padding::Same);
        Shape::Conv2d(Conv2d { in_channels, out_channels, size, kernel, stride: 1, padding })
    };
    let pool = Join::MaxPool(MaxPool { kernel: [3; 2], stride: 2, padding: Padding::Same });
    let (identity, relu) = (Activation::Identity, Activation::Relu);
    let linear = |inputs, outputs| Shape::Linear { inputs, outputs };
    let block = [Join::Add, Join::Save, Join::Relu];
    let layers = [
        (conv([3, 4], [11, 9]), identity, vec![pool, Join::Save, Join::Relu]),
        (conv([4, 4], [6, 5]), relu, vec![]),
        (conv([4, 4], [6, 5]), identity, block.to_vec()),
        (conv([4, 4], [6, 5]), relu, vec![]),
        (conv([4, 4], [6, 5]), identity, vec![Join::Add]),
        (conv([4, 5], [6, 5]), identity, vec![pool, Join::Save, Join::Relu]),
        (conv([5, 5], [3, 3]), relu, vec![]),
        (conv([5, 5], [3, 3]), identity, vec![Join::Add, Join::Relu]),
        (linear(45, 7), relu, vec![]),
        (linear(7, 2), identity, vec![]),
    ];
    let spec = |(l, (shape, activation, then))| LayerSpec {
        algebra: Algebra::REAL,
        then,
        ..spec(l, shape, activation)
    };
    layers.into_iter().enumerate().map(spec).collect()
}

/// A part of each layer's weights, at least one.
fn part(specs: &[LayerSpec], part: f64) -> Vec<usize> {
    let nnz = |size: usize| ((part * size as f64) as usize).max(1);
    specs.iter().map(|spec| nnz(spec.shape.rows() * spec.shape.cols())).collect()
}

#[test]
fn residual_blocks_and_max_pooling_agree_with_a_masked_dense_network() {
    let specs = residual();
    for (density, batch) in [(1.0, 10), (0.4, 1), (0.2, 70), (0.001, 33)] {
        for compute in FORMS {
            agree(&of_specs(&specs, &part(&specs, density), 2, compute).unwrap(), batch);
        }
    }
}

#[test]
fn sums_join_what_was_saved_wherever_it_stands() {
    let (identity, relu) = (Activation::Identity, Activation::Relu);
    let square = |n| Shape::Linear { inputs: n, outputs: n };
    let conv = |kernel| {
        let kernel = [kernel; 2];
        Shape::Conv2d(Conv2d {
            in_channels: 2,
            out_channels: 2,
            size: [3, 5],
            kernel,
            stride: 1,
            padding: Padding::Same,
        })
    };
    // Saved features that a layer reads as they are, a sum within a sum, one of a thing with itself,
    // features that become an image, sums behind a ReLU, and joins at the end.
    let nets = [
        vec![
            (square(6), relu, vec![Join::Save]),
            (square(6), Activation::Tanh, vec![Join::Save, Join::Add]),
            (square(6), relu, vec![Join::Add, Join::Relu]),
        ],
        vec![
            (square(30), relu, vec![Join::Save]),
            (conv(3), identity, vec![Join::Save]),
            (conv(2), relu, vec![Join::Add]),
            (conv(4), relu, vec![Join::Add, Join::Save, Join::Add]),
        ],
    ];
    for layers in nets {
        let spec = |(l, (shape, activation, then))| LayerSpec {
            algebra: Algebra::REAL,
            then,
            ..spec(l, shape, activation)
        };
        let specs: Vec<LayerSpec> = layers.into_iter().enumerate().map(spec).collect();
        for compute in FORMS {
            agree(&of_specs(&specs, &part(&specs, 0.5), 3, compute).unwrap(), 9);
        }
    }
}

/// SimBa and BRO in small, and norms where only a test puts them: behind one another, of what is saved, at the end.
#[test]
fn layer_norms_agree_with_a_masked_dense_network() {
    let (identity, relu) = (Activation::Identity, Activation::Relu);
    let (save, add, norm) = (Join::Save, Join::Add, Join::LayerNorm);
    let simba = vec![
        (identity, vec![save, norm]),
        (relu, vec![]),
        (identity, vec![add, save, norm]),
        (relu, vec![]),
        (identity, vec![add, norm]),
        (identity, vec![]),
    ];
    let bro = vec![
        (identity, vec![norm, Join::Relu, save]),
        (identity, vec![norm, Join::Relu]),
        (identity, vec![norm, add]),
        (identity, vec![]),
    ];
    let odd = vec![
        (Activation::Tanh, vec![norm, save, norm]),
        (relu, vec![norm, add, norm]),
        (identity, vec![norm]),
    ];
    for (widths, layers) in [
        (vec![5, 12, 40, 12, 40, 12, 3], simba),
        (vec![5, 20, 20, 20, 2], bro),
        (vec![4, 9, 9, 6], odd),
    ] {
        let each = mlp(&widths).into_iter().zip(layers).enumerate();
        let spec = |(l, (shape, (activation, then)))| LayerSpec {
            algebra: Algebra::REAL,
            then,
            ..spec(l, shape, activation)
        };
        let specs: Vec<LayerSpec> = each.map(spec).collect();
        for (density, batch) in [(1.0, 10), (0.4, 1), (0.3, 70), (0.2, 128)] {
            for compute in FORMS {
                agree(&of_specs(&specs, &part(&specs, density), 2, compute).unwrap(), batch);
            }
        }
    }
}

#[test]
fn images_are_not_normed() {
    let mut specs = residual();
    specs[2].then = vec![Join::Add, Join::LayerNorm];
    let error = of_specs(&specs, &part(&specs, 1.0), 2, Compute::Sparse).unwrap_err().to_string();
    assert!(error.contains("layer 2: a LayerNorm of images"), "{error}");
}

#[test]
fn candles_convolution_and_max_pooling_give_the_same() {
    let conv = Conv2d {
        in_channels: 3,
        out_channels: 4,
        size: [10, 7],
        kernel: [3; 2],
        stride: 2,
        padding: Padding::Same,
    };
    let pool = MaxPool { kernel: [3; 2], stride: 2, padding: Padding::Same };
    let shape = Shape::Conv2d(conv);
    let then = vec![Join::MaxPool(pool)];
    let specs =
        [LayerSpec { algebra: Algebra::REAL, then, ..spec(0, shape, Activation::Identity) }];
    let network = of_specs(&specs, &[30], 4, Compute::Sparse).unwrap();
    let (w, b) = &masked_dense(&network)[0];
    let x = random((5, conv.input().size()), 5);
    let (rows, cols) = (conv.padded(0), conv.padded(1));
    let images = x.reshape((5, 3, 10, 7)).unwrap();
    let images = images.pad_with_zeros(2, rows.0, rows.1).unwrap();
    let images = images.pad_with_zeros(3, cols.0, cols.1).unwrap();
    let y = images.conv2d(&w.reshape((4, 3, 3, 3)).unwrap(), 0, 2, 1, 1).unwrap();
    let y = y.broadcast_add(&b.reshape((1, 4, 1, 1)).unwrap()).unwrap();
    let y = padded(&pool, &conv.output(), &y.flatten_from(1).unwrap());
    let y = y.max_pool2d_with_stride(3, 2).unwrap();
    assert_eq!(y.dims(), [5, 4, 3, 2]);
    close(&flat(&network.forward(&x).unwrap()), &flat(&y), 1e-5);
}

#[test]
fn joins_that_do_not_fit_are_errors() {
    let build = |then: [Vec<Join>; 2], outputs| {
        let shapes = mlp(&[4, 4, outputs]);
        let [first, second] = then;
        let specs = [
            LayerSpec {
                algebra: Algebra::REAL,
                then: first,
                ..spec(0, shapes[0], Activation::Relu)
            },
            LayerSpec {
                algebra: Algebra::REAL,
                then: second,
                ..spec(1, shapes[1], Activation::Relu)
            },
        ];
        of_specs(&specs, &[4, 4], 1, Compute::Sparse).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(build([vec![Join::Save], vec![Join::Add]], 4), Ok(()));
    let error = |then, outputs| build(then, outputs).unwrap_err();
    assert!(error([vec![], vec![Join::Add]], 4).contains("layer 1: an Add without a Save"));
    assert!(error([vec![Join::Save], vec![]], 4).contains("a Save without an Add"));
    assert!(error([vec![Join::Save], vec![Join::Add]], 3).contains("another shape"));
}

#[test]
fn threads_change_no_bit_of_a_network() {
    let serial = network(&mlp(&[30, 40, 5]), &[300, 150], 1, Compute::Sparse);
    let (layers, params) = (serial.layers().to_vec(), flat(serial.params()));
    let threaded = Network::with_par(layers, params, Par::Threads(3)).unwrap();
    let run = |network: &Network, inputs| {
        let x = random((70, inputs), 2);
        let y = network.forward(&x).unwrap();
        let grads = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        (flat(&y), flat(grads.get(network.params()).unwrap()))
    };
    assert!(run(&serial, 30) == run(&threaded, 30));

    let specs = residual();
    let serial = of_specs(&specs, &part(&specs, 0.3), 1, Compute::Sparse).unwrap();
    let (layers, params) = (serial.layers().to_vec(), flat(serial.params()));
    let threaded = Network::with_par(layers, params, Par::Threads(3)).unwrap();
    assert!(run(&serial, 297) == run(&threaded, 297));
}

#[test]
fn a_network_counts_what_its_forms_execute() {
    let executed = |compute| {
        let network = network(&mlp(&[10, 20, 4]), &[60, 80], 1, compute);
        network.forward(&random((3, 10), 1)).unwrap().sum_all().unwrap().backward().unwrap();
        network.executed()
    };
    // Weights of both layers forward; backward their gradients, and the second layer's input.
    let sparse = Executed { forward: 2 * 3 * (60 + 80), backward: 2 * 3 * (60 + 80 + 80) };
    let dense = Executed { forward: 2 * 3 * (200 + 80), backward: 2 * 3 * (200 + 80 + 80) };
    assert_eq!(executed(Compute::Sparse), sparse);
    assert_eq!(executed(Compute::Dense), dense);
    assert_eq!(executed(even(0.31)), sparse);
    assert_eq!(executed(even(0.3)), dense);
}

#[test]
fn gradients_agree_with_central_differences() {
    let mlp = network(&mlp(&[3, 8, 8, 2]), &[15, 30, 9], 3, Compute::Sparse);
    differences(&mlp, &random((5, 3), 4), 5e-3);
    // Small steps, since a maximum changes hands where two pixels meet.
    let specs = residual();
    let residual = of_specs(&specs, &part(&specs, 0.1), 3, Compute::Sparse).unwrap();
    differences(&residual, &random((5, 297), 4), 1e-3);
}

fn differences(network: &Network, x: &Tensor, step: f32) {
    let loss = |network: &Network| network.forward(x).unwrap().sqr().unwrap().mean_all().unwrap();
    let grad = flat(loss(network).backward().unwrap().get(network.params()).unwrap());
    let params = flat(network.params());
    let at = |i: usize, delta: f32| {
        let mut params = params.clone();
        params[i] += delta;
        let network = Network::new(network.layers().to_vec(), params).unwrap();
        f64::from(loss(&network).to_scalar::<f32>().unwrap())
    };
    for (i, g) in grad.iter().enumerate() {
        let difference = (at(i, step) - at(i, -step)) / (2.0 * f64::from(step));
        assert!(
            (difference - f64::from(*g)).abs() < 2e-3 * (1.0 + difference.abs()),
            "{i}: {difference} {g}"
        );
    }
}

#[test]
fn a_frozen_network_hands_its_gradient_on_and_takes_none() {
    let network = network(&mlp(&[3, 8, 2]), &[10, 9], 5, Compute::Sparse);
    let x = Var::from_tensor(&random((4, 3), 1)).unwrap();
    let loss = |y: Tensor| y.sqr().unwrap().sum_all().unwrap();
    let trained = loss(network.forward(&x).unwrap()).backward().unwrap();
    let before = network.executed();
    let frozen = loss(network.forward_frozen(&x).unwrap()).backward().unwrap();
    assert_eq!(flat(frozen.get(&x).unwrap()), flat(trained.get(&x).unwrap()));
    assert!(frozen.get(network.params()).is_none());
    // Forward and the gradient of the input cost the same; that of the parameters is left out.
    let after = network.executed();
    assert_eq!(after.backward - before.backward, before.backward / 2);
}

#[test]
fn a_network_used_twice_in_a_loss_sums_its_gradients() {
    let network = network(&mlp(&[3, 8, 2]), &[10, 9], 5, Compute::Sparse);
    let (a, b) = (random((4, 3), 1), random((4, 3), 2));
    let sum = |x: &Tensor| network.forward(x).unwrap().sum_all().unwrap();
    let grad = |loss: Tensor| flat(loss.backward().unwrap().get(network.params()).unwrap());
    let both = grad((sum(&a) + sum(&b)).unwrap());
    let apart: Vec<f32> = grad(sum(&a)).iter().zip(grad(sum(&b))).map(|(a, b)| a + b).collect();
    close(&both, &apart, 1e-6);
}

#[test]
fn wrong_shapes_are_errors() {
    let network = network(&mlp(&[3, 4, 2]), &[6, 4], 6, Compute::Sparse);
    let error = network.forward(&random((2, 5), 1)).unwrap_err().to_string();
    assert!(error.contains("(batch, 3)") && error.contains("(2, 5)"), "{error}");
    let layers = network.layers().to_vec();
    assert!(Network::new(layers.clone(), vec![0.0; 3]).is_err());
    assert!(
        Network::new(vec![layers[1].clone(), layers[0].clone()], flat(network.params())).is_err()
    );
}

/// Gradual pruning takes it from dense to 95 % sparse; at every step its gradients are right.
#[test]
fn a_residual_network_stays_right_while_it_is_pruned() {
    let specs = residual();
    let config = SparsityConfig {
        method: Pruning { prune_every_gradient_steps: 2, prune_from: 0.1, prune_until: 0.9 }.into(),
        gradient_steps: 10,
        sparsity: 0.95,
        distribution: Distribution::Erk { power: 1.0 },
        pattern: Pattern::Unstructured,
        layers: Default::default(),
        sparsity_aware_init: false,
        compute: even(0.5).into(),
    };
    let adam = OptimizerConfig::adam(1e-2);
    let mut trainer = Trainer::new("net", &specs, &config, adam, &Seed::new(1)).unwrap();
    let mut target = Target::new(trainer.network()).unwrap();
    let x = random((9, 297), 1);
    let active = |network: &Network| -> usize {
        network.layers().iter().map(|layer| layer.topology().nnz()).sum()
    };
    let dense = active(trainer.network());
    for t in 0..12 {
        let step = trainer.begin_step().unwrap();
        let loss = trainer.forward(&x, &step).unwrap().sqr().unwrap().mean_all().unwrap();
        trainer.end_step(step, &loss.backward().unwrap()).unwrap();
        agree(trainer.network(), 9);
        if t == 5 {
            target.update(trainer.network(), 1.0).unwrap();
            let [y, online] =
                [target.forward(&x), trainer.network().forward(&x)].map(Result::unwrap);
            assert_eq!(flat(&y), flat(&online));
        }
    }
    let share = active(trainer.network()) as f64 / dense as f64;
    assert!((0.05..0.055).contains(&share), "{share}");
}

/// Over plain numbers a network gives what it gives within candle's graph, and so do its gradients.
#[test]
fn a_pass_over_plain_numbers_is_that_of_the_graph() {
    let specs = residual();
    let network = of_specs(&specs, &part(&specs, 0.5), 5, Compute::Sparse).unwrap();
    let x = Var::from_tensor(&random((3, 297), 6)).unwrap();
    let all = |layer: &Layer| {
        let topology = layer.topology();
        Topology::dense(topology.rows(), topology.cols()).unwrap().into()
    };
    let probe = Probe::new(network.layers().iter().map(all).collect(), &Device::Cpu).unwrap();
    let y = network.forward_probed(&x, &probe).unwrap();
    let grads = (y.sqr().unwrap().sum_all().unwrap() * 0.5).unwrap().backward().unwrap();
    let before = network.executed();
    let ctx = &mut Ctx { probe: Some(&probe), ..Ctx::default() };
    let mut pass = network.vjp(&flat(&x), ctx).unwrap();
    assert_eq!(pass.output(), flat(&y));
    // The gradient of ½ Σ y² is y.
    let dy = pass.output().to_vec();
    let found = pass.backward(&dy, Wanted { input: true, params: true }).unwrap();
    let of = |var: &Tensor| flat(grads.get(var).unwrap());
    assert_eq!(found.params, of(network.params()));
    assert_eq!((found.input, found.probe), (of(&x), of(probe.var())));
    let (once, twice) = (before.total(), network.executed().total());
    assert_eq!(twice, 2 * once);
    let wanted = Wanted::INPUT;
    assert!(pass.backward(&dy, wanted).unwrap().params.is_empty());
    assert_eq!(network.outputs(&flat(&x)).unwrap(), flat(&y));
    // No whole rows, and gradients of other outputs.
    assert!(network.vjp(&[0.0; 298], &mut Ctx::default()).is_err());
    assert!(network.vjp(&[0.0; 297], &mut Ctx::default()).unwrap().backward(&dy, wanted).is_err());
}

/// A network that is cut behind a layer and its joins writes what they hand on; and a copy goes its own
/// way.
#[test]
fn activations_are_the_outputs_of_cut_networks() {
    let residual = residual();
    let plain = mlp(&[297, 9, 7, 2]);
    let plain: Vec<_> =
        plain.iter().enumerate().map(|(l, shape)| spec(l, *shape, Activation::Tanh)).collect();
    for specs in [residual, plain] {
        let network = of_specs(&specs, &part(&specs, 0.5), 5, Compute::Sparse).unwrap();
        let x = random((70, 297), 6);
        let params = flat(network.params());
        let copy = network.deep_clone().unwrap();
        let found = copy.activations(&flat(&x)).unwrap();
        assert_eq!(found.len(), specs.len());
        let mut compared = 0;
        for (l, found) in found.iter().enumerate() {
            let layers = network.layers()[..=l].to_vec();
            let cut = params[..layers[l].params().end].to_vec();
            // A residual block cannot be cut within.
            let Ok(cut) = Network::new(layers, cut) else { continue };
            compared += 1;
            let expected = cut.forward(&x).unwrap();
            assert_eq!(*found, flat(&expected), "{l}");
        }
        assert!(compared >= 3, "{compared}");
        assert_eq!(network.executed(), Executed::default());
        assert!(copy.executed().forward > 0);
        copy.params().set(&copy.params().zeros_like().unwrap()).unwrap();
        assert_eq!(flat(network.params()), params);
    }
}
