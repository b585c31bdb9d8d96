//! Where the activations of a batch stand.
//!
//! One weight meets many samples, so samples lie side by side: a *slot* holds one feature of up to
//! [`TILE`] samples, its lanes. A batch is cut into tiles of [`TILE`] lanes, the last one narrower;
//! a tile holds all its slots one after the other:
//!
//! ```text
//! batch 80, 3 slots:   tile 0 (64 lanes)              tile 1 (16 lanes)
//!                      slot 0 | slot 1 | slot 2       slot 0 | slot 1 | slot 2
//! ```
//!
//! A tile of a 256-wide layer is 64 KiB, so the products that gather its slots find most of them in
//! the first two levels of cache, without the conflicts that rows a power of two apart would have.
//! Widths are multiples of [`GRAIN`]; lanes beyond the batch hold zeros in inputs and gradients. Where samples are tokens of
//! sequences, a tile is a sequence.
//!
//! Where all layers of a network are small and dense, one input of a sample meets many weights instead ([`super::rows`]), and
//! a batch stands in rows: one sample after the other, none beyond the batch.

use aligned_vec::{AVec, ConstAlign, avec};

/// Lanes of a whole tile. Half as many would find more slots near in layers of 1,024 and more, and
/// share each broadcast weight among fewer multiply-adds in smaller ones: a few percent either way.
pub const TILE: usize = 64;

/// The width of a tile is a multiple of this: the lanes of the widest registers.
pub const GRAIN: usize = 16;

/// Numbers of a line of the cache.
pub const LINE: usize = 16;

/// Activations, aligned to cache lines: an unaligned register load would touch two.
pub type Buffer = AVec<f32, ConstAlign<64>>;

/// The layout of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lanes {
    batch: usize,
    /// Samples of a tile, but for the last.
    tile: usize,
    columns: usize,
    in_rows: bool,
}

/// One tile of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The first sample.
    pub first: usize,
    /// Lanes of a slot in the tiles before.
    pub start: usize,
    /// Samples.
    pub samples: usize,
    /// Lanes of a slot: `samples`, rounded up to [`GRAIN`].
    pub width: usize,
}

impl Lanes {
    /// The layout of `batch` samples.
    pub fn new(batch: usize) -> Self {
        Self { batch, tile: TILE, columns: 1, in_rows: false }
    }

    /// The layout of `batch` tokens, of which `tokens` after each other are a sequence and a tile.
    pub fn of_sequences(batch: usize, tokens: usize) -> Self {
        Self { batch, tile: tokens.max(1), columns: 1, in_rows: false }
    }

    /// The layout of `batch` samples in rows, for the products of [`super::rows`]: feature `f` of sample `s` stands at
    /// `s · features + f`.
    pub fn rows(batch: usize) -> Self {
        Self { batch, tile: batch.max(1), columns: 1, in_rows: true }
    }

    /// Whether samples stand in rows, not in slots.
    pub fn is_in_rows(self) -> bool {
        self.in_rows
    }

    /// The width of a tile is a multiple of this.
    fn grain(self) -> usize {
        if self.in_rows { 1 } else { GRAIN }
    }

    /// The same numbers with `columns` slots that stand one after the other seen as one: what a product does with a
    /// slot it does with each of them.
    pub fn with_columns(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    /// Samples.
    pub fn batch(self) -> usize {
        self.batch
    }

    /// Numbers that one slot takes over all tiles.
    pub fn width(self) -> usize {
        let (whole, rest) = (self.batch / self.tile, self.batch % self.tile);
        let lanes = |samples: usize| samples.next_multiple_of(self.grain());
        (whole * lanes(self.tile) + lanes(rest)) * self.columns
    }

    /// Zeros for `slots` slots.
    pub fn zeros(self, slots: usize) -> Buffer {
        avec![[64] | 0.0; slots * self.width()]
    }

    /// The tiles in their order.
    pub fn tiles(self) -> impl Iterator<Item = Tile> {
        let (Self { batch, tile, columns, .. }, grain) = (self, self.grain());
        (0..batch).step_by(tile).enumerate().map(move |(i, first)| {
            let samples = tile.min(batch - first);
            let width = samples.next_multiple_of(grain) * columns;
            let start = i * tile.next_multiple_of(grain) * columns;
            Tile { first: first * columns, start, samples: samples * columns, width }
        })
    }
}

impl Tile {
    /// This tile's part of a buffer of `slots` slots.
    pub fn of(self, buffer: &[f32], slots: usize) -> &[f32] {
        &buffer[slots * self.start..][..slots * self.width]
    }

    /// This tile's part of a buffer of `slots` slots.
    pub fn of_mut(self, buffer: &mut [f32], slots: usize) -> &mut [f32] {
        &mut buffer[slots * self.start..][..slots * self.width]
    }
}
