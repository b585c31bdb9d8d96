//! SpMM over slots: every output is a sum of weighted inputs, gathered by an index.
//!
//! `to[row, p] = end(start[row] + Σₖ value(k) · from[index[k] + p])` over the entries `k` of a row and
//! the positions `p` of a [`Walk`]: one for a linear layer, the output pixels for a convolution.
//!
//! One broadcast weight meets up to four registers of lanes, whose sums stay in registers, so a
//! non-zero costs one load and one multiply-add a register, and one load each for its weight and its
//! index. With those loads the limit is four multiply-adds in five to six loads; from the second level
//! of cache it is that level's bandwidth. A sum takes its entries in their order, whatever is done beside it.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::activation::{apply_simd, chain_simd};
use super::dispatch::dispatch;
use super::entries::{Entries, Strides, Walk};
use super::lanes::Tile;
use super::vector;
use crate::layers::Activation;

/// What happens to a finished sum.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// `act(bias[row] + sum)`.
    Forward {
        /// `(rows)`.
        bias: &'a [f32],
        /// The function.
        activation: Activation,
    },
    /// `sum · act'`, through the activation that gave `y`: the chain rule of the layer below.
    Backward {
        /// The activation of the layer below.
        activation: Activation,
        /// Its output, the slots of this tile.
        y: &'a [f32],
        /// Where the positions stand in `y`.
        at: Strides,
    },
}

/// Sums one tile: `from` and `to` are its slots. `rows` of the matrix of `entries` with `values`
/// are done, and the first of them is written to row 0 of `to`.
pub fn gather(
    tile: Tile,
    walk: &Walk,
    (entries, values): (Entries<'_>, &[f32]),
    rows: Range<usize>,
    end: End<'_>,
    from: &[f32],
    to: &mut [f32],
) {
    let (width, walk) = (tile.width, *walk);
    if rows.is_empty() || walk.ny * walk.nx == 0 {
        return;
    }
    let ptr = entries.ptr();
    assert!(rows.end < ptr.len() && ptr[rows.end] as usize <= values.len());
    assert!(entries.reach(&walk, width) <= from.len());
    assert!((walk.to.last(&walk, rows.len()) + 1) * width <= to.len());
    match end {
        End::Forward { bias, .. } => assert!(rows.end <= bias.len()),
        End::Backward { y, at, .. } => assert!((at.last(&walk, rows.end) + 1) * width <= y.len()),
    }
    dispatch(Gather { width, walk, entries, values, rows, end, from, to });
}

/// What [`gather`] was told, which has checked it.
struct Gather<'a> {
    width: usize,
    walk: Walk,
    entries: Entries<'a>,
    values: &'a [f32],
    rows: Range<usize>,
    end: End<'a>,
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut lane = 0;
        while lane < self.width {
            let registers = ((self.width - lane) / S::F32_LANES).min(4);
            match (registers, self.walk.ny * self.walk.nx) {
                (1, 1) => self.rows::<S, 1, 4>(simd, lane),
                (2, 1) => self.rows::<S, 2, 2>(simd, lane),
                (3, 1) => self.rows::<S, 3, 1>(simd, lane),
                (_, 1) => self.rows::<S, 4, 1>(simd, lane),
                (1, _) => self.lanes::<S, 1, 4>(simd, lane),
                (2, _) => self.lanes::<S, 2, 2>(simd, lane),
                (3, _) => self.lanes::<S, 3, 1>(simd, lane),
                (_, _) => self.lanes::<S, 4, 1>(simd, lane),
            }
            lane += registers * S::F32_LANES;
        }
    }
}

impl Gather<'_> {
    /// `R` registers of lanes, `P` positions of a row at a time.
    #[inline(always)]
    fn lanes<S: Simd, const R: usize, const P: usize>(&mut self, simd: S, lane: usize) {
        let (walk, width) = (self.walk, self.width);
        let first = |at: Strides, y: usize| (at.origin + y * at.y) * width + lane;
        let from_step = walk.from.x * width;
        let (to_step, to_row) = (walk.to.x * width, walk.to.row * width);
        for y in 0..walk.ny {
            let from = self.from[first(walk.from, y)..].as_ptr();
            let mut to = self.to[first(walk.to, y)..].as_mut_ptr();
            for row in self.rows.clone() {
                let mut x = 0;
                while x + P <= walk.nx {
                    // SAFETY: `gather` has checked that all positions of all entries lie in `from`,
                    // and those of all rows in `to`.
                    unsafe {
                        let (from, to) = (from.add(x * from_step), to.add(x * to_step));
                        self.block::<S, R, P>(
                            simd,
                            (y, x, lane),
                            row,
                            (from, from_step),
                            (to, to_step),
                        );
                    }
                    x += P;
                }
                while x < walk.nx {
                    // SAFETY: as above.
                    unsafe {
                        let (from, to) = (from.add(x * from_step), to.add(x * to_step));
                        self.block::<S, R, 1>(
                            simd,
                            (y, x, lane),
                            row,
                            (from, from_step),
                            (to, to_step),
                        );
                    }
                    x += 1;
                }
                to = to.wrapping_add(to_row);
            }
        }
    }

    /// `R` registers of lanes at the only position, `N` rows at a time: a sum of few registers waits for its own
    /// multiply-adds, so others go on beside it.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const N: usize>(&mut self, simd: S, lane: usize) {
        let (Walk { from, to, .. }, width) = (self.walk, self.width);
        let from = self.from[from.origin * width + lane..].as_ptr();
        let (mut place, to_row) =
            (self.to[to.origin * width + lane..].as_mut_ptr(), to.row * width);
        let mut row = self.rows.start;
        // SAFETY: `gather` has checked that the position lies in `from` for all entries, and in `to` for all rows.
        unsafe {
            while row + N <= self.rows.end {
                self.beside::<S, R, N>(simd, lane, row, from, (place, to_row));
                (row, place) = (row + N, place.wrapping_add(N * to_row));
            }
            while row < self.rows.end {
                self.beside::<S, R, 1>(simd, lane, row, from, (place, to_row));
                (row, place) = (row + 1, place.wrapping_add(to_row));
            }
        }
    }

    /// `N` rows from `row` on; a pointer to the first sum, and the step from row to row.
    ///
    /// # Safety
    /// All entries of the rows lie behind `from`, and all rows behind `to`, with `R` registers each.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)] // Iterators over registers keep them in memory.
    unsafe fn beside<S: Simd, const R: usize, const N: usize>(
        &self,
        simd: S,
        lane: usize,
        row: usize,
        from: *const f32,
        (to, to_row): (*mut f32, usize),
    ) {
        // SAFETY: as in `block`.
        unsafe {
            let mut sum = [[simd.splat_f32s(0.0); R]; N];
            let (mut at, mut together) = ([0; N], usize::MAX);
            for n in 0..N {
                sum[n] = [simd.splat_f32s(self.start(row + n)); R];
                let entries = self.entries_of(row + n);
                (at[n], together) = (entries.start, together.min(entries.len()));
            }
            for k in 0..together {
                for n in 0..N {
                    self.add_entry(simd, at[n] + k, from, &mut sum[n]);
                }
            }
            for n in 0..N {
                for k in at[n] + together..self.entries_of(row + n).end {
                    self.add_entry(simd, k, from, &mut sum[n]);
                }
                self.finish(simd, (0, 0, lane), row + n, sum[n], to.add(n * to_row));
            }
        }
    }

    /// What the sums of `row` begin with.
    ///
    /// # Safety
    /// It is one of the rows.
    #[inline(always)]
    unsafe fn start(&self, row: usize) -> f32 {
        match self.end {
            // SAFETY: `gather` has checked the length of `bias`.
            End::Forward { bias, .. } => unsafe { *bias.get_unchecked(row) },
            End::Backward { .. } => 0.0,
        }
    }

    /// The entries of `row`.
    ///
    /// # Safety
    /// It is one of the rows.
    #[inline(always)]
    unsafe fn entries_of(&self, row: usize) -> Range<usize> {
        let ptr = self.entries.ptr();
        // SAFETY: `gather` has checked its length.
        unsafe { *ptr.get_unchecked(row) as usize..*ptr.get_unchecked(row + 1) as usize }
    }

    /// Adds entry `k` at the position behind `from`.
    ///
    /// # Safety
    /// It is an entry of one of the rows, and lies behind `from` with `R` registers.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)] // Iterators over registers keep them in memory.
    unsafe fn add_entry<S: Simd, const R: usize>(
        &self,
        simd: S,
        k: usize,
        from: *const f32,
        sum: &mut [S::f32s; R],
    ) {
        // SAFETY: `gather` has checked the values; `Entries` promises its index; the rest is the caller's.
        unsafe {
            let weight = simd.splat_f32s(*self.values.get_unchecked(k));
            let slot = *self.entries.index().get_unchecked(k) as usize;
            let lanes = from.add(slot * self.width).cast::<S::f32s>();
            for r in 0..R {
                sum[r] = simd.mul_add_f32s(weight, *lanes.add(r), sum[r]);
            }
        }
    }

    /// `P` positions of one row, `(y, x)` the first; pointers and their steps from position to position.
    ///
    /// # Safety
    /// All entries of the row lie behind `from` and all positions behind `to`, with `R` registers each.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)] // Iterators over registers keep them in memory.
    unsafe fn block<S: Simd, const R: usize, const P: usize>(
        &self,
        simd: S,
        (y, x, lane): (usize, usize, usize),
        row: usize,
        (from, from_step): (*const f32, usize),
        (to, to_step): (*mut f32, usize),
    ) {
        // SAFETY: `gather` has checked the rows, the values, `bias` and `y`; `Entries` promises its
        // index; `from` and `to` are the caller's. A register type has the alignment of its f32s.
        unsafe {
            let mut sum = [[simd.splat_f32s(self.start(row)); R]; P];
            let index = self.entries.index();
            for k in self.entries_of(row) {
                let weight = simd.splat_f32s(*self.values.get_unchecked(k));
                let first = from.add(*index.get_unchecked(k) as usize * self.width);
                for p in 0..P {
                    for r in 0..R {
                        let lanes = *first.add(p * from_step).cast::<S::f32s>().add(r);
                        sum[p][r] = simd.mul_add_f32s(weight, lanes, sum[p][r]);
                    }
                }
            }
            for p in 0..P {
                self.finish(simd, (y, x + p, lane), row, sum[p], to.add(p * to_step));
            }
        }
    }

    /// The end of the sums of `row` at the position `(y, x)`, which go `to` their slot.
    ///
    /// # Safety
    /// It is one of the rows, and a position of the walk.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)] // Iterators over registers keep them in memory.
    unsafe fn finish<S: Simd, const R: usize>(
        &self,
        simd: S,
        (y, x, lane): (usize, usize, usize),
        row: usize,
        mut sum: [S::f32s; R],
        to: *mut f32,
    ) {
        // SAFETY: `gather` has checked `y`; `to` is the caller's.
        unsafe {
            match self.end {
                End::Forward { activation, .. } => {
                    for r in 0..R {
                        sum[r] = apply_simd(activation, simd, sum[r]);
                    }
                }
                End::Backward { activation: Activation::Identity, .. } => {}
                End::Backward { activation, y: output, at } => {
                    let slot = at.origin + row * at.row + y * at.y + x * at.x;
                    let lanes = output.as_ptr().add(slot * self.width + lane).cast::<S::f32s>();
                    for r in 0..R {
                        sum[r] = chain_simd(activation, simd, *lanes.add(r), sum[r]);
                    }
                }
            }
            for r in 0..R {
                *to.cast::<S::f32s>().add(r) = sum[r];
            }
            if let End::Forward { activation: Activation::Tanh, .. } = self.end {
                let to = std::slice::from_raw_parts_mut(to, R * S::F32_LANES);
                to.iter_mut().for_each(|y| *y = vector::tanh(*y));
            }
        }
    }
}
