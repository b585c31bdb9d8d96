//! The products over active weights only, in the widest SIMD that the machine has (crate `pulp`).
//!
//! A row of the output is summed in registers over a block of batch lanes, one broadcast weight for
//! one row of the input, and written once. The order of the sums is fixed.

use pulp::{Arch, Simd, WithSimd};

use super::Activation;
use crate::topology::Csr;

/// Registers that one block of batch lanes takes.
const BLOCK: usize = 4;

/// See [`super::forward`].
pub fn forward(
    csr: &Csr,
    values: &[f32],
    bias: &[f32],
    activation: Activation,
    batch: usize,
    x: &[f32],
    y: &mut [f32],
) {
    let weights = |row: usize| {
        let entries = csr.row(row);
        csr.cols()[entries.clone()].iter().copied().zip(values[entries].iter().copied())
    };
    Arch::new().dispatch(Gather {
        weights,
        start: |row: usize| bias[row],
        activation,
        batch,
        from: x,
        to: y,
    });
}

/// See [`super::input_grad`].
pub fn input_grad(csr: &Csr, values: &[f32], batch: usize, dy: &[f32], dx: &mut [f32]) {
    let weights = |col: usize| {
        let entries = csr.col(col);
        let perm = csr.perm()[entries.clone()].iter();
        csr.rows()[entries].iter().copied().zip(perm.map(|&k| values[k as usize]))
    };
    let activation = Activation::Identity;
    Arch::new().dispatch(Gather { weights, start: |_| 0.0, activation, batch, from: dy, to: dx });
}

/// See [`super::weight_grad`].
pub fn weight_grad(csr: &Csr, rows: usize, batch: usize, dy: &[f32], x: &[f32], dw: &mut [f32]) {
    Arch::new().dispatch(Sample { csr, rows, batch, dy, x, dw });
}

/// `Σ a · b`.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    struct Dot<'a>(&'a [f32], &'a [f32]);
    impl WithSimd for Dot<'_> {
        type Output = f32;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            dot_simd(simd, self.0, self.1)
        }
    }
    Arch::new().dispatch(Dot(a, b))
}

/// `to[row] (batch) = act(start(row) + Σ weight · from[index])`, `from (·, batch)`.
struct Gather<'a, W, B> {
    weights: W,
    start: B,
    activation: Activation,
    batch: usize,
    from: &'a [f32],
    to: &'a mut [f32],
}

impl<W, B, I> WithSimd for Gather<'_, W, B>
where
    W: Fn(usize) -> I,
    B: Fn(usize) -> f32,
    I: Iterator<Item = (u32, f32)>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { weights, start, activation, batch, from, to } = self;
        for (row, to) in to.chunks_exact_mut(batch).enumerate() {
            let (whole, tail) = S::as_mut_simd_f32s(to);
            let mut blocks = whole.chunks_exact_mut(BLOCK);
            let mut offset = 0;
            for block in &mut blocks {
                let mut sum = [simd.splat_f32s(start(row)); BLOCK];
                for (index, weight) in weights(row) {
                    let first = index as usize * batch + offset;
                    let (lanes, _) = S::as_simd_f32s(&from[first..first + BLOCK * S::F32_LANES]);
                    let weight = simd.splat_f32s(weight);
                    for (sum, lanes) in sum.iter_mut().zip(lanes) {
                        *sum = simd.mul_add_f32s(weight, *lanes, *sum);
                    }
                }
                block.copy_from_slice(&sum);
                offset += BLOCK * S::F32_LANES;
            }
            for single in blocks.into_remainder() {
                let mut sum = simd.splat_f32s(start(row));
                for (index, weight) in weights(row) {
                    let first = index as usize * batch + offset;
                    let lanes = simd.partial_load_f32s(&from[first..first + S::F32_LANES]);
                    sum = simd.mul_add_f32s(simd.splat_f32s(weight), lanes, sum);
                }
                *single = sum;
                offset += S::F32_LANES;
            }
            if !tail.is_empty() {
                let mut sum = simd.splat_f32s(start(row));
                for (index, weight) in weights(row) {
                    let first = index as usize * batch + offset;
                    let lanes = simd.partial_load_f32s(&from[first..first + tail.len()]);
                    sum = simd.mul_add_f32s(simd.splat_f32s(weight), lanes, sum);
                }
                simd.partial_store_f32s(tail, sum);
            }
            activation.apply(to);
        }
    }
}

/// `dw[entry] = dy[row] · x[col]`.
struct Sample<'a> {
    csr: &'a Csr,
    rows: usize,
    batch: usize,
    dy: &'a [f32],
    x: &'a [f32],
    dw: &'a mut [f32],
}

impl WithSimd for Sample<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for row in 0..self.rows {
            let entries = self.csr.row(row);
            let dy = &self.dy[row * self.batch..][..self.batch];
            let cols = &self.csr.cols()[entries.clone()];
            for (dw, &col) in self.dw[entries].iter_mut().zip(cols) {
                *dw = dot_simd(simd, dy, &self.x[col as usize * self.batch..][..self.batch]);
            }
        }
    }
}

#[inline(always)]
fn dot_simd<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_tail), (b, b_tail)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let mut sum = [simd.splat_f32s(0.0); BLOCK];
    let (a, b) = (a.chunks_exact(BLOCK), b.chunks_exact(BLOCK));
    let (a_rest, b_rest) = (a.remainder(), b.remainder());
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            *sum = simd.mul_add_f32s(*a, *b, *sum);
        }
    }
    for ((sum, a), b) in sum.iter_mut().zip(a_rest).zip(b_rest) {
        *sum = simd.mul_add_f32s(*a, *b, *sum);
    }
    let [s0, s1, s2, s3] = sum;
    let (a, b) = (simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail));
    let s0 = simd.mul_add_f32s(a, b, s0);
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(s0, s1), simd.add_f32s(s2, s3)))
}
