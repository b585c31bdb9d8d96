//! The shape of a two-dimensional convolution, and where its products walk.

use serde::Serialize;

use crate::kernels::gather::{Strides, Walk};
use crate::kernels::{Border, Plane};

/// How an image is continued beyond its edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// As many zeros as make the output `⌈size / stride⌉`; where their number is odd, the one more
    /// stands behind (TensorFlow's `SAME`).
    Same,
    /// None.
    Valid,
}

/// A convolution `(in_channels, height, width) → (out_channels, out_height, out_width)`.
///
/// Its matrix has a row an output channel and a column a kernel weight, in the order `(input channel,
/// kernel row, kernel column)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Conv2d {
    /// Channels that it reads.
    pub in_channels: usize,
    /// Channels that it writes.
    pub out_channels: usize,
    /// Rows and columns of the input.
    pub size: [usize; 2],
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Steps of the kernel from one output to the next, in both directions.
    pub stride: usize,
    /// What lies beyond the edges.
    pub padding: Padding,
}

impl Conv2d {
    /// Weights of one output channel.
    pub fn cols(&self) -> usize {
        self.in_channels * self.kernel[0] * self.kernel[1]
    }

    /// Rows and columns of the output; 0 where a valid kernel does not fit.
    pub fn out_size(&self) -> [usize; 2] {
        std::array::from_fn(|axis| match self.padding {
            Padding::Same => self.size[axis].div_ceil(self.stride),
            Padding::Valid => {
                (self.size[axis] + self.stride).saturating_sub(self.kernel[axis]) / self.stride
            }
        })
    }

    /// Zeros before and behind along an axis.
    fn padded(&self, axis: usize) -> (usize, usize) {
        let reach = (self.out_size()[axis].max(1) - 1) * self.stride + self.kernel[axis];
        let all = reach.saturating_sub(self.size[axis]);
        (all / 2, all - all / 2)
    }

    /// The features that it reads, through their padding.
    pub fn input_plane(&self) -> Plane {
        let ((top, bottom), (left, right)) = (self.padded(0), self.padded(1));
        Plane {
            channels: self.in_channels,
            height: self.size[0],
            width: self.size[1],
            border: Border { top, bottom, left, right },
        }
    }

    /// The features that it writes.
    pub fn output_plane(&self) -> Plane {
        let [height, width] = self.out_size();
        Plane { channels: self.out_channels, height, width, border: Border::default() }
    }

    /// The gradient of what it writes, with a border as wide as its input gradient reaches.
    pub fn gradient_plane(&self) -> Plane {
        let border = |axis: usize| {
            let before = self.kernel[axis].div_ceil(self.stride) - 1;
            let last = (self.size[axis] - 1 + self.padded(axis).0) / self.stride;
            (before, last.saturating_sub(self.out_size()[axis].max(1) - 1))
        };
        let ((top, bottom), (left, right)) = (border(0), border(1));
        Plane { border: Border { top, bottom, left, right }, ..self.output_plane() }
    }

    /// The output pixels: read in the input plane, written in `to`.
    pub(crate) fn walk(&self, to: &Plane) -> Walk {
        let ([ny, nx], from) = (self.out_size(), self.input_plane());
        Walk {
            ny,
            nx,
            from: Strides { origin: 0, y: self.stride * from.row(), x: self.stride, row: 0 },
            to: to.strides(),
        }
    }

    /// The slot of column `col` relative to an output pixel.
    pub(crate) fn slot(&self, col: usize) -> usize {
        let ([kh, kw], plane) = (self.kernel, self.input_plane());
        let (channel, y, x) = (col / (kh * kw), col / kw % kh, col % kw);
        channel * plane.channel() + y * plane.row() + x
    }

    /// The input pixels that output pixels reach with the same kernel rows or columns, modulo the
    /// stride: for each phase `p` the first pixel, their number, and the output that reaches the first
    /// with kernel row (or column) `p`.
    pub(crate) fn phase(&self, axis: usize, p: usize) -> Phase {
        let before = self.padded(axis).0;
        let first = (p + self.stride - before % self.stride) % self.stride;
        let count = self.size[axis].saturating_sub(first).div_ceil(self.stride);
        Phase { first, count, output: (first + before) / self.stride }
    }
}

/// See [`Conv2d::phase`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub first: usize,
    pub count: usize,
    pub output: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(size: usize, kernel: usize, stride: usize, padding: Padding) -> Conv2d {
        let (size, kernel) = ([size; 2], [kernel; 2]);
        Conv2d { in_channels: 4, out_channels: 32, size, kernel, stride, padding }
    }

    /// PAPERS 2.2: the Nature CNN with 'same' padding goes 84 → 21 → 11 → 11.
    #[test]
    fn the_nature_cnn() {
        for (size, kernel, stride, out, pads) in
            [(84, 8, 4, 21, (2, 2)), (21, 4, 2, 11, (1, 2)), (11, 3, 1, 11, (1, 1))]
        {
            let same = conv(size, kernel, stride, Padding::Same);
            assert_eq!((same.out_size(), same.padded(0)), ([out; 2], pads));
        }
        assert_eq!(conv(84, 8, 4, Padding::Valid).out_size(), [20; 2]);
        assert_eq!(conv(5, 8, 4, Padding::Valid).out_size(), [0; 2]);
        assert_eq!(conv(20, 4, 2, Padding::Valid).padded(0), (0, 0));
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
