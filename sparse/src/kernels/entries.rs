//! Where the entries of a matrix stand, and the positions at which it is applied.

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
