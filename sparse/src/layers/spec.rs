//! What a layer shall be.

use super::Join;
use crate::init::Init;
use crate::kernels::conv::{Conv2d, ConvIndex};
use crate::kernels::{Activation, Plane};
use crate::topology::Csr;

/// What a layer shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpec {
    /// Unique in its network.
    pub name: String,
    /// What it computes.
    pub shape: Shape,
    /// The function after it.
    pub activation: Activation,
    /// Its first weights.
    pub init: Init,
    /// Its first biases.
    pub bias: f32,
    /// `λ` of the L2 penalty `λ Σ w²` on its weights; biases have none.
    pub weight_decay: f64,
    /// What stands between its activation and the next layer.
    pub then: Vec<Join>,
}

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

    /// Bytes of the index arrays of `nnz` active weights; none where every weight is active.
    pub fn structure_bytes(&self, nnz: usize) -> usize {
        if nnz == self.rows() * self.cols() {
            return 0;
        }
        let csr = Csr::bytes(self.rows(), self.cols(), nnz);
        match self {
            Self::Linear { .. } => csr,
            Self::Conv2d(conv) => csr + ConvIndex::bytes(conv, nnz),
        }
    }

    /// The features that it reads.
    pub fn input_plane(&self) -> Plane {
        match self {
            Self::Linear { inputs, .. } => Plane::features(*inputs),
            Self::Conv2d(conv) => conv.input_plane(),
        }
    }

    /// The features that it writes.
    pub fn output_plane(&self) -> Plane {
        match self {
            Self::Linear { outputs, .. } => Plane::features(*outputs),
            Self::Conv2d(conv) => conv.output_plane(),
        }
    }

    /// How it reads the gradient of what it wrote.
    pub fn gradient_plane(&self) -> Plane {
        match self {
            Self::Linear { outputs, .. } => Plane::features(*outputs),
            Self::Conv2d(conv) => conv.gradient_plane(),
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
