//! What a layer computes.

use super::{Conv2d, Features};

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `y = W x + b`.
    Linear {
        /// Features that it reads.
        inputs: usize,
        /// Features that it writes.
        outputs: usize,
    },
    /// `y = W ∗ x + b` over images.
    Conv2d(Conv2d),
}

impl Shape {
    /// Rows of the matrix `W`: outputs, or output channels.
    pub fn rows(&self) -> usize {
        match self {
            Self::Linear { outputs, .. } => *outputs,
            Self::Conv2d(conv) => conv.out_channels,
        }
    }

    /// Columns of the matrix `W`: inputs, or the kernel weights of one output channel.
    pub fn cols(&self) -> usize {
        match self {
            Self::Linear { inputs, .. } => *inputs,
            Self::Conv2d(conv) => conv.cols(),
        }
    }

    /// Neighbouring columns of one input: the weights of a kernel's image.
    pub fn area(&self) -> usize {
        match self {
            Self::Linear { .. } => 1,
            Self::Conv2d(conv) => conv.kernel[0] * conv.kernel[1],
        }
    }

    /// Outputs that each weight has a part in.
    pub fn positions(&self) -> usize {
        match self {
            Self::Linear { .. } => 1,
            Self::Conv2d(conv) => conv.out_size()[0] * conv.out_size()[1],
        }
    }

    /// The features that it reads.
    pub fn input(&self) -> Features {
        match self {
            Self::Linear { inputs, .. } => Features::flat(*inputs),
            Self::Conv2d(conv) => conv.input(),
        }
    }

    /// The features that it writes.
    pub fn output(&self) -> Features {
        match self {
            Self::Linear { outputs, .. } => Features::flat(*outputs),
            Self::Conv2d(conv) => conv.output(),
        }
    }

    /// `(n_in, n_out)`, or `(kh, kw, n_in, n_out)`, as distributions count.
    pub fn kernel_shape(&self) -> Vec<usize> {
        match self {
            Self::Linear { inputs, outputs } => vec![*inputs, *outputs],
            Self::Conv2d(c) => vec![c.kernel[0], c.kernel[1], c.in_channels, c.out_channels],
        }
    }
}
