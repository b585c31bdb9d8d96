//! The kernels of convolutions: their arguments, as `kernels/planes.h` has them, and how they are laid out.

use super::kernels::{Argument, Gather, Sample};
use super::{Launch, Precision};
use crate::kernels::entries;

/// Slots from the first to a pixel.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Strides {
    origin: u32,
    y: u32,
    x: u32,
    row: u32,
}

impl From<entries::Strides> for Strides {
    fn from(of: entries::Strides) -> Self {
        let [origin, y, x, row] = [of.origin, of.y, of.x, of.row].map(|slots| slots as u32);
        Self { origin, y, x, row }
    }
}

/// Where a product is applied: what is read and written, and where the output of the layer below stands.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Walk {
    ny: u32,
    nx: u32,
    from: Strides,
    to: Strides,
    at: Strides,
}

impl Walk {
    /// The same as `of`, with the output of the layer below `at`.
    pub fn of(of: entries::Walk, at: Option<entries::Strides>) -> Self {
        Self {
            ny: of.ny as u32,
            nx: of.nx as u32,
            from: of.from.into(),
            to: of.to.into(),
            at: at.map(Strides::from).unwrap_or_default(),
        }
    }

    /// Positions.
    pub fn positions(&self) -> u32 {
        self.ny * self.nx
    }
}

/// Of `conv_gather`: [`Gather`] at the positions of a walk.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ConvGather {
    /// What is gathered, by entries that are slots relative to a position.
    pub all: Gather,
    /// Where.
    pub walk: Walk,
}

/// Of `conv_sample`: [`Sample`] over the positions of a walk.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ConvSample {
    /// What is multiplied.
    pub all: Sample,
    /// Where: `dy` where it writes, `x` where it reads.
    pub walk: Walk,
}

/// Steps from tap to tap, by channel, row and column.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Steps {
    /// Of the first tap.
    pub origin: i32,
    /// From channel to channel.
    pub c: i32,
    /// From row to row.
    pub y: i32,
    /// From column to column.
    pub x: i32,
}

/// The taps of a dense convolution: `ny · nx` a channel, the weight and the slot of each.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Taps {
    /// Rows.
    pub ny: u32,
    /// Columns.
    pub nx: u32,
    /// Which weight of a row.
    pub weight: Steps,
    /// Which slot from a position.
    pub slot: Steps,
}

/// Of `conv_dense`: `act(W ∗ x + b)`, or one phase of `(Wᵀ ∗ x) · act′(y)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ConvDense {
    /// The weights.
    pub weight: u64,
    /// `(rows)`, or 0.
    pub bias: u64,
    /// What is read.
    pub x: u64,
    /// What the layer below gave; 0 for the way forward.
    pub y: u64,
    /// What is written.
    pub to: u64,
    /// Channels that are written.
    pub rows: u32,
    /// Taps of a row.
    pub depth: u32,
    /// Weights from row to row.
    pub weight_row: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// The layer's, or that of the layer below.
    pub activation: u32,
    /// How `to` is stored: as what is read, or `f32`.
    pub gives: Precision,
    /// Which weights and slots.
    pub taps: Taps,
    /// Where.
    pub walk: Walk,
}

/// Of `conv_grad`: parts of `dw (rows, cols)` and `db (rows)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ConvGrad {
    /// The gradient of what the layer gave.
    pub dy: u64,
    /// What it read.
    pub x: u64,
    /// `(parts, rows · (cols + 1))`.
    pub partial: u64,
    /// Output channels.
    pub rows: u32,
    /// Weights of each.
    pub cols: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Shares of the positions and samples.
    pub parts: u32,
    /// Whether `db` is wanted.
    pub sums_rows: u32,
    /// Nothing.
    pub pad: u32,
    /// Which slots.
    pub taps: Taps,
    /// Where.
    pub walk: Walk,
}

/// Of `sum_parts`: what `conv_grad` left in parts.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Parts {
    /// The parts.
    pub partial: u64,
    /// `(size)`.
    pub dw: u64,
    /// `(rows)`, or 0.
    pub db: u64,
    /// Weights.
    pub size: u32,
    /// Output channels.
    pub rows: u32,
    /// Parts.
    pub parts: u32,
    /// Nothing.
    pub pad: u32,
}

impl ConvGather {
    /// Four rows a block and as many positions a warp as 16 bytes have samples of slots of `precision`, 32 samples.
    pub fn shape(&self, precision: Precision) -> Launch {
        let Gather { rows, ld, .. } = self.all;
        let positions = self.walk.positions().div_ceil(precision.samples());
        let grid = [rows.div_ceil(4), positions * (ld / 32), 1];
        Launch { grid, block: [32, 4, 1], shared: 0 }
    }
}

impl ConvSample {
    /// Eight entries of a row a block, of which a row has at most `most`.
    pub fn shape(&self, most: usize) -> Launch {
        let grid = [self.all.rows, (most as u32).div_ceil(8).max(1), 1];
        Launch { grid, block: [32, 8, 1], shared: 0 }
    }
}

impl ConvDense {
    /// Tiles of 32 rows by 32 positions and samples.
    pub fn shape(&self) -> Launch {
        let columns = self.walk.positions() * self.ld;
        let grid = [columns.div_ceil(32), self.rows.div_ceil(32), 1];
        Launch { grid, block: [256, 1, 1], shared: 0 }
    }
}

impl ConvGrad {
    /// Tiles of 32 rows by 32 weights, for each part.
    pub fn shape(&self) -> Launch {
        let grid = [self.cols.div_ceil(32), self.rows.div_ceil(32) * self.parts, 1];
        Launch { grid, block: [256, 1, 1], shared: 0 }
    }
}

impl Parts {
    /// A number a thread.
    pub fn shape(&self) -> Launch {
        let grid = [(self.size + self.rows).div_ceil(256), 1, 1];
        Launch { grid, block: [256, 1, 1], shared: 0 }
    }
}

// SAFETY: structs of C whose fields of 8 bytes come first and whose sizes are multiples of 8.
unsafe impl Argument for ConvGather {}
// SAFETY: as above.
unsafe impl Argument for ConvSample {}
// SAFETY: as above.
unsafe impl Argument for ConvDense {}
// SAFETY: as above.
unsafe impl Argument for ConvGrad {}
// SAFETY: as above.
unsafe impl Argument for Parts {}
