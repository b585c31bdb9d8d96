//! The shape of a two-dimensional convolution.

use serde::Serialize;

use super::Features;

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

    /// Zeros before and behind along an axis: rows, then columns.
    pub fn padded(&self, axis: usize) -> (usize, usize) {
        let reach = (self.out_size()[axis].max(1) - 1) * self.stride + self.kernel[axis];
        let all = reach.saturating_sub(self.size[axis]);
        (all / 2, all - all / 2)
    }

    /// The features that it reads.
    pub fn input(&self) -> Features {
        let [height, width] = self.size;
        Features { channels: self.in_channels, height, width }
    }

    /// The features that it writes.
    pub fn output(&self) -> Features {
        let [height, width] = self.out_size();
        Features { channels: self.out_channels, height, width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(size: usize, kernel: usize, stride: usize, padding: Padding) -> Conv2d {
        let (size, kernel) = ([size; 2], [kernel; 2]);
        Conv2d { in_channels: 4, out_channels: 32, size, kernel, stride, padding }
    }

    /// The Nature CNN (Mnih et al. 2015) with 'same' padding goes 84 → 21 → 11 → 11.
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
}
