//! SDDMM over slots: the weight gradient on the active positions only.
//!
//! `dw[k] = Σ_p dy[row, p] · x[index[k] + p]` over the positions `p` of a [`Walk`] and all lanes. Four
//! entries share the loads of `dy` and the shuffles of their sums; the limit is the one load of `x` a
//! register that each multiply-add needs.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::dispatch::dispatch;
use super::gather::{Entries, Strides, Walk};
use super::lanes::Tile;
use super::vector::sum4;

/// Adds one tile's part to `dw (entries of rows)`; `walk.from` is read in `x`, `walk.to` in `dy`.
pub fn sample(
    tile: Tile,
    walk: &Walk,
    pattern: Entries<'_>,
    rows: Range<usize>,
    (dy, x): (&[f32], &[f32]),
    dw: &mut [f32],
) {
    let (width, walk) = (tile.width, *walk);
    if rows.is_empty() || walk.ny * walk.nx == 0 {
        return;
    }
    let (ptr, index) = (pattern.ptr(), pattern.index());
    assert_eq!(dw.len(), (ptr[rows.end] - ptr[rows.start]) as usize);
    assert!(pattern.reach(&walk, width) <= x.len());
    assert!((walk.to.last(&walk, rows.end) + 1) * width <= dy.len());
    dispatch(Sample { width, walk, ptr, index, rows, dy, x, dw });
}

struct Sample<'a> {
    width: usize,
    walk: Walk,
    ptr: &'a [u32],
    index: &'a [u32],
    rows: Range<usize>,
    dy: &'a [f32],
    x: &'a [f32],
    dw: &'a mut [f32],
}

impl WithSimd for Sample<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut lane = 0;
        while lane < self.width {
            let registers = ((self.width - lane) / S::F32_LANES).min(4);
            match registers {
                1 => self.lanes::<S, 1>(simd, lane),
                2 => self.lanes::<S, 2>(simd, lane),
                3 => self.lanes::<S, 3>(simd, lane),
                _ => self.lanes::<S, 4>(simd, lane),
            }
            lane += registers * S::F32_LANES;
        }
    }
}

impl Sample<'_> {
    /// `R` registers of lanes.
    #[inline(always)]
    fn lanes<S: Simd, const R: usize>(&mut self, simd: S, lane: usize) {
        let (walk, width) = (self.walk, self.width);
        let base = |at: Strides, y: usize, row: usize| {
            (at.origin + y * at.y + row * at.row) * width + lane
        };
        let offset = self.ptr[self.rows.start] as usize;
        let dot =
            Dot { width, nx: walk.nx, x_step: walk.from.x * width, dy_step: walk.to.x * width };
        for y in 0..walk.ny {
            // SAFETY: `sample` has checked that the last position lies in both, with all its lanes.
            let x = unsafe { self.x.as_ptr().add(base(walk.from, y, 0)) };
            for row in self.rows.clone() {
                // SAFETY: as above, for the last row of `dy`.
                let dy = unsafe { self.dy.as_ptr().add(base(walk.to, y, row)) };
                let entries = self.ptr[row] as usize..self.ptr[row + 1] as usize;
                let dw = &mut self.dw[entries.start - offset..entries.end - offset];
                let (fours, rest) = self.index[entries].as_chunks::<4>();
                let (dw_fours, dw_rest) = dw.as_chunks_mut::<4>();
                for (index, dw) in fours.iter().zip(dw_fours) {
                    // SAFETY: as above, for every index of a `Entries`.
                    let sums = unsafe { dot.of::<S, R, 4>(simd, index, dy, x) };
                    let sums = sum4(simd, sums);
                    *dw = std::array::from_fn(|i| dw[i] + sums[i]);
                }
                for (index, dw) in rest.iter().zip(dw_rest) {
                    // SAFETY: as above.
                    let [sum] = unsafe { dot.of::<S, R, 1>(simd, &[*index], dy, x) };
                    *dw += simd.reduce_sum_f32s(sum);
                }
            }
        }
    }
}

/// Products along a row of positions; steps count numbers.
struct Dot {
    width: usize,
    nx: usize,
    x_step: usize,
    dy_step: usize,
}

impl Dot {
    /// The products of `N` entries, summed over positions and registers but not within one.
    ///
    /// # Safety
    /// All positions lie in `dy`, and in `x` from each of `index` on, with `R` registers each.
    #[inline(always)]
    unsafe fn of<S: Simd, const R: usize, const N: usize>(
        &self,
        simd: S,
        index: &[u32; N],
        dy: *const f32,
        x: *const f32,
    ) -> [S::f32s; N] {
        let mut sum = [simd.splat_f32s(0.0); N];
        for p in 0..self.nx {
            for r in 0..R {
                // SAFETY: the caller's; a register type has the alignment of its f32s.
                let dy = unsafe { *dy.add(p * self.dy_step).cast::<S::f32s>().add(r) };
                for (sum, &index) in sum.iter_mut().zip(index) {
                    let first = index as usize * self.width + p * self.x_step;
                    // SAFETY: as above.
                    let x = unsafe { *x.add(first).cast::<S::f32s>().add(r) };
                    *sum = simd.mul_add_f32s(dy, x, *sum);
                }
            }
        }
        sum
    }
}
