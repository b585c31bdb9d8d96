//! The network of MinAtar (Young and Tian 2019, 1903.03176; `examples/dqn.py` of its repository): layers
//! `conv.0`, `hidden.0` and `head`.
//!
//! 16 channels of 3×3 without padding and 128 units, each with a ReLU: 10×10 → 8×8 → 1,024 numbers.
//! Weights start as there, in PyTorch's `U(−1/√n_in, 1/√n_in)`; biases start at 0, and there like the
//! weights.

use sparring_sparse::layers::{Features, Padding};
use sparring_sparse::{Activation, Init, LayerSpec, Shape};

use super::image::Stack;
use crate::error::AgentError;

const KERNEL: usize = 3;

/// `(batch, channels · height · width) → (batch, outputs)`, for `image` of channels, height and width.
///
/// # Errors
/// Images smaller than the kernel.
pub fn minatar(
    image: Features,
    outputs: usize,
    width: f64,
    weight_decay: f64,
) -> Result<Vec<LayerSpec>, AgentError> {
    if image.height < KERNEL || image.width < KERNEL {
        return Err(AgentError::Network {
            network: "minatar",
            found: format!("images of {} x {} pixels", image.height, image.width),
            allowed: "images of at least 3 x 3 pixels",
        });
    }
    let init = |shape: &Shape| Init::Uniform { limit: 1.0 / (shape.cols() as f64).sqrt() };
    Ok(Stack::new(image, width, weight_decay, init)
        .conv("conv.0", 16, [KERNEL, 1], Padding::Valid, (Activation::Relu, &[]))
        .finish(128, outputs))
}
