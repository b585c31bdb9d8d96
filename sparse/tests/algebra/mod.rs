//! Layers over algebras: their products against the definitions, what methods do to them, what holds of networks.

mod definition;

use std::sync::Arc;

use crate::common::*;
use definition::product;
use proptest::prelude::*;
use rand::RngExt;
use sparring_sparse::config::*;
use sparring_sparse::kernels::Par;
use sparring_sparse::layers::{Compute, Conv2d, Padding};
use sparring_sparse::methods::Blocks;
use sparring_sparse::sample::distinct;
use sparring_sparse::{
    ALGEBRAS, Activation, Algebra, Gradients, Init, Layer, LayerSpec, Network, OptimizerConfig,
    Seed, Shape, Topology, Trainer, Wanted,
};

fn algebras() -> impl Iterator<Item = Algebra> {
    ALGEBRAS.iter().map(|row| Algebra::of(row))
}

fn spec(name: &str, algebra: Algebra, shape: Shape, activation: Activation) -> LayerSpec {
    LayerSpec {
        name: name.into(),
        shape,
        activation,
        init: Init::TruncatedNormal { scale: 2.0 },
        bias: 0.1,
        weight_decay: 0.0,
        algebra,
        then: Vec::new(),
    }
}

/// `outputs` and `inputs` elements.
fn linear(algebra: Algebra, outputs: usize, inputs: usize) -> Shape {
    let n = algebra.order();
    Shape::Linear { inputs: inputs * n, outputs: outputs * n }
}

fn conv(algebra: Algebra, outputs: usize, inputs: usize, stride: usize) -> Shape {
    let n = algebra.order();
    Shape::Conv2d(Conv2d {
        in_channels: inputs * n,
        out_channels: outputs * n,
        size: [4, 5],
        kernel: [3, 2],
        stride,
        padding: Padding::Same,
    })
}

/// One layer of random elements, `share` of them active, computed with `par`.
fn one_layer(spec: &LayerSpec, share: f64, form: Compute, par: Par, seed: u64) -> Network {
    let mut rng = Seed::new(seed).rng();
    let [rows, cols] = spec.weights();
    let order = spec.algebra.order();
    let elements = rows * cols / order;
    let active = ((share * elements as f64) as usize).clamp(1, elements);
    let chosen = distinct(elements, active, &mut rng);
    let positions = Blocks::of_elements(order, rows, cols).positions(chosen);
    let topology = Topology::new(rows, cols, &positions).unwrap();
    let size = topology.nnz() + spec.shape.rows();
    let params = (0..size).map(|_| rng.random_range(-1.0..1.0f32)).collect();
    let layer = Layer::new(spec, Arc::new(topology), form, 0).unwrap();
    Network::with_par(vec![layer], params, par).unwrap()
}

/// Where the features of a layer stand: `(element, component, pixel) → feature`.
fn feature(n: usize, pixels: usize, element: usize, part: usize, pixel: usize) -> usize {
    (element * n + part) * pixels + pixel
}

/// For each weight element `(k, c, place)` the pairs of pixels `(of x, of y)` that it stands between.
fn pairs(shape: &Shape, place: usize) -> Vec<(usize, usize)> {
    let Shape::Conv2d(conv) = shape else { return vec![(0, 0)] };
    let [oh, ow] = conv.out_size();
    let ([h, w], kw) = (conv.size, conv.kernel[1]);
    let (ky, kx) = (place / kw, place % kw);
    let mut pairs = Vec::new();
    for (oy, ox) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
        let y = (oy * conv.stride + ky).wrapping_sub(conv.padded(0).0);
        let x = (ox * conv.stride + kx).wrapping_sub(conv.padded(1).0);
        if y < h && x < w {
            pairs.push((y * w + x, oy * ow + ox));
        }
    }
    pairs
}

/// Outputs, and the gradients of inputs and weights for the gradient `dy`, by the definition of the product; what is
/// linear in one argument has its derivative by the product with units.
fn by_definition(network: &Network, x: &[f32], dy: &[f32], batch: usize) -> [Vec<f64>; 3] {
    let layer = &network.layers()[0];
    let (shape, algebra, topology) = (*layer.shape(), layer.algebra(), layer.topology());
    let n = algebra.order();
    let params: Vec<f32> = network.params().to_vec1().unwrap();
    let (weights, biases) = (&params[layer.weights()], &params[layer.biases()]);
    let [inputs, outputs] = [shape.input(), shape.output()].map(|f| f.size());
    let pixels = |f: sparring_sparse::Features| f.height * f.width;
    let (ip, op) = (pixels(shape.input()), pixels(shape.output()));
    let f64s = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    let (mut y, mut dx) = (vec![0.0; batch * outputs], vec![0.0; batch * inputs]);
    let mut dw = vec![0.0; weights.len()];
    for (i, y) in y.iter_mut().enumerate() {
        *y = f64::from(biases[i % outputs / op]);
    }
    let unit = |i: usize| (0..n).map(|j| f64::from(u8::from(i == j))).collect::<Vec<_>>();
    for (e, first) in topology.positions().step_by(n).enumerate() {
        let (row, col) = (first as usize / topology.cols(), first as usize % topology.cols() / n);
        let (c, place) = (col / shape.area(), col % shape.area());
        let w = f64s(&weights[e * n..][..n]);
        let columns: Vec<Vec<f64>> = (0..n).map(|j| product(algebra, &w, &unit(j))).collect();
        for (xp, yp) in pairs(&shape, place) {
            for s in 0..batch {
                let x_at = |j: usize| s * inputs + feature(n, ip, c, j, xp);
                let y_at = |r: usize| s * outputs + feature(n, op, row, r, yp);
                let here: Vec<f64> = (0..n).map(|j| f64::from(x[x_at(j)])).collect();
                let grad: Vec<f64> = (0..n).map(|r| f64::from(dy[y_at(r)])).collect();
                for (r, part) in product(algebra, &w, &here).into_iter().enumerate() {
                    y[y_at(r)] += part;
                }
                for j in 0..n {
                    dx[x_at(j)] += columns[j].iter().zip(&grad).map(|(l, g)| l * g).sum::<f64>();
                    let by_w = product(algebra, &unit(j), &here);
                    dw[e * n + j] += by_w.iter().zip(&grad).map(|(l, g)| l * g).sum::<f64>();
                }
            }
        }
    }
    [y, dx, dw]
}

/// The largest error over the largest value.
fn error(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1e-9f64, |largest, v| largest.max(v.abs()));
    let off = found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs());
    off.fold(0.0, f64::max) / largest
}

fn draw(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Seed::new(seed).rng();
    (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect()
}

/// The output, and the gradients of input and parameters, of a pass.
fn pass(network: &Network, x: &[f32], dy: &[f32]) -> (Vec<f32>, Gradients) {
    let mut vjp = network.vjp(x, &mut sparring_sparse::Ctx::default()).unwrap();
    let y = vjp.output().to_vec();
    let gradients = vjp.backward(dy, Wanted { input: true, params: true }).unwrap();
    (y, gradients)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn products_and_their_gradients_are_those_of_the_definition(
        which in 0usize..8, rows in 1usize..7, cols in 1usize..7, batch in 1usize..90, share in 0.05f64..1.3,
        form in 0usize..3, kind in 0usize..3, threads in 0usize..3, seed in any::<u64>(),
    ) {
        let algebra = algebras().nth(which).unwrap();
        let (shape, batch) = match kind {
            0 => (conv(algebra, rows.min(2), cols.min(2), 1 + rows % 2), 1 + batch % 5),
            _ => (linear(algebra, rows, cols), batch),
        };
        let spec = spec("one", algebra, shape, Activation::Identity);
        let form = [Compute::Sparse, Compute::Dense, Compute::Auto(Default::default())][form];
        let par = if threads == 0 { Par::Serial } else { Par::Threads(threads) };
        let network = one_layer(&spec, share, form, par, seed);
        let x = draw(batch * shape.input().size(), seed ^ 1);
        let dy = draw(batch * shape.output().size(), seed ^ 2);
        let [y, dx, dw] = by_definition(&network, &x, &dy, batch);
        let (found, gradients) = pass(&network, &x, &dy);
        prop_assert!(error(&found, &y) < 1e-5, "{algebra:?} y");
        prop_assert!(error(&gradients.input, &dx) < 1e-5, "{algebra:?} dx");
        let weights = network.layers()[0].weights();
        prop_assert!(error(&gradients.params[weights], &dw) < 1e-5, "{algebra:?} dw");
    }
}

/// The real matrix of a layer, as a real layer, computes the same; it is what policies are exported as.
#[test]
fn a_layer_is_the_real_layer_that_it_folds_to() {
    for algebra in algebras() {
        for shape in [linear(algebra, 3, 5), conv(algebra, 2, 3, 1)] {
            for share in [0.4, 1.0] {
                let of = |algebra| spec("one", algebra, shape, Activation::Tanh);
                let network = one_layer(&of(algebra), share, Compute::Sparse, Par::Serial, 3);
                let layer = &network.layers()[0];
                let params: Vec<f32> = network.params().to_vec1().unwrap();
                let (topology, mut real) = layer.real(&params[layer.weights()]).unwrap();
                assert_eq!((topology.rows(), topology.cols()), (shape.rows(), shape.cols()));
                let copies = topology.nnz() * algebra.order() / layer.topology().nnz();
                assert_eq!(copies, algebra.terms() * algebra.columns(), "{algebra:?}");
                real.extend_from_slice(&params[layer.biases()]);
                let alone = Layer::new(&of(Algebra::REAL), topology, Compute::Sparse, 0).unwrap();
                let alone = Network::new(vec![alone], real).unwrap();
                for batch in [1, 3, 40] {
                    let x = draw(batch * shape.input().size(), 5);
                    let [a, b] = [&network, &alone].map(|n| n.outputs(&x).unwrap());
                    let expected: Vec<f64> = b.iter().map(|v| f64::from(*v)).collect();
                    assert!(error(&a, &expected) < 1e-5, "{algebra:?} {batch}");
                }
            }
        }
    }
}

#[test]
fn all_but_the_cross_product_are_associative() {
    for algebra in algebras() {
        let element = |seed| -> Vec<f64> {
            draw(algebra.order(), seed).iter().map(|v| f64::from(*v)).collect()
        };
        let [a, b, c] = [1, 2, 3].map(element);
        let left = product(algebra, &product(algebra, &a, &b), &c);
        let right = product(algebra, &a, &product(algebra, &b, &c));
        let off = left.iter().zip(&right).map(|(l, r)| (l - r).abs()).fold(0.0, f64::max);
        assert_eq!(off < 1e-12, algebra.row().name != "cross", "{algebra:?} {off}");
    }
}

/// `i² = j² = k² = i j k = −1`, by a layer of one quaternion.
#[test]
fn the_units_of_the_quaternions() {
    let h = algebras().find(|a| a.row().name == "h").unwrap();
    let spec = spec("one", h, linear(h, 1, 1), Activation::Identity);
    let unit = |i: usize| (0..4).map(|j| if i == j { 1.0f32 } else { 0.0 }).collect::<Vec<_>>();
    let times = |w: Vec<f32>, x: Vec<f32>| {
        let layer = Layer::new(&spec, Arc::new(Topology::dense(1, 4).unwrap()), Compute::Sparse, 0)
            .unwrap();
        let network = Network::new(vec![layer], [w, vec![0.0; 4]].concat()).unwrap();
        network.outputs(&x).unwrap()
    };
    let minus_one: Vec<f32> = unit(0).iter().map(|v| 0.0 - v).collect();
    for i in 1..4 {
        assert_eq!(times(unit(i), unit(i)), minus_one);
    }
    assert_eq!(times(unit(1), unit(2)), unit(3));
    assert_eq!(times(unit(2), unit(3)), unit(1));
    assert_eq!(times(unit(3), unit(1)), unit(2));
    assert_eq!(times(times(unit(1), unit(2)), unit(3)), minus_one);
}

/// What `sparring_sparse::algebra` warns of: columns never mix.
#[test]
fn a_column_of_a_matrix_network_sees_none_but_itself() {
    for algebra in algebras().filter(|a| a.columns() > 1) {
        let (q, seed) = (algebra.columns(), Seed::new(4));
        let shape = linear(algebra, 4, 4);
        let specs = ["a", "b"].map(|name| spec(name, algebra, shape, Activation::Relu));
        let config = SparsityConfig::dense();
        let trainer = Trainer::new("net", &specs, &config, ADAM, &seed).unwrap();
        let x = draw(shape.input().size(), 9);
        let mut without = x.clone();
        without.iter_mut().skip(1).step_by(q).for_each(|x| *x = 0.0);
        let [y, other] = [x, without].map(|x| trainer.network().outputs(&x).unwrap());
        let column =
            |y: &[f32], at: usize| -> Vec<f32> { y.iter().skip(at).step_by(q).copied().collect() };
        assert_eq!(column(&y, 0), column(&other, 0));
        assert_ne!(column(&y, 1), column(&other, 1));
    }
}

/// Whole elements at every step of every method, as many as were planned, over a linear layer and a convolution.
#[test]
fn every_method_keeps_its_elements_over_1000_updates() {
    let others = [dense(), fixed(), snip(), pruning(5, 905, 100)];
    let methods: Vec<_> = rewiring(20).into_iter().chain(others).collect();
    for algebra in algebras() {
        let n = algebra.order();
        let specs = [
            spec("conv", algebra, conv(algebra, 2, 1, 2), Activation::Relu),
            spec("linear", algebra, linear(algebra, 3, 2 * 6), Activation::Relu),
            spec(
                "head",
                Algebra::REAL,
                Shape::Linear { inputs: 3 * n, outputs: 2 },
                Activation::Identity,
            ),
        ];
        let x = draw(4 * 20 * n, 1);
        for method in &methods {
            let config = SparsityConfig {
                distribution: Distribution::Uniform,
                ..sparse(method.clone(), 0.5)
            };
            let adam = OptimizerConfig { learning_rate: 1e-2, ..ADAM };
            let mut trainer = Trainer::new("net", &specs, &config, adam, &Seed::new(1)).unwrap();
            let planned = sparring_sparse::shares::shares(&specs, &config).unwrap();
            let shrinks = is(method, "snip") || is(method, "pruning");
            for t in 0..1000 {
                let step = trainer.begin_step().unwrap();
                let mut pass = trainer.vjp(&x, &step).unwrap();
                let dy: Vec<f32> = pass.output().iter().map(|y| y - (t % 7) as f32).collect();
                let gradients = pass.backward(&dy, Wanted::PARAMS).unwrap();
                trainer.finish_step(step, gradients).unwrap();
                for (layer, share) in trainer.network().layers().iter().zip(&planned).take(2) {
                    let topology = layer.topology();
                    let blocks = Blocks::of_elements(n, topology.rows(), topology.cols());
                    assert!(blocks.fit(topology), "{algebra:?} {method:?} {t}");
                    let exact = topology.nnz() == share.nnz;
                    assert!(exact || shrinks && t < 905, "{algebra:?} {method:?} {t}");
                }
            }
            let grown: usize = trainer.drain_rewired().iter().take(2).map(|c| c.grown).sum();
            assert_eq!(
                grown > 0,
                rewiring(20).iter().any(|m| m == method),
                "{algebra:?} {method:?}"
            );
        }
    }
}

/// A kept element goes on with its moments, a grown one starts anew, whole.
#[test]
fn moments_follow_their_element() {
    for algebra in algebras() {
        let n = algebra.order();
        let specs = [
            spec("hidden", algebra, linear(algebra, 6, 5), Activation::Relu),
            spec(
                "head",
                Algebra::REAL,
                Shape::Linear { inputs: 6 * n, outputs: 2 },
                Activation::Identity,
            ),
        ];
        let config = sparse(rigl(drop_grow(30)), 0.6);
        let mut trainer = Trainer::new("net", &specs, &config, ADAM, &Seed::new(1)).unwrap();
        let step = |trainer: &mut Trainer, scale: f32| {
            let step = trainer.begin_step().unwrap();
            let mut pass = trainer.vjp(&draw(3 * 5 * n, 8), &step).unwrap();
            let dy: Vec<f32> = pass.output().iter().map(|y| scale * (y - 1.0)).collect();
            let gradients = pass.backward(&dy, Wanted::PARAMS).unwrap();
            trainer.finish_step(step, gradients).unwrap();
        };
        (0..30).for_each(|_| step(&mut trainer, 1.0));
        let before = state(&trainer);
        // So small that it leaves no trace beside what the rewiring did.
        step(&mut trainer, 1e-30);
        let after = state(&trainer);
        let mut grown = 0;
        for first in trainer.network().layers()[0].topology().positions().step_by(n) {
            let stays = before.contains_key(&(0, first));
            grown += usize::from(!stays);
            for position in first..first + n as u32 {
                let (_, m, v) = after[&(0, position)];
                match before.get(&(0, position)) {
                    Some((_, old, _)) => {
                        assert!(stays && (m - 0.9 * old).abs() <= 1e-6 * old.abs() + 1e-28)
                    }
                    None => assert!(!stays && m.abs() < 1e-28 && v == 0.0),
                }
            }
        }
        assert!(grown > 0, "{algebra:?}");
    }
}

/// RigL drops the element of smallest norm and grows that of the largest gradient norm, by the tuple and not by its
/// largest entry.
#[test]
fn elements_are_ranked_by_their_norms() {
    let blocks = Blocks::of_elements(2, 1, 8);
    // |(3, 4)| = 5, |(5.5, 0)| = 5.5 and |(4, 4)| = 5.66.
    let topology = Topology::new(1, 8, &[0, 1, 2, 3, 4, 5]).unwrap();
    let scores = [3.0, 4.0, 5.5, 0.0, 4.0, 4.0];
    let active = blocks.active(&topology);
    assert_eq!(active, [0, 1, 2]);
    let norms = blocks.sums(&topology, &active, scores.into_iter());
    assert_eq!(norms[..2], [5.0, 5.5]);
    assert!((norms[2] - 32f32.sqrt()).abs() < 1e-6);
    let dense = blocks.dense_sums([0.0, 1.0, 0.6, 0.8, 2.0, 0.0, 3.0, 4.0].into_iter());
    assert_eq!(dense, [1.0, 1.0, 2.0, 5.0]);
}

/// The first weights give a component of the output the variance that a real layer gives a feature.
#[test]
fn first_weights_keep_the_variance() {
    for algebra in algebras() {
        let elements = 720 / algebra.order();
        let mut spec =
            spec("one", algebra, linear(algebra, elements, elements), Activation::Identity);
        (spec.bias, spec.init) = (0.0, Init::TruncatedNormal { scale: 1.0 });
        let config = SparsityConfig::dense();
        let trainer = Trainer::new("net", &[spec], &config, ADAM, &Seed::new(2)).unwrap();
        let mut rng = Seed::new(7).rng();
        let x: Vec<f32> = (0..20 * elements * algebra.order())
            .map(|_| if rng.random() { 1.0 } else { -1.0 })
            .collect();
        let y = trainer.network().outputs(&x).unwrap();
        let variance = y.iter().map(|y| f64::from(y * y)).sum::<f64>() / y.len() as f64;
        assert!((0.9..1.1).contains(&variance), "{algebra:?} {variance}");
    }
}

/// What elements cost is what the table of `sparring_sparse::algebra` says.
#[test]
fn weights_and_multiplications_are_those_of_the_table() {
    let table = [
        ("c", 2.0, 1.0),
        ("dual", 2.0, 0.75),
        ("h", 4.0, 1.0),
        ("m2r", 4.0, 0.5),
        ("m2c", 8.0, 0.5),
        ("m3r", 9.0, 1.0 / 3.0),
        ("m4r", 16.0, 0.25),
        ("cross", 3.0, 2.0 / 3.0),
    ];
    for (algebra, (name, fewer, products)) in algebras().zip(table) {
        assert_eq!(algebra.row().name, name);
        let width = 144 * 2;
        let shape = Shape::Linear { inputs: width, outputs: width };
        let spec = spec("one", algebra, shape, Activation::Relu);
        let [rows, cols] = spec.weights();
        let square = (width * width) as f64;
        assert_eq!((rows * cols) as f64, square / fewer, "{name}");
        let cost = sparring_sparse::LayerCost::new(&shape, algebra, rows * cols, true);
        assert_eq!(cost.weights() as f64, square / fewer);
        let multiplied = (cost.forward_flops() as f64 - width as f64) / 2.0;
        assert!((multiplied / square - products).abs() < 1e-9, "{name} {multiplied}");
    }
}

#[test]
fn a_batch_of_nothing_gives_nothing() {
    for algebra in algebras() {
        let spec = spec("one", algebra, linear(algebra, 3, 2), Activation::Relu);
        let network = one_layer(&spec, 1.0, Compute::Sparse, Par::Serial, 3);
        assert_eq!(network.outputs(&[]).unwrap(), [0.0; 0], "{algebra:?}");
    }
}

#[test]
fn threads_change_no_bit() {
    for algebra in algebras() {
        let spec = spec("one", algebra, linear(algebra, 9, 8), Activation::Relu);
        for batch in [2, 70] {
            let run = |par| {
                let network = one_layer(&spec, 0.5, Compute::Sparse, par, 3);
                let shape = network.layers()[0].shape();
                let x = draw(batch * shape.input().size(), 1);
                let dy = draw(batch * shape.output().size(), 2);
                let (y, gradients) = pass(&network, &x, &dy);
                (y, gradients.input, gradients.params)
            };
            let serial = run(Par::Serial);
            assert!(run(Par::Threads(3)) == serial, "{algebra:?} {batch}");
        }
    }
}
