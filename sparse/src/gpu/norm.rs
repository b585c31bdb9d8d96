//! The kernels of layer normalisation: their argument, as `kernels/common.h` has it, and how they are laid out.

use super::kernels::Argument;
use super::{Launch, Precision};

/// Of `norm_forward`, `norm_backward` and `norm_grad`, see [`crate::kernels::norm`]. Slots are `(rows, ld)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Norm {
    /// What is normalised.
    pub x: u64,
    /// The gradient of what came of it; 0 for the way forward.
    pub dy: u64,
    /// `γ (rows)`, then `β (rows)`; 0 for their gradient.
    pub params: u64,
    /// `(2, ld)`: the mean of each sample, and `1 / √(var + ε)`. The way forward writes them.
    pub moments: u64,
    /// What is written.
    pub to: u64,
    /// Features.
    pub rows: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// How slots are stored that are read.
    pub stored: Precision,
    /// How those are that are written.
    pub to_stored: Precision,
}

impl Norm {
    /// All features of 32 samples a block.
    pub fn shape(&self) -> Launch {
        Launch { grid: [self.ld / 32, 1, 1], block: [32, 16, 1], shared: 0 }
    }

    /// Eight features a block.
    pub fn grad_shape(&self) -> Launch {
        Launch { grid: [self.rows.div_ceil(8), 1, 1], block: [32, 8, 1], shared: 0 }
    }
}

// SAFETY: a struct of C whose fields of 8 bytes come first and whose size is a multiple of 8.
unsafe impl Argument for Norm {}
