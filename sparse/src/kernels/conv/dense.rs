//! The three products of a dense convolution through `gemm`, an output row at a time.
//!
//! A row of output pixels is unrolled into `K × (pixels · lanes)`, a row of it for each kernel weight;
//! outputs and gradients stand in rows of pixels already, so nothing else is copied.

use super::shape::Conv2d;
use crate::kernels::dense::{View, product};
use crate::kernels::lanes::Lanes;
use crate::kernels::{Activation, Par, Plane};

/// `y = act(W ∗ x + b)`: values `(out channels, K)`; x through its padding, y in `to`.
pub fn forward(
    conv: &Conv2d,
    (values, bias, activation): (&[f32], &[f32], Activation),
    (lanes, par): (Lanes, Par),
    scratch: &mut Vec<f32>,
    x: &[f32],
    (y, to): (&mut [f32], &Plane),
) {
    let [rows, pixels] = conv.out_size();
    let w = View::new(values, conv.out_channels, conv.cols());
    for tile in lanes.tiles() {
        let x = tile.of(x, conv.input_plane().slots());
        let y = tile.of_mut(y, to.slots());
        let (n, channel) = (pixels * tile.width, to.channel() * tile.width);
        for row in 0..rows {
            unroll(conv, tile.width, row, x, scratch);
            let first = (to.origin() + row * to.row()) * tile.width;
            let y = &mut y[first..];
            product(w, View::new(scratch, conv.cols(), n), y, channel, false, par);
            for (y, bias) in y.chunks_mut(channel).zip(bias) {
                activation.apply(std::slice::from_ref(bias), n, &mut y[..n]);
            }
        }
    }
}

/// `dx = Wᵀ ∗ dy`, through the activation `below` that made `x`; `dx` in `to`.
pub fn input_grad(
    conv: &Conv2d,
    (values, scratch): (&[f32], &mut Vec<f32>),
    (below, x): (Activation, &[f32]),
    (lanes, par): (Lanes, Par),
    dy: &[f32],
    (dx, to): (&mut [f32], &Plane),
) {
    let ([rows, pixels], from, input) =
        (conv.out_size(), conv.gradient_plane(), conv.input_plane());
    let w = View::new(values, conv.out_channels, conv.cols());
    for tile in lanes.tiles() {
        let width = tile.width;
        let (dy, dx) = (tile.of(dy, from.slots()), tile.of_mut(dx, to.slots()));
        dx.fill(0.0);
        scratch.resize(conv.cols() * pixels * width, 0.0);
        for row in 0..rows {
            let n = pixels * width;
            let first = (from.origin() + row * from.row()) * width;
            let dy = View::strided(&dy[first..], conv.out_channels, n, from.channel() * width);
            product(w.t(), dy, scratch, n, false, par);
            fold(conv, width, row, scratch, (dx, to));
        }
    }
    to.chain(lanes, below, (x, &input), dx);
}

/// `dW = Σ dy x`, `(out channels, K)`.
pub fn weight_grad(
    conv: &Conv2d,
    (lanes, par): (Lanes, Par),
    scratch: &mut Vec<f32>,
    dy: &[f32],
    x: &[f32],
    dw: &mut [f32],
) {
    let ([rows, pixels], from) = (conv.out_size(), conv.gradient_plane());
    for tile in lanes.tiles() {
        let x = tile.of(x, conv.input_plane().slots());
        let dy = tile.of(dy, from.slots());
        let n = pixels * tile.width;
        for row in 0..rows {
            unroll(conv, tile.width, row, x, scratch);
            let first = (from.origin() + row * from.row()) * tile.width;
            let dy = View::strided(&dy[first..], conv.out_channels, n, from.channel() * tile.width);
            let x = View::new(scratch, conv.cols(), n).t();
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
fn fold(conv: &Conv2d, width: usize, row: usize, from: &[f32], (dx, plane): (&mut [f32], &Plane)) {
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
