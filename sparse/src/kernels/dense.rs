//! Products in which every weight takes part, through the crate `gemm`.
//!
//! Strides say what is transposed, so nothing is copied; the tiles of [`super::lanes`] cost `gemm`
//! nothing measurable.

use gemm::{Parallelism, gemm};

use super::Par;

/// A matrix with strides.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `data (rows, cols)`, row-major and whole.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// Rows of `cols` numbers that begin `row_stride` apart.
    pub fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(rows == 0 || data.len() >= (rows - 1) * row_stride + cols);
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// The transpose.
    pub fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }
}

/// `c (m, n) = a (m, k) b (k, n)`, or `c += …` where `add`; the rows of `c` begin `row_stride` apart.
pub fn product(
    a: Matrix<'_>,
    b: Matrix<'_>,
    c: &mut [f32],
    row_stride: usize,
    add: bool,
    par: Par,
) {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    assert_eq!(k, b.rows);
    assert!(m == 0 || c.len() >= (m - 1) * row_stride + n);
    let parallelism = match par {
        Par::Serial => Parallelism::None,
        Par::Threads(threads) => Parallelism::Rayon(threads),
    };
    // SAFETY: `Matrix` has checked that `a` and `b` span their matrices, whose inner sizes agree; `c`
    // spans (m, n) with its stride and, being borrowed mutably, overlaps neither.
    unsafe {
        gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            row_stride as isize,
            add,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}
