//! Convolutions against plain loops in `f64`, over random shapes.

use proptest::prelude::*;
use rand::RngExt;

use super::{ConvIndex, ConvWalk, bias_grad, dense, sparse};
use crate::kernels::args::{Below, Pass, Reordered, Sides, Weights};
use crate::kernels::dispatch::tests::{LEVEL, LEVELS};
use crate::kernels::plane::{Plane, ViewMut};
use crate::kernels::reference::{self, Sum, error};
use crate::kernels::{Border, Lanes, Par};
use crate::layers::{Activation, Conv2d, Padding};
use crate::sample::distinct;
use crate::seed::Seed;
use crate::topology::Topology;

/// Every product term as `(sample, output feature, input feature, entry)`.
fn terms(
    conv: &Conv2d,
    topology: &Topology,
    batch: usize,
    mut each: impl FnMut(usize, usize, usize, usize),
) {
    let ([kh, kw], [oh, ow], [h, w]) = (conv.kernel, conv.out_size(), conv.size);
    let border = conv.input_plane().border;
    for (k, position) in topology.positions().enumerate() {
        let (out, col) = (position as usize / conv.cols(), position as usize % conv.cols());
        let (channel, ky, kx) = (col / (kh * kw), col / kw % kh, col % kw);
        for (oy, ox) in (0..oh).flat_map(|oy| (0..ow).map(move |ox| (oy, ox))) {
            let y = (oy * conv.stride + ky) as isize - border.top as isize;
            let x = (ox * conv.stride + kx) as isize - border.left as isize;
            if (0..h as isize).contains(&y) && (0..w as isize).contains(&x) {
                let input = (channel * h + y as usize) * w + x as usize;
                for b in 0..batch {
                    each(b, (out * oh + oy) * ow + ox, input, k);
                }
            }
        }
    }
}

fn add(to: &mut Sum, a: f32, b: f32) {
    let term = f64::from(a) * f64::from(b);
    *to = (to.0 + term, to.1 + term.abs());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]
    #[test]
    fn agree_with_the_reference(
        channels in (1usize..4, 1usize..6), size in (1usize..9, 1usize..9), kernel in (1usize..5, 1usize..5),
        stride in 1usize..4, same in any::<bool>(), batch in 1usize..70, density in 0.01f64..1.1,
        seed in any::<u64>(), act in 0usize..3, threads in 0usize..3, edge in 0usize..2, level in 0usize..3,
    ) {
        LEVEL.set(LEVELS[level]);
        // 'Same' padding makes room for a kernel that is larger than the image.
        let least = if same { [1; 2] } else { [kernel.0, kernel.1] };
        let conv = Conv2d {
            in_channels: channels.0,
            out_channels: channels.1,
            size: [size.0.max(least[0]), size.1.max(least[1])],
            kernel: [kernel.0, kernel.1],
            stride,
            padding: if same { Padding::Same } else { Padding::Valid },
        };
        let mut rng = Seed::new(seed).rng();
        let weights = conv.out_channels * conv.cols();
        let nnz = ((density * weights as f64) as usize).min(weights);
        let topology = Topology::new(conv.out_channels, conv.cols(), &distinct(weights, nnz, &mut rng)).unwrap();
        let mut draw = |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
        let activation = [Activation::Identity, Activation::Relu, Activation::Tanh][act];
        let lanes = Lanes::new(batch);
        let pass = Pass { lanes, par: if threads == 0 { Par::Serial } else { Par::Threads(threads) } };

        // Whoever reads the output, or wrote the input, may want a border of its own.
        let border = Border { top: edge, bottom: 2 * edge, left: edge, right: 0 };
        let (input, gradient) = (conv.input_plane(), conv.gradient_plane());
        let (to, back) = (Plane { border, ..conv.output_plane() }, Plane { border, ..input });
        let (values, bias) = (draw(nnz), draw(conv.out_channels));
        let (x_rows, dy_rows) = (draw(batch * input.size()), draw(batch * to.size()));
        let (mut x, mut dy) = (lanes.zeros(input.slots()), lanes.zeros(gradient.slots()));
        input.from_rows(lanes, &x_rows, &mut x);
        gradient.from_rows(lanes, &dy_rows, &mut dy);

        let zero = |n: usize| vec![(0.0, 0.0); n];
        let (mut y_exact, mut dx_exact, mut dw_exact) = (zero(dy_rows.len()), zero(x_rows.len()), zero(nnz));
        let pixels = to.size() / conv.out_channels.max(1);
        for (i, y) in y_exact.iter_mut().enumerate() {
            add(y, bias[i % to.size() / pixels], 1.0);
        }
        terms(&conv, &topology, batch, |b, out, inp, k| {
            let (out, inp) = (b * to.size() + out, b * input.size() + inp);
            add(&mut y_exact[out], values[k], x_rows[inp]);
            add(&mut dx_exact[inp], values[k], dy_rows[out]);
            add(&mut dw_exact[k], dy_rows[out], x_rows[inp]);
        });
        y_exact.iter_mut().for_each(|y| reference::activate(activation, y));
        dx_exact.iter_mut().zip(&x_rows).for_each(|(dx, x)| reference::chain(activation, *x, dx));

        let (mut y, mut dx) = (lanes.zeros(to.slots()), lanes.zeros(back.slots()));
        let (mut dw, mut scratch) = (vec![f32::NAN; nnz], Vec::new());
        let weights = Weights { values: &values, bias: &bias, activation };
        let (below, sides) = (Below { activation, y: &x }, Sides { dy: &dy, x: &x });
        {
            let y = ViewMut { data: &mut y, plane: &to };
            let dx = ViewMut { data: &mut dx, plane: &back };
            match topology.csr() {
                Some(csr) => {
                    let index = ConvIndex::new(conv, csr);
                    sparse::forward(&index, csr, weights, pass, &x, y);
                    let weights = Reordered { values: &values, scratch: &mut scratch };
                    sparse::input_grad(&index, weights, below, pass, &dy, dx);
                    sparse::weight_grad(&index, csr, pass, sides, &mut dw);
                }
                None => {
                    dense::forward(&conv, weights, pass, &mut scratch, &x, y);
                    let weights = Reordered { values: &values, scratch: &mut scratch };
                    dense::input_grad(&conv, weights, below, pass, &dy, dx);
                    dense::weight_grad(&conv, pass, &mut scratch, sides, &mut dw);
                }
            }
        }
        let rows = |plane: &Plane, slots: &[f32]| {
            let mut rows = vec![0.0; batch * plane.size()];
            plane.to_rows(lanes, slots, &mut rows);
            rows
        };
        prop_assert!(error(&rows(&to, &y), &y_exact) < 1e-5);
        prop_assert!(error(&rows(&back, &dx), &dx_exact) < 1e-5);
        prop_assert!(error(&dw, &dw_exact) < 1e-5);
        let inside = |plane: &Plane| plane.size() * lanes.width();
        prop_assert!(y.iter().filter(|y| **y != 0.0).count() <= inside(&to), "the border was written");
        prop_assert!(dx.iter().filter(|x| **x != 0.0).count() <= inside(&back), "the border was written");

        let mut db = vec![f32::NAN; conv.out_channels];
        bias_grad(&conv, lanes, &dy, &mut db);
        let mut db_exact = zero(conv.out_channels);
        dy_rows.iter().enumerate().for_each(|(i, dy)| add(&mut db_exact[i % to.size() / pixels], *dy, 1.0));
        prop_assert!(error(&db, &db_exact) < 1e-5);
    }
}
