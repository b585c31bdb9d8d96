//! The transpose of a matrix, which a product reads along its other side.

use std::any::Any;

use aligned_vec::avec;
use pulp::{Simd, WithSimd};

use super::dispatch::dispatch;
use super::lanes::{Buffer, GRAIN};

/// Rows and columns that change places at once: as many as the widest registers have lanes.
const SIDE: usize = GRAIN;

type Block = [[f32; SIDE]; SIDE];

/// Memory of a matrix that stands transposed, used again and again.
#[derive(Debug)]
pub struct Transposed(Buffer);

impl Default for Transposed {
    fn default() -> Self {
        Self(avec![[64] | 0.0; 0])
    }
}

impl Transposed {
    /// The transpose `(cols, rows)` of `from (rows, cols)`, whose rows are a multiple of [`GRAIN`].
    pub fn of(&mut self, from: &[f32], cols: usize) -> &[f32] {
        assert!(from.len().is_multiple_of(GRAIN * cols));
        let to = self.memory(from.len());
        dispatch(Transpose { from, cols, to });
        to
    }

    /// Room for `size` numbers, whatever stands there.
    pub fn memory(&mut self, size: usize) -> &mut [f32] {
        if self.0.len() < size {
            self.0.resize(size, 0.0);
        }
        &mut self.0[..size]
    }
}

struct Transpose<'a> {
    from: &'a [f32],
    cols: usize,
    to: &'a mut [f32],
}

impl WithSimd for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { from, cols, to } = self;
        let rows = from.len() / cols;
        let whole = cols / SIDE * SIDE;
        for row in (0..rows).step_by(SIDE) {
            // Loops of constant length keep a block in registers.
            for col in (0..whole).step_by(SIDE) {
                let mut block: Block = [[0.0; SIDE]; SIDE];
                for (i, block) in block.iter_mut().enumerate() {
                    block.copy_from_slice(&from[(row + i) * cols + col..][..SIDE]);
                }
                for (i, column) in turned(simd, block).iter().enumerate() {
                    to[(col + i) * rows + row..][..SIDE].copy_from_slice(column);
                }
            }
            if whole < cols {
                let mut block: Block = [[0.0; SIDE]; SIDE];
                for (i, block) in block.iter_mut().enumerate() {
                    // What follows the last column is taken along: the next row, but for the last one.
                    let from = &from[(row + i) * cols + whole..];
                    match from.first_chunk() {
                        Some(from) => *block = *from,
                        None => block.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
                    }
                }
                let columns = to[whole * rows..].chunks_exact_mut(rows);
                for (to, column) in columns.zip(turned(simd, block)) {
                    to[row..][..SIDE].copy_from_slice(&column);
                }
            }
        }
    }
}

/// The transpose of a block: with AVX-512 in its registers.
#[inline(always)]
fn turned<S: Simd>(simd: S, block: Block) -> Block {
    #[cfg(target_arch = "x86_64")]
    {
        let simd: &dyn Any = &simd;
        if let Some(v4) = simd.downcast_ref() {
            return x86::turned(*v4, block);
        }
    }
    let _ = simd;
    std::array::from_fn(|i| std::array::from_fn(|j| block[j][i]))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m512, __m512d};

    use pulp::cast;
    use pulp::x86::V4;

    use super::{Block, SIDE};

    /// First within each quarter of the registers, four rows at a time; then quarters change places.
    #[inline(always)]
    pub fn turned(simd: V4, block: Block) -> Block {
        const EVEN: i32 = 0b10_00_10_00;
        const ODD: i32 = 0b11_01_11_01;
        let avx = simd.avx512f;
        let rows: [__m512; SIDE] = cast(block);
        let mut quarters = rows;
        for first in (0..SIDE).step_by(4) {
            let [a, b, c, d] = [rows[first], rows[first + 1], rows[first + 2], rows[first + 3]];
            let low: [__m512d; 2] =
                [cast(avx._mm512_unpacklo_ps(a, b)), cast(avx._mm512_unpacklo_ps(c, d))];
            let high: [__m512d; 2] =
                [cast(avx._mm512_unpackhi_ps(a, b)), cast(avx._mm512_unpackhi_ps(c, d))];
            quarters[first] = cast(avx._mm512_unpacklo_pd(low[0], low[1]));
            quarters[first + 1] = cast(avx._mm512_unpackhi_pd(low[0], low[1]));
            quarters[first + 2] = cast(avx._mm512_unpacklo_pd(high[0], high[1]));
            quarters[first + 3] = cast(avx._mm512_unpackhi_pd(high[0], high[1]));
        }
        let mut to = quarters;
        for i in 0..4 {
            let [a, b, c, d] = [quarters[i], quarters[4 + i], quarters[8 + i], quarters[12 + i]];
            let even = avx._mm512_shuffle_f32x4::<EVEN>(a, b);
            let even_too = avx._mm512_shuffle_f32x4::<EVEN>(c, d);
            let odd = avx._mm512_shuffle_f32x4::<ODD>(a, b);
            let odd_too = avx._mm512_shuffle_f32x4::<ODD>(c, d);
            to[i] = avx._mm512_shuffle_f32x4::<EVEN>(even, even_too);
            to[4 + i] = avx._mm512_shuffle_f32x4::<EVEN>(odd, odd_too);
            to[8 + i] = avx._mm512_shuffle_f32x4::<ODD>(even, even_too);
            to[12 + i] = avx._mm512_shuffle_f32x4::<ODD>(odd, odd_too);
        }
        cast(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};

    #[test]
    fn every_number_changes_its_place() {
        for level in LEVELS {
            LEVEL.set(level);
            let mut memory = Transposed::default();
            for (rows, cols) in [(64, 64), (16, 1), (48, 47), (64, 3), (16, 17), (128, 32)] {
                let from: Vec<f32> = (0..rows * cols).map(|i| i as f32).collect();
                let to = memory.of(&from, cols);
                let expected: Vec<f32> =
                    (0..rows * cols).map(|i| from[i % rows * cols + i / rows]).collect();
                assert_eq!(to, expected, "{rows} {cols}");
            }
        }
    }
}
