//! What a player sees of a board, while it is drawn.

/// Rows and columns of the board.
pub const SIDE: usize = 10;
/// The last row and the last column.
pub(super) const LAST: i8 = SIDE as i8 - 1;

/// Cells of a board with so many channels: the values of an observation.
pub(super) const fn cells(channels: usize) -> usize {
    channels * SIDE * SIDE
}

/// One channel, `[y][x]`, each cell 0 or 1.
pub(super) type Plane = [[u8; SIDE]; SIDE];

/// The observation under construction, `(channels, y, x)`.
pub struct Screen<'a>(pub(super) &'a mut [u8]);

impl Screen<'_> {
    /// Marks a cell; one beside the board is not seen.
    #[inline]
    pub fn mark(&mut self, channel: usize, x: i8, y: i8) {
        if (0..=LAST).contains(&x) && (0..=LAST).contains(&y) {
            self.0[(channel * SIDE + y as usize) * SIDE + x as usize] = 1;
        }
    }

    /// Marks the cells of the last row whose columns lie in `from..to`.
    #[inline]
    pub fn bar(&mut self, channel: usize, from: i32, to: i32) {
        let row = &mut self.0[(channel * SIDE + SIDE - 1) * SIDE..][..SIDE];
        for (x, cell) in (0..).zip(row) {
            *cell = u8::from((from <= x) & (x < to));
        }
    }

    /// Writes 32 cells from a row's first on: a bit each, the lowest first.
    #[inline]
    pub fn bits(&mut self, channel: usize, y: i8, bits: u32) {
        let cells = &mut self.0[(channel * SIDE + y as usize) * SIDE..][..32];
        for (cells, bits) in cells.chunks_exact_mut(8).zip(bits.to_le_bytes()) {
            // Each byte keeps its own bit of a copy of them; 127 more lift it to the highest bit.
            let own = (u64::from(bits) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
            let high = (own + 0x7f7f_7f7f_7f7f_7f7f) & 0x8080_8080_8080_8080;
            cells.copy_from_slice(&(high >> 7).to_le_bytes());
        }
    }

    /// Writes a whole channel.
    #[inline]
    pub fn fill(&mut self, channel: usize, plane: &Plane) {
        self.0[channel * SIDE * SIDE..][..SIDE * SIDE].copy_from_slice(plane.as_flattened());
    }
}
