//! The three products of a dense convolution through `gemm`, an output row at a time.
//!
//! A row of output pixels is unrolled into `K × (pixels · lanes)`, a row of it for each kernel weight;
//! outputs and gradients stand in rows of pixels already, so nothing else is copied.

use super::walk::ConvWalk;
use crate::kernels::activation;
use crate::kernels::args::{Below, Pass, Reordered, Sides, Weights};
use crate::kernels::dense::{Matrix, product};
use crate::kernels::plane::{View, ViewMut};
use crate::layers::Conv2d;

/// `y = act(W ∗ x + b)`: values `(out channels, K)`; x through its padding.
pub fn forward(
    conv: &Conv2d,
    weights: Weights<'_>,
    pass: Pass,
    scratch: &mut Vec<f32>,
    x: &[f32],
    y: ViewMut<'_>,
) {
    let Weights { values, bias, activation } = weights;
    let (Pass { lanes, par }, ViewMut { data: y, plane: to }) = (pass, y);
    let [rows, pixels] = conv.out_size();
    let w = Matrix::new(values, conv.out_channels, conv.cols());
    for tile in lanes.tiles() {
        let x = tile.of(x, conv.input_plane().slots());
        let y = tile.of_mut(y, to.slots());
        let (n, channel) = (pixels * tile.width, to.channel() * tile.width);
        for row in 0..rows {
            unroll(conv, tile.width, row, x, scratch);
            let first = (to.origin() + row * to.row()) * tile.width;
            let y = &mut y[first..];
            product(w, Matrix::new(scratch, conv.cols(), n), y, channel, false, par);
            for (y, bias) in y.chunks_mut(channel).zip(bias) {
                activation::apply(activation, std::slice::from_ref(bias), n, &mut y[..n]);
            }
        }
    }
}

/// `dx = Wᵀ ∗ dy`, through the activation `below`.
pub fn input_grad(
    conv: &Conv2d,
    weights: Reordered<'_>,
    below: Below<'_>,
    pass: Pass,
    dy: &[f32],
    dx: ViewMut<'_>,
) {
    let Reordered { values, scratch } = weights;
    let (Pass { lanes, par }, ViewMut { data: dx, plane: to }) = (pass, dx);
    let ([rows, pixels], from, input) =
        (conv.out_size(), conv.gradient_plane(), conv.input_plane());
    let w = Matrix::new(values, conv.out_channels, conv.cols());
    for tile in lanes.tiles() {
        let width = tile.width;
        let (dy, dx) = (tile.of(dy, from.slots()), tile.of_mut(dx, to.slots()));
        dx.fill(0.0);
        scratch.resize(conv.cols() * pixels * width, 0.0);
        for row in 0..rows {
            let n = pixels * width;
            let first = (from.origin() + row * from.row()) * width;
            let dy = Matrix::strided(&dy[first..], conv.out_channels, n, from.channel() * width);
            product(w.t(), dy, scratch, n, false, par);
            fold(conv, width, row, scratch, ViewMut { data: dx, plane: to });
        }
    }
    to.chain(lanes, below.activation, View { data: below.y, plane: &input }, dx);
}

/// `dW = Σ dy x`, `(out channels, K)`.
pub fn weight_grad(
    conv: &Conv2d,
    pass: Pass,
    scratch: &mut Vec<f32>,
    sides: Sides<'_>,
    dw: &mut [f32],
) {
    let (Pass { lanes, par }, Sides { dy, x }) = (pass, sides);
    let ([rows, pixels], from) = (conv.out_size(), conv.gradient_plane());
    for tile in lanes.tiles() {
        let x = tile.of(x, conv.input_plane().slots());
        let dy = tile.of(dy, from.slots());
        let n = pixels * tile.width;
        for row in 0..rows {
            unroll(conv, tile.width, row, x, scratch);
            let first = (from.origin() + row * from.row()) * tile.width;
            let dy =
                Matrix::strided(&dy[first..], conv.out_channels, n, from.channel() * tile.width);
            let x = Matrix::new(scratch, conv.cols(), n).t();
            product(dy, x, dw, conv.cols(), tile.first + row > 0, par);
        }
    }
}

/// What each kernel weight meets at the pixels of output row `row`: `(K, pixels · width)`.
fn unroll(conv: &Conv2d, width: usize, row: usize, x: &[f32], to: &mut Vec<f32>) {
    let (pixels, plane) = (conv.out_size()[1], conv.input_plane());
    to.clear();
    for col in 0..conv.cols() {
        let first = row * conv.stride * plane.row() + conv.slot(col);
        if conv.stride == 1 {
            to.extend_from_slice(&x[first * width..][..pixels * width]);
        } else {
            for pixel in 0..pixels {
                to.extend_from_slice(&x[(first + pixel * conv.stride) * width..][..width]);
            }
        }
    }
}

/// Adds what [`unroll`] would have read to where it would have read it, edges aside.
fn fold(conv: &Conv2d, width: usize, row: usize, from: &[f32], dx: ViewMut<'_>) {
    let ViewMut { data: dx, plane } = dx;
    let ([kh, kw], pixels) = (conv.kernel, conv.out_size()[1]);
    let border = conv.input_plane().border;
    for (col, from) in from.chunks_exact(pixels * width).enumerate() {
        let (channel, ky, kx) = (col / (kh * kw), col / kw % kh, col % kw);
        let y = (row * conv.stride + ky).wrapping_sub(border.top);
        if y >= conv.size[0] {
            continue;
        }
        let line = channel * plane.channel() + plane.origin() + y * plane.row();
        for (pixel, from) in from.chunks_exact(width).enumerate() {
            let x = (pixel * conv.stride + kx).wrapping_sub(border.left);
            if x < conv.size[1] {
                let to = &mut dx[(line + x) * width..][..width];
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
    }
}
