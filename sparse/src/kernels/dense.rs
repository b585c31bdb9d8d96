//! The products of a layer in which every weight is active, through the crate `gemm` on one thread.
//!
//! Values are `W (out, in)` row-major; strides say what is transposed, so nothing is copied.

use gemm::{Parallelism, gemm};

use super::Activation;

/// A row-major matrix, or the transpose of one.
#[derive(Clone, Copy)]
struct View {
    data: *const f32,
    row_stride: isize,
    col_stride: isize,
}

impl View {
    /// `data (rows, cols)`.
    fn new(data: &[f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols);
        Self { data: data.as_ptr(), row_stride: cols as isize, col_stride: 1 }
    }

    fn transposed(self) -> Self {
        Self { row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// `c (m, n) = [c +] a (m, k) b (k, n)`.
fn product(m: usize, n: usize, k: usize, a: View, b: View, c: &mut [f32], add: bool) {
    assert_eq!(c.len(), m * n);
    // SAFETY: `View::new` has checked that `a` and `b` span their matrices, whose shapes the callers
    // give once as (m, k) and (k, n); `c` spans (m, n) and, being borrowed mutably, overlaps neither.
    unsafe {
        gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.data,
            a.col_stride,
            a.row_stride,
            b.data,
            b.col_stride,
            b.row_stride,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// See [`super::forward`].
pub fn forward(
    inputs: usize,
    values: &[f32],
    bias: &[f32],
    activation: Activation,
    batch: usize,
    x: &[f32],
    y: &mut [f32],
) {
    for (y, bias) in y.chunks_exact_mut(batch).zip(bias) {
        y.fill(*bias);
    }
    let (w, x) = (View::new(values, bias.len(), inputs), View::new(x, inputs, batch));
    product(bias.len(), batch, inputs, w, x, y, true);
    activation.apply(y);
}

/// See [`super::input_grad`].
pub fn input_grad(
    outputs: usize,
    inputs: usize,
    values: &[f32],
    batch: usize,
    dy: &[f32],
    dx: &mut [f32],
) {
    let (w, dy) = (View::new(values, outputs, inputs), View::new(dy, outputs, batch));
    product(inputs, batch, outputs, w.transposed(), dy, dx, false);
}

/// See [`super::weight_grad`].
pub fn weight_grad(
    outputs: usize,
    inputs: usize,
    batch: usize,
    dy: &[f32],
    x: &[f32],
    dw: &mut [f32],
) {
    let (dy, x) = (View::new(dy, outputs, batch), View::new(x, inputs, batch));
    product(outputs, inputs, batch, dy, x.transposed(), dw, false);
}
