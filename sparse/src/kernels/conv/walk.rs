//! Where the products of a convolution walk: its planes, the slots of its weights, the phases of its
//! stride.

use crate::kernels::entries::{Strides, Walk};
use crate::kernels::{Border, Plane};
use crate::layers::Conv2d;

/// A convolution as its products see it.
pub trait ConvWalk {
    /// The features that it reads, through their padding.
    fn input_plane(&self) -> Plane;
    /// The features that it writes.
    fn output_plane(&self) -> Plane;
    /// The gradient of what it writes, with a border as wide as its input gradient reaches.
    fn gradient_plane(&self) -> Plane;
    /// The output pixels: read in the input plane, written in `to`.
    fn walk(&self, to: &Plane) -> Walk;
    /// The slot of column `col` relative to an output pixel.
    fn slot(&self, col: usize) -> usize;
    /// The input pixels that output pixels reach with the same kernel rows or columns, modulo the
    /// stride: for each phase `p` the first pixel, their number, and the output that reaches the first
    /// with kernel row (or column) `p`.
    fn phase(&self, axis: usize, p: usize) -> Phase;
}

impl ConvWalk for Conv2d {
    fn input_plane(&self) -> Plane {
        let ((top, bottom), (left, right)) = (self.padded(0), self.padded(1));
        Plane { border: Border { top, bottom, left, right }, ..Plane::of(self.input()) }
    }

    fn output_plane(&self) -> Plane {
        Plane::of(self.output())
    }

    fn gradient_plane(&self) -> Plane {
        let border = |axis: usize| {
            let before = self.kernel[axis].div_ceil(self.stride) - 1;
            let last = (self.size[axis] - 1 + self.padded(axis).0) / self.stride;
            (before, last.saturating_sub(self.out_size()[axis].max(1) - 1))
        };
        let ((top, bottom), (left, right)) = (border(0), border(1));
        Plane { border: Border { top, bottom, left, right }, ..self.output_plane() }
    }

    fn walk(&self, to: &Plane) -> Walk {
        let ([ny, nx], from) = (self.out_size(), self.input_plane());
        Walk {
            ny,
            nx,
            from: Strides { origin: 0, y: self.stride * from.row(), x: self.stride, row: 0 },
            to: to.strides(),
        }
    }

    fn slot(&self, col: usize) -> usize {
        let ([kh, kw], plane) = (self.kernel, self.input_plane());
        let (channel, y, x) = (col / (kh * kw), col / kw % kh, col % kw);
        channel * plane.channel() + y * plane.row() + x
    }

    fn phase(&self, axis: usize, p: usize) -> Phase {
        let before = self.padded(axis).0;
        let first = (p + self.stride - before % self.stride) % self.stride;
        let count = self.size[axis].saturating_sub(first).div_ceil(self.stride);
        Phase { first, count, output: (first + before) / self.stride }
    }
}

/// See [`ConvWalk::phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// The first pixel.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// The output that reaches the first.
    pub output: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Padding;

    fn conv(size: usize, kernel: usize, stride: usize, padding: Padding) -> Conv2d {
        let (size, kernel) = ([size; 2], [kernel; 2]);
        Conv2d { in_channels: 4, out_channels: 32, size, kernel, stride, padding }
    }

    #[test]
    fn phases_share_out_the_input() {
        for (size, kernel, stride) in [(84, 8, 4), (21, 4, 2), (11, 3, 1), (10, 3, 2), (7, 2, 3)] {
            for padding in [Padding::Same, Padding::Valid] {
                let conv = conv(size, kernel, stride, padding);
                let mut seen = vec![0; size];
                for p in 0..stride {
                    let Phase { first, count, output } = conv.phase(0, p);
                    for i in 0..count {
                        let pixel = first + i * stride;
                        seen[pixel] += 1;
                        assert_eq!(pixel + conv.padded(0).0, (output + i) * stride + p);
                    }
                }
                assert!(seen.iter().all(|count| *count == 1), "{conv:?} {seen:?}");
            }
        }
    }
}
