//! SpMM over slots: every output is a sum of weighted inputs, gathered by an index.
//!
//! `to[row, p] = end(start[row] + Σₖ value(k) · from[index[k] + p])` over the entries `k` of a row and
//! the positions `p` of a [`Walk`]: one for a linear layer, the output pixels for a convolution.
//!
//! One broadcast weight meets up to four registers of lanes, whose sums stay in registers, so a
//! non-zero costs one load and one multiply-add a register, and one load each for its weight and its
//! index. With those loads the limit is four multiply-adds in five to six loads; from the second level
//! of cache it is that level's bandwidth.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::activation::{apply_simd, chain_simd};
use super::dispatch::dispatch;
use super::lanes::Tile;
use super::vector;
use crate::layers::Activation;

/// Slot strides of the positions in one buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strides {
    /// The slot of the first position of row 0.
    pub origin: usize,
    /// Slots from one row of positions to the next.
    pub y: usize,
    /// Slots from one position to the next.
    pub x: usize,
    /// Slots from one row of the matrix (a channel) to the next; the index has it in `from`.
    pub row: usize,
}

impl Strides {
    /// One position: slots are features.
    pub const FEATURES: Self = Self { origin: 0, y: 0, x: 0, row: 1 };

    /// The slot of the last position of the last of `rows`.
    pub(crate) fn last(&self, walk: &Walk, rows: usize) -> usize {
        self.origin + (walk.ny - 1) * self.y + (walk.nx - 1) * self.x + (rows - 1) * self.row
    }
}

/// The positions at which a entries is applied, `ny · nx` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// Rows of positions.
    pub ny: usize,
    /// Positions of a row.
    pub nx: usize,
    /// Where they are read.
    pub from: Strides,
    /// Where they are written.
    pub to: Strides,
}

impl Walk {
    /// The one position of a linear layer.
    pub const FEATURES: Self =
        Self { ny: 1, nx: 1, from: Strides::FEATURES, to: Strides::FEATURES };
}

/// Where the entries of a matrix stand, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Entries<'a> {
    ptr: &'a [u32],
    index: &'a [u32],
    bound: usize,
}

impl<'a> Entries<'a> {
    /// `rows + 1` bounds of the rows, and the slot of each entry relative to the position, all of them
    /// below `bound`.
    ///
    /// # Safety
    /// `ptr` ascends and ends at most at the length of `index`; every index is below `bound`. Kernels
    /// load from there without looking again: looking would cost them a tenth of their time.
    pub(crate) unsafe fn new(ptr: &'a [u32], index: &'a [u32], bound: usize) -> Self {
        Self { ptr, index, bound }
    }

    /// The bounds of the rows.
    pub fn ptr(&self) -> &'a [u32] {
        self.ptr
    }

    /// The slots of the entries.
    pub fn index(&self) -> &'a [u32] {
        self.index
    }

    /// Numbers of `width` lanes that the positions of `walk` reach from any entry.
    pub(crate) fn reach(&self, walk: &Walk, width: usize) -> usize {
        if self.bound == 0 { 0 } else { (self.bound + walk.from.last(walk, 1)) * width }
    }
}

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
    assert!(rows.end < entries.ptr.len() && entries.ptr[rows.end] as usize <= values.len());
    assert!(entries.reach(&walk, width) <= from.len());
    assert!((walk.to.last(&walk, rows.len()) + 1) * width <= to.len());
    match end {
        End::Forward { bias, .. } => assert!(rows.end <= bias.len()),
        End::Backward { y, at, .. } => assert!((at.last(&walk, rows.end) + 1) * width <= y.len()),
    }
    dispatch(Gather { width, walk, entries, values, rows, end, from, to });
}

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
            match registers {
                1 => self.lanes::<S, 1, 4>(simd, lane),
                2 => self.lanes::<S, 2, 2>(simd, lane),
                3 => self.lanes::<S, 3, 1>(simd, lane),
                _ => self.lanes::<S, 4, 1>(simd, lane),
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
        let width = self.width;
        // SAFETY: `gather` has checked the rows, the values, `bias` and `y`; `Entries` promises its
        // index; `from` and `to` are the caller's. A register type has the alignment of its f32s.
        unsafe {
            let start = match self.end {
                End::Forward { bias, .. } => *bias.get_unchecked(row),
                End::Backward { .. } => 0.0,
            };
            let mut sum = [[simd.splat_f32s(start); R]; P];
            let Entries { ptr, index, .. } = self.entries;
            let (begin, end) = (*ptr.get_unchecked(row), *ptr.get_unchecked(row + 1));
            for k in begin as usize..end as usize {
                let weight = simd.splat_f32s(*self.values.get_unchecked(k));
                let first = from.add(*index.get_unchecked(k) as usize * width);
                for p in 0..P {
                    for r in 0..R {
                        let lanes = *first.add(p * from_step).cast::<S::f32s>().add(r);
                        sum[p][r] = simd.mul_add_f32s(weight, lanes, sum[p][r]);
                    }
                }
            }
            match self.end {
                End::Forward { activation, .. } => {
                    for s in sum.as_flattened_mut() {
                        *s = apply_simd(activation, simd, *s);
                    }
                }
                End::Backward { activation: Activation::Identity, .. } => {}
                End::Backward { activation, y: output, at } => {
                    let slot = at.origin + row * at.row + y * at.y + x * at.x;
                    let first = output.as_ptr().add(slot * width + lane);
                    for p in 0..P {
                        for r in 0..R {
                            let y = *first.add(p * at.x * width).cast::<S::f32s>().add(r);
                            sum[p][r] = chain_simd(activation, simd, y, sum[p][r]);
                        }
                    }
                }
            }
            for p in 0..P {
                for r in 0..R {
                    *to.add(p * to_step).cast::<S::f32s>().add(r) = sum[p][r];
                }
            }
            if let End::Forward { activation: Activation::Tanh, .. } = self.end {
                for p in 0..P {
                    let to = std::slice::from_raw_parts_mut(to.add(p * to_step), R * S::F32_LANES);
                    to.iter_mut().for_each(|y| *y = vector::tanh(*y));
                }
            }
        }
    }
}
