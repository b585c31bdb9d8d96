//! SDDMM over slots: the weight gradient on the active positions only.
//!
//! `dw[k] = Σ_p dy[row, p] · x[index[k] + p]` over the positions `p` of a [`Walk`] and all lanes. Four
//! entries share the loads of `dy` and the shuffles of their sums, and three that are left of a row; the
//! limit is the one load of `x` a register that each multiply-add needs. A row of zeros in `dy`, of a unit that its ReLU holds
//! back in all samples, adds nothing and is skipped.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::args::Sides;
use super::dispatch::dispatch;
use super::entries::{Entries, Strides, Walk};
use super::lanes::Tile;
use super::vector::{is_zero, sum4};

/// Adds one tile's part to `dw (entries of rows)`; `walk.from` is read in `x`, `walk.to` in `dy`.
pub fn sample(
    tile: Tile,
    walk: &Walk,
    entries: Entries<'_>,
    rows: Range<usize>,
    sides: Sides<'_>,
    dw: &mut [f32],
) {
    let Sides { dy, x } = sides;
    let (width, walk) = (tile.width, *walk);
    if rows.is_empty() || walk.ny * walk.nx == 0 {
        return;
    }
    let ptr = entries.ptr();
    assert_eq!(dw.len(), (ptr[rows.end] - ptr[rows.start]) as usize);
    assert!(entries.reach(&walk, width) <= x.len());
    assert!((walk.to.last(&walk, rows.end) + 1) * width <= dy.len());
    let index = Index::Sparse(ptr, entries.index());
    dispatch(Sample { width, walk, index, rows, dy, x, dw });
}

/// More columns than this a narrow layer has not.
const MOST_COLUMNS: usize = 4096;

static COLUMNS: [u32; MOST_COLUMNS] = {
    let mut columns = [0; MOST_COLUMNS];
    let mut i = 0;
    while i < MOST_COLUMNS {
        columns[i] = i as u32;
        i += 1;
    }
    columns
};

/// Whether [`sample_all`] is quicker than `gemm`, which packs both sides for a product this thin.
pub fn is_narrow(rows: usize, cols: usize) -> bool {
    rows.min(cols) <= 32 && cols <= MOST_COLUMNS
}

/// As [`sample`] with every weight active: the weight gradient of a narrow dense layer.
pub fn sample_all(tile: Tile, cols: usize, rows: Range<usize>, sides: Sides<'_>, dw: &mut [f32]) {
    let Sides { dy, x } = sides;
    let (width, walk) = (tile.width, Walk::FEATURES);
    assert_eq!(dw.len(), rows.len() * cols);
    assert!(cols * width <= x.len() && rows.end * width <= dy.len());
    let index = Index::All(&COLUMNS[..cols]);
    dispatch(Sample { width, walk, index, rows, dy, x, dw });
}

/// The slots of the entries of each row.
#[derive(Clone, Copy)]
enum Index<'a> {
    /// Bounds of the rows and the slots of all.
    Sparse(&'a [u32], &'a [u32]),
    /// The slots of every row.
    All(&'a [u32]),
}

impl<'a> Index<'a> {
    /// Where the entries of `row` begin, and their slots.
    #[inline(always)]
    fn row(self, row: usize) -> (usize, &'a [u32]) {
        match self {
            Self::Sparse(ptr, index) => {
                let (begin, end) = (ptr[row] as usize, ptr[row + 1] as usize);
                (begin, &index[begin..end])
            }
            Self::All(columns) => (row * columns.len(), columns),
        }
    }
}

struct Sample<'a> {
    width: usize,
    walk: Walk,
    index: Index<'a>,
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
        let (offset, _) = self.index.row(self.rows.start);
        let dot =
            Dot { width, nx: walk.nx, x_step: walk.from.x * width, dy_step: walk.to.x * width };
        for y in 0..walk.ny {
            // SAFETY: `sample` has checked that the last position lies in both, with all its lanes.
            let x = unsafe { self.x.as_ptr().add(base(walk.from, y, 0)) };
            for row in self.rows.clone() {
                // SAFETY: as above, for the last row of `dy`.
                let dy = unsafe { self.dy.as_ptr().add(base(walk.to, y, row)) };
                // SAFETY: as above.
                if unsafe { dot.is_nothing::<S, R>(dy) } {
                    continue;
                }
                let (begin, index) = self.index.row(row);
                let dw = &mut self.dw[begin - offset..][..index.len()];
                let (fours, rest) = index.as_chunks::<4>();
                let (dw_fours, dw_rest) = dw.as_chunks_mut::<4>();
                for (index, dw) in fours.iter().zip(dw_fours) {
                    // SAFETY: as above, for every index that there is.
                    let sums = unsafe { dot.of::<S, R, 4>(simd, index, dy, x) };
                    let sums = sum4(simd, sums);
                    *dw = std::array::from_fn(|i| dw[i] + sums[i]);
                }
                if let [first, second, third] = *rest {
                    // SAFETY: as above.
                    let sums =
                        unsafe { dot.of::<S, R, 4>(simd, &[first, second, third, first], dy, x) };
                    dw_rest.iter_mut().zip(sum4(simd, sums)).for_each(|(dw, sum)| *dw += sum);
                    continue;
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
pub(super) struct Dot {
    pub width: usize,
    pub nx: usize,
    pub x_step: usize,
    pub dy_step: usize,
}

impl Dot {
    /// Whether the row at `dy` has nothing but zeros.
    ///
    /// # Safety
    /// All positions lie in `dy`, with `R` registers each.
    #[inline(always)]
    unsafe fn is_nothing<S: Simd, const R: usize>(&self, dy: *const f32) -> bool {
        (0..self.nx).all(|p| {
            // SAFETY: the caller's.
            let lanes =
                unsafe { std::slice::from_raw_parts(dy.add(p * self.dy_step), R * S::F32_LANES) };
            is_zero(lanes)
        })
    }

    /// The products of `N` entries, summed over positions and registers but not within one.
    ///
    /// # Safety
    /// All positions lie in `dy`, and in `x` from each of `index` on, with `R` registers each.
    #[inline(always)]
    pub unsafe fn of<S: Simd, const R: usize, const N: usize>(
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
