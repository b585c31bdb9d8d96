//! Products of small dense matrices, straight on the tiles.
//!
//! `gemm` packs both sides, which a matrix that lies near needs not, and leaves bias, activation and slope to another
//! pass over what it wrote. Here they come while a sum is in registers. A sum goes through its row
//! from 0 on, one multiply-add after the other, as `gemm`'s does.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::activation::{apply_simd, chain_simd};
use super::dense::Matrix;
use super::dispatch::dispatch;
use super::lanes::{GRAIN, Tile};
use super::vector;
use crate::layers::Activation;

/// Whether [`multiply`] is quicker than `gemm` at `rows · cols` weights.
pub fn is_small(rows: usize, cols: usize) -> bool {
    rows * cols <= MOST
}

/// 64 KiB of weights.
const MOST: usize = 128 * 128;

/// Whether [`multiply`] is quicker than `gemm` with as few samples as `tile` has, whatever the weights: an agent acts on few
/// environments, and what is packed for one register of samples meets no second one.
pub fn is_thin(tile: Tile) -> bool {
    tile.width <= GRAIN
}

/// What happens to a finished sum.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// Nothing.
    Sum,
    /// `act(sum + bias)`.
    Forward {
        /// What is added.
        bias: Bias<'a>,
        /// The function.
        activation: Activation,
    },
    /// `sum · act'`: the chain rule of the layer below.
    Backward {
        /// The activation of the layer below.
        activation: Activation,
        /// Its output, with the rows and lanes of the result.
        y: &'a [f32],
    },
}

/// What is added to a sum.
#[derive(Clone, Copy, Debug)]
pub enum Bias<'a> {
    /// One number for all lanes of a row: lanes are samples.
    OfRow(&'a [f32]),
    /// One number for a lane of all rows: rows are samples.
    OfLane(&'a [f32]),
}

/// `to = end(W from)`: `from` has a row of `width` lanes, a multiple of [`GRAIN`], for each column of `w`; `rows` of `w`
/// are done, the first of them into row 0 of `to`.
pub fn multiply(
    width: usize,
    w: Matrix<'_>,
    rows: Range<usize>,
    end: End<'_>,
    from: &[f32],
    to: &mut [f32],
) {
    if rows.is_empty() || w.cols == 0 {
        return;
    }
    assert!(width.is_multiple_of(GRAIN));
    assert!((rows.end - 1) * w.row_stride + (w.cols - 1) * w.col_stride < w.data.len());
    assert!(w.cols * width <= from.len() && rows.len() * width <= to.len());
    match end {
        End::Sum => {}
        End::Forward { bias: Bias::OfRow(bias), .. } => assert!(rows.end <= bias.len()),
        End::Forward { bias: Bias::OfLane(bias), .. } => assert!(width <= bias.len()),
        End::Backward { y, .. } => assert!(rows.end * width <= y.len()),
    }
    dispatch(Multiply { width, w, rows, end, from, to });
}

struct Multiply<'a> {
    width: usize,
    w: Matrix<'a>,
    rows: Range<usize>,
    end: End<'a>,
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    /// Six rows share their loads of `from`, two registers of lanes at a time, four where there are 32 of them: so many
    /// sums at once as there is room for. All lanes of some rows come before the next rows, so that the tile stays near
    /// and each weight is fetched once.
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut row = self.rows.start;
        while row < self.rows.end {
            row += match self.rows.end - row {
                1 => self.rows::<S, 1>(simd, row),
                2 | 3 => self.rows::<S, 2>(simd, row),
                4 | 5 => self.rows::<S, 4>(simd, row),
                _ => self.rows::<S, 6>(simd, row),
            };
        }
    }
}

impl Multiply<'_> {
    /// All lanes of `N` rows from `row` on; gives `N`.
    #[inline(always)]
    fn rows<S: Simd, const N: usize>(&mut self, simd: S, row: usize) -> usize {
        let mut lane = 0;
        while lane < self.width {
            // SAFETY: `multiply` has checked that all of these rows, with all their lanes, lie in what is read and
            // written.
            lane += unsafe {
                match ((self.width - lane) / S::F32_LANES, S::REGISTER_COUNT >= 32) {
                    (1, _) => self.block::<S, 1, N>(simd, lane, row),
                    (2, _) | (_, false) => self.block::<S, 2, N>(simd, lane, row),
                    (3, true) => self.block::<S, 3, N>(simd, lane, row),
                    (_, true) => self.block::<S, 4, N>(simd, lane, row),
                }
            };
        }
        N
    }

    /// `R` registers of lanes of `N` rows; gives their lanes.
    ///
    /// # Safety
    /// These rows lie within `rows`, and `R` registers from `lane` on within the tile.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)] // Iterators over registers keep them in memory.
    unsafe fn block<S: Simd, const R: usize, const N: usize>(
        &mut self,
        simd: S,
        lane: usize,
        row: usize,
    ) -> usize {
        let width = self.width;
        // SAFETY: `multiply` has checked the sizes; the rest is the caller's. A register type has the alignment of its
        // f32s.
        unsafe {
            let mut sum = [[simd.splat_f32s(0.0); R]; N];
            let weights = self.w.data.as_ptr().add(row * self.w.row_stride);
            let from = self.from.as_ptr().add(lane);
            for k in 0..self.w.cols {
                let x = from.add(k * width).cast::<S::f32s>();
                let mut lanes = [simd.splat_f32s(0.0); R];
                for r in 0..R {
                    lanes[r] = *x.add(r);
                }
                for n in 0..N {
                    let weight = simd
                        .splat_f32s(*weights.add(n * self.w.row_stride + k * self.w.col_stride));
                    for r in 0..R {
                        sum[n][r] = simd.mul_add_f32s(weight, lanes[r], sum[n][r]);
                    }
                }
            }
            let to = self.to.as_mut_ptr().add((row - self.rows.start) * width + lane);
            match self.end {
                End::Forward { bias: Bias::OfRow(bias), activation } => {
                    for n in 0..N {
                        let bias = simd.splat_f32s(*bias.get_unchecked(row + n));
                        for r in 0..R {
                            let y = simd.add_f32s(sum[n][r], bias);
                            sum[n][r] = apply_simd(activation, simd, y);
                        }
                    }
                }
                End::Forward { bias: Bias::OfLane(bias), activation } => {
                    let bias = bias.as_ptr().add(lane).cast::<S::f32s>();
                    for r in 0..R {
                        let bias = *bias.add(r);
                        for n in 0..N {
                            let y = simd.add_f32s(sum[n][r], bias);
                            sum[n][r] = apply_simd(activation, simd, y);
                        }
                    }
                }
                End::Sum | End::Backward { activation: Activation::Identity, .. } => {}
                End::Backward { activation, y, .. } => {
                    let y = y.as_ptr().add(row * width + lane);
                    for n in 0..N {
                        let y = y.add(n * width).cast::<S::f32s>();
                        for r in 0..R {
                            sum[n][r] = chain_simd(activation, simd, *y.add(r), sum[n][r]);
                        }
                    }
                }
            }
            for n in 0..N {
                let slot = to.add(n * width).cast::<S::f32s>();
                for r in 0..R {
                    *slot.add(r) = sum[n][r];
                }
            }
            if let End::Forward { activation: Activation::Tanh, .. } = self.end {
                for n in 0..N {
                    let slot = std::slice::from_raw_parts_mut(to.add(n * width), R * S::F32_LANES);
                    slot.iter_mut().for_each(|y| *y = vector::tanh(*y));
                }
            }
        }
        R * S::F32_LANES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dense::product;
    use crate::kernels::lanes::Lanes;
    use crate::kernels::{Par, activation};

    fn far(found: &[f32], expected: &[f32]) -> bool {
        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4 * (1.0 + b.abs());
        !found.iter().zip(expected).all(near)
    }

    /// Beside `gemm` and the passes after it, forward and transposed, where rows are left over and tiles are narrow.
    #[test]
    fn agrees_with_gemm() {
        for (rows, cols, batch) in [(64, 64, 100), (1, 7, 1), (5, 1, 17), (6, 33, 64), (13, 3, 48)]
        {
            let tile = Lanes::new(batch).tiles().next().unwrap();
            let width = tile.width;
            let draw =
                |n: usize, by: f32| (0..n).map(|i| (i as f32 * by).sin()).collect::<Vec<_>>();
            let (data, bias) = (draw(rows * cols, 0.7), draw(rows, 0.3));
            let (x, dy) = (draw(cols * width, 0.9), draw(rows * width, 1.1));
            let w = Matrix::new(&data, rows, cols);
            for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
                let [mut found, mut expected] = [(); 2].map(|()| vec![f32::NAN; rows * width]);
                let end = End::Forward { bias: Bias::OfRow(&bias), activation };
                multiply(width, w, 0..rows, end, &x, &mut found);
                product(w, Matrix::new(&x, cols, width), &mut expected, width, false, Par::Serial);
                activation::apply(activation, &bias, width, &mut expected);
                assert!(!far(&found, &expected), "{rows} {cols} {activation:?}");

                let [mut found, mut expected] = [(); 2].map(|()| vec![f32::NAN; cols * width]);
                let end = End::Backward { activation, y: &x };
                multiply(width, w.t(), 0..cols, end, &dy, &mut found);
                product(
                    w.t(),
                    Matrix::new(&dy, rows, width),
                    &mut expected,
                    width,
                    false,
                    Par::Serial,
                );
                activation::chain(activation, &x, &mut expected);
                assert!(!far(&found, &expected), "{rows} {cols} {activation:?} back");
            }
        }
    }
}
