//! The three products of a linear layer, sparse or dense.
//!
//! With the weights `W (out, in)` of a [`Topology`] and activations in [`Lanes`],
//!
//! ```text
//! forward      y (out) = act(W x + b)                                SpMM
//! input_grad  dx (in)  = Wᵀ dy, through the activation below         SpMM, transposed order
//! weight_grad dW (nnz) = dy xᵀ sampled on the active positions       SDDMM
//! ```
//!
//! Each costs `2 · nnz · batch` floating-point operations. A layer whose weights are all active goes
//! through dense products.

use super::args::{Below, Pass, Reordered, Sides, Weights};
use super::dense::{Matrix, product};
use super::entries::{Entries, Strides, Walk};
use super::gather::{End, gather};
use super::lanes::Lanes;
use super::sample::{is_narrow, sample, sample_all};
use super::small::{self, Bias, is_small, is_thin, multiply};
use super::{activation, vector};
use crate::topology::Topology;

/// `y = act(W x + b)`: x `(in)` slots, y `(out)` slots.
pub fn forward(topology: &Topology, weights: Weights<'_>, pass: Pass, x: &[f32], y: &mut [f32]) {
    let Weights { values, bias, activation } = weights;
    let Pass { lanes, par } = pass;
    let (rows, cols) = (topology.rows(), topology.cols());
    if let Some(csr) = topology.csr() {
        return forward_over([rows, cols], csr.by_row(), weights, pass, x, y);
    }
    for tile in lanes.tiles() {
        let (x, y) = (tile.of(x, cols), tile.of_mut(y, rows));
        if is_small(rows, cols) || is_thin(tile) {
            let w = Matrix::new(values, rows, cols);
            let end = small::End::Forward { bias: Bias::OfRow(bias), activation };
            par.rows(
                rows,
                |row| row * tile.width,
                y,
                |range, y| multiply(tile.width, w, range, end, x, y),
            );
        } else {
            let (w, x) = (Matrix::new(values, rows, cols), Matrix::new(x, cols, tile.width));
            product(w, x, y, tile.width, false, par);
            activation::apply(activation, bias, tile.width, y);
        }
    }
}

/// [`forward`] with some entries, row by row, of a layer of `[rows, cols]`, whose values `weights` has.
pub(super) fn forward_over(
    [rows, cols]: [usize; 2],
    entries: Entries<'_>,
    weights: Weights<'_>,
    pass: Pass,
    x: &[f32],
    y: &mut [f32],
) {
    let Weights { values, bias, activation } = weights;
    for tile in pass.lanes.tiles() {
        let (x, y) = (tile.of(x, cols), tile.of_mut(y, rows));
        let end = End::Forward { bias, activation };
        pass.par.rows(
            rows,
            |row| row * tile.width,
            y,
            |range, y| gather(tile, &Walk::FEATURES, (entries, values), range, end, x, y),
        );
    }
}

/// `dx = Wᵀ dy · act'(x)`, where x is what stands `below`, `(in)` slots: dy `(out)` slots, dx `(in)`
/// slots.
///
/// The values are put into the order of columns: fetching them once in that order beats fetching them
/// through the permutation for every tile.
pub fn input_grad(
    topology: &Topology,
    weights: Reordered<'_>,
    below: Below<'_>,
    pass: Pass,
    dy: &[f32],
    dx: &mut [f32],
) {
    let Reordered { values, scratch: by_col } = weights;
    let Pass { lanes, par } = pass;
    let (rows, cols) = (topology.rows(), topology.cols());
    if let Some(csr) = topology.csr() {
        by_col.clear();
        by_col.extend(csr.perm().iter().map(|k| values[*k as usize]));
        return input_grad_over([rows, cols], (csr.by_col(), by_col), below, pass, dy, dx);
    }
    for tile in lanes.tiles() {
        let (x, dy, dx) = (tile.of(below.y, cols), tile.of(dy, rows), tile.of_mut(dx, cols));
        if is_small(rows, cols) {
            let (w, activation) = (Matrix::new(values, rows, cols), below.activation);
            let end = small::End::Backward { activation, y: x };
            par.rows(
                cols,
                |col| col * tile.width,
                dx,
                |range, dx| multiply(tile.width, w.t(), range, end, dy, dx),
            );
        } else {
            let (w, dy) = (Matrix::new(values, rows, cols), Matrix::new(dy, rows, tile.width));
            product(w.t(), dy, dx, tile.width, false, par);
            activation::chain(below.activation, x, dx);
        }
    }
}

/// [`input_grad`] with some entries, column by column, and their values, of a layer of `[rows, cols]`.
pub(super) fn input_grad_over(
    [rows, cols]: [usize; 2],
    entries: (Entries<'_>, &[f32]),
    below: Below<'_>,
    pass: Pass,
    dy: &[f32],
    dx: &mut [f32],
) {
    for tile in pass.lanes.tiles() {
        let (x, dy, dx) = (tile.of(below.y, cols), tile.of(dy, rows), tile.of_mut(dx, cols));
        let end = End::Backward { activation: below.activation, y: x, at: Strides::FEATURES };
        pass.par.rows(
            cols,
            |col| col * tile.width,
            dx,
            |range, dx| gather(tile, &Walk::FEATURES, entries, range, end, dy, dx),
        );
    }
}

/// `dW = dy xᵀ` on the active positions: dy `(out)` slots, x `(in)` slots, dw `(nnz)`.
pub fn weight_grad(topology: &Topology, pass: Pass, sides: Sides<'_>, dw: &mut [f32]) {
    let Pass { lanes, par } = pass;
    let (rows, cols) = (topology.rows(), topology.cols());
    let narrow = is_narrow(rows, cols);
    if narrow || topology.csr().is_some() {
        dw.fill(0.0);
    }
    for tile in lanes.tiles() {
        let (x, dy) = (tile.of(sides.x, cols), tile.of(sides.dy, rows));
        match topology.csr() {
            Some(csr) => {
                let entries = csr.by_row();
                let ptr = entries.ptr();
                par.rows(
                    rows,
                    |row| ptr[row] as usize,
                    dw,
                    |range, dw| {
                        sample(tile, &Walk::FEATURES, entries, range, Sides { dy, x }, dw);
                    },
                );
            }
            None if narrow => par.rows(
                rows,
                |row| row * cols,
                dw,
                |range, dw| {
                    sample_all(tile, cols, range, Sides { dy, x }, dw);
                },
            ),
            None => {
                // Lanes beyond the batch would add zeros.
                let of = |slots, n| Matrix::strided(slots, n, tile.samples, tile.width);
                product(of(dy, rows), of(x, cols).t(), dw, cols, tile.first > 0, par);
            }
        }
    }
}

/// `db = Σ dy` over the batch: dy `(out)` slots, db `(out)`.
pub fn bias_grad(lanes: Lanes, dy: &[f32], db: &mut [f32]) {
    db.fill(0.0);
    for tile in lanes.tiles() {
        vector::add_row_sums(tile.of(dy, db.len()), tile.width, db);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};
    use crate::kernels::reference::{self, error};
    use crate::kernels::{Par, Plane};
    use crate::layers::Activation;
    use crate::sample::distinct;
    use crate::seed::Seed;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn agree_with_the_reference(
            rows in 1usize..150, cols in 1usize..150, batch in 1usize..301, density in 0.001f64..1.1,
            seed in any::<u64>(), act in 0usize..3, threads in 0usize..4, level in 0usize..3,
        ) {
            LEVEL.set(LEVELS[level]);
            let mut rng = Seed::new(seed).rng();
            let nnz = ((density * (rows * cols) as f64) as usize).min(rows * cols);
            let positions = distinct(rows * cols, nnz, &mut rng);
            let topology = Topology::new(rows, cols, &positions).unwrap();
            let mut draw = |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
            let (values, bias) = (draw(nnz), draw(rows));
            let (x_rows, dy_rows) = (draw(cols * batch), draw(rows * batch));
            let activation = [Activation::Identity, Activation::Relu, Activation::Tanh][act];
            let par = if threads == 0 { Par::Serial } else { Par::Threads(threads) };
            let (lanes, inputs, outputs) = (Lanes::new(batch), Plane::flat(cols), Plane::flat(rows));
            let pass = Pass { lanes, par };
            let (mut x, mut dy) = (lanes.zeros(cols), lanes.zeros(rows));
            inputs.from_rows(lanes, &x_rows, &mut x);
            outputs.from_rows(lanes, &dy_rows, &mut dy);
            let back = |plane: &Plane, slots: &[f32]| {
                let mut rows = vec![0.0; plane.size() * batch];
                plane.to_rows(lanes, slots, &mut rows);
                rows
            };

            let mut y = lanes.zeros(rows);
            y.fill(f32::NAN);
            forward(&topology, Weights { values: &values, bias: &bias, activation }, pass, &x, &mut y);
            let expected = reference::forward(&topology, &values, &bias, activation, batch, &x_rows);
            prop_assert!(error(&back(&outputs, &y), &expected) < 1e-5);

            let mut dx = lanes.zeros(cols);
            dx.fill(f32::NAN);
            let weights = Reordered { values: &values, scratch: &mut Vec::new() };
            input_grad(&topology, weights, Below { activation, y: &x }, pass, &dy, &mut dx);
            let expected = reference::input_grad(&topology, &values, activation, batch, &x_rows, &dy_rows);
            prop_assert!(error(&back(&inputs, &dx), &expected) < 1e-5);

            let mut dw = vec![f32::NAN; nnz];
            weight_grad(&topology, pass, Sides { dy: &dy, x: &x }, &mut dw);
            prop_assert!(error(&dw, &reference::weight_grad(&topology, batch, &x_rows, &dy_rows)) < 1e-5);

            let mut db = vec![f32::NAN; rows];
            bias_grad(lanes, &dy, &mut db);
            prop_assert!(error(&db, &reference::bias_grad(rows, batch, &dy_rows)) < 1e-5);
        }
    }

    #[test]
    fn an_empty_row_gives_its_bias_and_an_empty_column_no_gradient() {
        let topology = Topology::new(2, 2, &[0]).unwrap();
        let lanes = Lanes::new(1);
        let pass = Pass { lanes, par: Par::Serial };
        let (mut x, mut y) = (lanes.zeros(2), lanes.zeros(2));
        (x[0], x[16]) = (4.0, 5.0);
        let activation = Activation::Identity;
        let weights = Weights { values: &[2.0], bias: &[0.5, -3.0], activation };
        forward(&topology, weights, pass, &x, &mut y);
        assert_eq!((y[0], y[16]), (8.5, -3.0));
        let (mut dy, mut dx) = (lanes.zeros(2), lanes.zeros(2));
        (dy[0], dy[16]) = (1.0, 1.0);
        let weights = Reordered { values: &[2.0], scratch: &mut Vec::new() };
        input_grad(&topology, weights, Below { activation, y: &x }, pass, &dy, &mut dx);
        assert_eq!((dx[0], dx[16]), (2.0, 0.0));
    }

    #[test]
    fn threads_change_no_bit() {
        let mut rng = Seed::new(5).rng();
        let positions = distinct(200 * 150, 3000, &mut rng);
        let topology = Topology::new(200, 150, &positions).unwrap();
        let mut draw =
            |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
        let (values, bias) = (draw(3000), draw(200));
        let lanes = Lanes::new(100);
        let (mut x, mut dy) = (lanes.zeros(150), lanes.zeros(200));
        Plane::flat(150).from_rows(lanes, &draw(15_000), &mut x);
        Plane::flat(200).from_rows(lanes, &draw(20_000), &mut dy);
        let run = |par| {
            let (mut y, mut dx, mut dw) = (lanes.zeros(200), lanes.zeros(150), vec![0.0; 3000]);
            let (pass, activation) = (Pass { lanes, par }, Activation::Relu);
            let weights = Weights { values: &values, bias: &bias, activation };
            forward(&topology, weights, pass, &x, &mut y);
            let weights = Reordered { values: &values, scratch: &mut Vec::new() };
            input_grad(&topology, weights, Below { activation, y: &x }, pass, &dy, &mut dx);
            weight_grad(&topology, pass, Sides { dy: &dy, x: &x }, &mut dw);
            (y.to_vec(), dx.to_vec(), dw)
        };
        let serial = run(Par::Serial);
        for threads in [1, 2, 7, 500] {
            assert!(run(Par::Threads(threads)) == serial, "{threads} threads");
        }
    }
}
