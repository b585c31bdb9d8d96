//! The Nature CNN (Mnih et al. 2015) as Graesser et al. 2022 have it: layers `conv.0`, `conv.1`,
//! `conv.2`, `hidden.0` and `head`.
//!
//! 32 channels of 8×8 every 4 pixels, 64 of 4×4 every 2, 64 of 3×3, each with 'same' padding and a ReLU,
//! then 512 ReLU units: 84×84 → 21×21 → 11×11 → 11×11 → 7,744 numbers. Images of any size fit. Weights
//! start as Glorot's, which is Keras's default, and all of them decay.

use sparring_sparse::layers::{Features, Padding};
use sparring_sparse::{Activation, Init, LayerSpec};

use super::image::Stack;

/// `(batch, channels · height · width) → (batch, outputs)`, for `image` of channels, height and width.
pub fn nature(image: Features, outputs: usize, width: f64, weight_decay: f64) -> Vec<LayerSpec> {
    let (same, relu) = (Padding::Same, (Activation::Relu, &[][..]));
    Stack::new(image, width, weight_decay, |_| Init::GlorotUniform)
        .conv("conv.0", 32, [8, 4], same, relu)
        .conv("conv.1", 64, [4, 2], same, relu)
        .conv("conv.2", 64, [3, 1], same, relu)
        .finish(512, outputs)
}
