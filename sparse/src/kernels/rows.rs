//! The three products of a small dense layer over a batch in rows: one sample after the other, its features side by side.
//!
//! In slots a weight meets sixteen samples at once, and a batch of 100 is computed as one of 112. Here an input of a
//! sample meets sixteen weights at once, whatever the batch, and what each product reads along the lanes stands so already:
//!
//! ```text
//! forward      y (batch, out) = act(x Wᵀ + b)      lanes are outputs, from Wᵀ, a copy
//! input_grad  dx (batch, in)  = dy W · act'(x)     lanes are inputs, from W
//! weight_grad dW (out, in)    = dyᵀ x              lanes are inputs, from x
//! ```
//!
//! Where that side is no whole number of registers (a head, an observation), forward and `input_grad` sum along the lanes of
//! the other side, and the weight gradient is computed transposed. A sum depends on nothing but shapes.

use pulp::{Simd, WithSimd};

use super::activation;
use super::args::{Below, Pass, Sides, Weights};
use super::dense::Matrix;
use super::dispatch::dispatch;
use super::lanes::GRAIN;
use super::sample::Dot;
use super::small::{Bias, End, is_small, multiply};
use super::transpose::Transposed;
use super::vector::sum4;
use crate::layers::Activation;

/// Whether a dense layer of these weights can be computed in rows.
pub fn takes(rows: usize, cols: usize) -> bool {
    is_small(rows, cols)
        && rows * cols > 0
        && (rows.is_multiple_of(GRAIN) || cols.is_multiple_of(GRAIN))
}

/// `y = act(x Wᵀ + b)`: x `(batch, in)`, y `(batch, out)`.
pub fn forward(
    [rows, cols]: [usize; 2],
    weights: Weights<'_>,
    transposed: &mut Transposed,
    pass: Pass,
    x: &[f32],
    y: &mut [f32],
) {
    let Weights { values, bias, activation } = weights;
    let batch = pass.lanes.batch();
    if rows.is_multiple_of(GRAIN) {
        let (x, from) = (Matrix::new(x, batch, cols), transposed.of(values, cols));
        let end = End::Forward { bias: Bias::OfLane(bias), activation };
        pass.par.rows(batch, |s| s * rows, y, |range, y| multiply(rows, x, range, end, from, y));
    } else {
        pass.par.rows(
            batch,
            |s| s * rows,
            y,
            |range, y| dots(cols, values, &x[range.start * cols..range.end * cols], y),
        );
        activate(activation, bias, y);
    }
}

/// `dx = dy W · act'(x)`, where x is what stands `below`: dy `(batch, out)`, dx `(batch, in)`.
pub fn input_grad(
    [rows, cols]: [usize; 2],
    values: &[f32],
    transposed: &mut Transposed,
    below: Below<'_>,
    pass: Pass,
    dy: &[f32],
    dx: &mut [f32],
) {
    let Below { activation, y } = below;
    let batch = pass.lanes.batch();
    if cols.is_multiple_of(GRAIN) {
        let (dy, end) = (Matrix::new(dy, batch, rows), End::Backward { activation, y });
        pass.par.rows(
            batch,
            |s| s * cols,
            dx,
            |range, dx| multiply(cols, dy, range, end, values, dx),
        );
    } else {
        let transposed = transposed.of(values, cols);
        pass.par.rows(
            batch,
            |s| s * cols,
            dx,
            |range, dx| dots(rows, transposed, &dy[range.start * rows..range.end * rows], dx),
        );
        activation::chain(activation, y, dx);
    }
}

/// `dW = dyᵀ x`: dy `(batch, out)`, x `(batch, in)`, dw `(out, in)`.
pub fn weight_grad(
    [rows, cols]: [usize; 2],
    transposed: &mut Transposed,
    pass: Pass,
    sides: Sides<'_>,
    dw: &mut [f32],
) {
    let batch = pass.lanes.batch();
    let (dy, x) = (Matrix::new(sides.dy, batch, rows), Matrix::new(sides.x, batch, cols));
    if batch == 0 {
        dw.fill(0.0);
    } else if cols.is_multiple_of(GRAIN) {
        let product = |range, dw: &mut [f32]| multiply(cols, dy.t(), range, End::Sum, sides.x, dw);
        pass.par.rows(rows, |row| row * cols, dw, product);
    } else {
        let transposed = transposed.memory(rows * cols);
        let product = |range, dw: &mut [f32]| multiply(rows, x.t(), range, End::Sum, sides.dy, dw);
        pass.par.rows(cols, |col| col * rows, transposed, product);
        for (col, column) in transposed.chunks_exact(rows).enumerate() {
            let dw = dw[col..].chunks_mut(cols).zip(column);
            dw.for_each(|(dw, sum)| dw[0] = *sum);
        }
    }
}

/// `db = Σ dy` over the batch: dy `(batch, out)`, db `(out)`.
pub fn bias_grad(dy: &[f32], db: &mut [f32]) {
    struct Sums<'a>(&'a [f32], &'a mut [f32]);
    impl WithSimd for Sums<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(dy, db) = self;
            let (outs, mut out) = (db.len(), 0);
            while out + GRAIN <= outs {
                // Sums stay in registers.
                let mut sums = [0.0; GRAIN];
                for dy in dy.chunks_exact(outs) {
                    sums.iter_mut().zip(&dy[out..out + GRAIN]).for_each(|(sum, dy)| *sum += dy);
                }
                db[out..out + GRAIN].copy_from_slice(&sums);
                out += GRAIN;
            }
            for (out, db) in db.iter_mut().enumerate().skip(out) {
                *db = dy.iter().skip(out).step_by(outs).sum();
            }
        }
    }
    dispatch(Sums(dy, db));
}

/// `y = act(y + bias)`: y `(batch, out)`, bias `(out)`.
fn activate(activation: Activation, bias: &[f32], y: &mut [f32]) {
    for y in y.chunks_exact_mut(bias.len()) {
        y.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
    }
    activation::apply(activation, &[0.0], y.len().max(1), y);
}

/// `to (samples, outs)`: the products of each row of `x (samples, length)` with each of `w (outs, length)`, whose length
/// is a multiple of [`GRAIN`].
fn dots(length: usize, w: &[f32], x: &[f32], to: &mut [f32]) {
    let (samples, outs) = (x.len() / length, w.len() / length);
    assert!(length.is_multiple_of(GRAIN) && to.len() == samples * outs);
    assert!(x.len() == samples * length && w.len() == outs * length);
    dispatch(Dots { length, outs, w, x, to });
}

struct Dots<'a> {
    length: usize,
    outs: usize,
    w: &'a [f32],
    x: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Dots<'_> {
    type Output = ();

    /// Four samples share the loads of `w` and the shuffles of their sums; where fewer are left, the last stands for
    /// those that are not there, since a sum alone would be taken in another order.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { length, outs, w, x, to } = self;
        let (samples, step) = (x.len() / length, S::F32_LANES);
        let dot = Dot { width: length, nx: length / step, x_step: step, dy_step: step };
        for first in (0..samples).step_by(4) {
            let four = std::array::from_fn(|i| (first + i).min(samples - 1) as u32);
            for out in 0..outs {
                // SAFETY: `dots` has checked that samples and weights have `length` numbers, so many registers.
                let sums = unsafe {
                    dot.of::<S, 1, 4>(simd, &four, w.as_ptr().add(out * length), x.as_ptr())
                };
                for (sample, sum) in (first..samples).zip(sum4(simd, sums)) {
                    to[sample * outs + out] = sum;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};
    use crate::kernels::reference::{self, error};
    use crate::kernels::{Lanes, Par};
    use crate::seed::Seed;
    use crate::topology::Topology;

    /// What the three products and the sum of a bias give.
    #[derive(Debug, PartialEq)]
    struct Found {
        y: Vec<f32>,
        dx: Vec<f32>,
        dw: Vec<f32>,
        db: Vec<f32>,
    }

    struct Case {
        shape: [usize; 2],
        batch: usize,
        activation: Activation,
        values: Vec<f32>,
        bias: Vec<f32>,
        x: Vec<f32>,
        dy: Vec<f32>,
    }

    impl Case {
        fn new(shape: [usize; 2], batch: usize, activation: Activation, seed: u64) -> Self {
            let mut rng = Seed::new(seed).rng();
            let mut draw =
                |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
            let [rows, cols] = shape;
            let (values, bias) = (draw(rows * cols), draw(rows));
            let (x, dy) = (draw(cols * batch), draw(rows * batch));
            Self { shape, batch, activation, values, bias, x, dy }
        }

        fn found(&self, par: Par) -> Found {
            let Self { shape, batch, activation, values, bias, x, dy } = self;
            let ([rows, cols], activation) = (*shape, *activation);
            let (pass, mut memory) =
                (Pass { lanes: Lanes::rows(*batch), par }, Transposed::default());
            let nan = |n| vec![f32::NAN; n];
            let [mut y, mut dx, mut dw, mut db] =
                [nan(rows * batch), nan(cols * batch), nan(rows * cols), nan(rows)];
            let weights = Weights { values, bias, activation };
            forward(*shape, weights, &mut memory, pass, x, &mut y);
            let below = Below { activation, y: x };
            input_grad(*shape, values, &mut memory, below, pass, dy, &mut dx);
            weight_grad(*shape, &mut memory, pass, Sides { dy, x }, &mut dw);
            bias_grad(dy, &mut db);
            Found { y, dx, dw, db }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn agree_with_the_reference(
            whole in 1usize..9, other in 1usize..128, wide_out in any::<bool>(), batch in 1usize..130,
            act in 0usize..3, seed in any::<u64>(), threads in 0usize..4, level in 0usize..3,
        ) {
            LEVEL.set(LEVELS[level]);
            let (whole, activation) = (whole * GRAIN, [Activation::Identity, Activation::Relu, Activation::Tanh][act]);
            let [rows, cols] = if wide_out { [whole, other] } else { [other, whole] };
            prop_assert!(takes(rows, cols));
            let case = Case::new([rows, cols], batch, activation, seed);
            let par = if threads == 0 { Par::Serial } else { Par::Threads(threads) };
            let Found { y, dx, dw, db } = case.found(par);
            let Case { values, bias, x, dy, .. } = &case;
            let all = Topology::dense(rows, cols).unwrap();
            prop_assert!(error(&y, &reference::forward(&all, values, bias, activation, batch, x)) < 1e-5);
            prop_assert!(error(&dx, &reference::input_grad(&all, values, activation, batch, x, dy)) < 1e-5);
            prop_assert!(error(&dw, &reference::weight_grad(&all, batch, x, dy)) < 1e-5);
            prop_assert!(error(&db, &reference::bias_grad(rows, batch, dy)) < 1e-5);
        }
    }

    #[test]
    fn neither_threads_nor_the_rest_of_the_batch_change_a_bit_of_a_sample() {
        for shape in [[64, 5], [3, 64], [64, 64]] {
            let whole = Case::new(shape, 101, Activation::Tanh, 7);
            let serial = whole.found(Par::Serial);
            for threads in [1, 2, 7, 500] {
                assert_eq!(whole.found(Par::Threads(threads)), serial, "{shape:?} {threads}");
            }
            let [rows, cols] = shape;
            for batch in [1, 3, 50] {
                let mut fewer = Case::new(shape, batch, Activation::Tanh, 7);
                fewer.x.copy_from_slice(&whole.x[..batch * cols]);
                fewer.dy.copy_from_slice(&whole.dy[..batch * rows]);
                let Found { y, dx, .. } = fewer.found(Par::Serial);
                assert_eq!(y, serial.y[..batch * rows], "{shape:?} {batch}");
                assert_eq!(dx, serial.dx[..batch * cols], "{shape:?} {batch}");
            }
        }
    }

    #[test]
    fn nothing_comes_of_no_samples() {
        for shape in [[16, 5], [3, 16]] {
            let Found { y, dx, dw, db } =
                Case::new(shape, 0, Activation::Relu, 7).found(Par::Serial);
            assert_eq!((y.len(), dx.len()), (0, 0));
            assert!(dw.iter().chain(&db).all(|x| *x == 0.0));
        }
    }
}
