//! The network of MinAtar (Young and Tian 2019, 1903.03176; `examples/dqn.py` of its repository): layers
//! `conv.0`, `hidden.0` and `head`.
//!
//! 16 channels of 3×3 without padding and 128 units, each with a ReLU: 10×10 → 8×8 → 1,024 numbers.
//! Weights start as there, in PyTorch's `U(−1/√n_in, 1/√n_in)`; biases start at 0, and there like the
//! weights.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparring_envs::Space;
use sparring_sparse::layers::{Features, Padding};
use sparring_sparse::{Activation, Init, LayerSpec, Shape};

use super::image::{Stack, image};
use super::row::{NetworkKeys, NetworkRow};
use super::style::MlpStyle;
use crate::error::AgentError;

const KERNEL: usize = 3;

/// The row of [`Minatar`].
pub static ROW: NetworkRow =
    NetworkRow::of::<Minatar>("minatar", "The one convolution of Young and Tian 2019.").of_images();

/// What is chosen about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Minatar {
    /// Multiplies channels and units.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

impl Default for Minatar {
    fn default() -> Self {
        Self { width: 1.0 }
    }
}

impl NetworkKeys for Minatar {
    fn row(&self) -> &'static NetworkRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        json!(self)
    }

    fn layers(
        &self,
        obs: &Space,
        outputs: usize,
        _: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        minatar(image(obs, ROW.name)?, outputs, self.width, weight_decay)
    }

    fn narrowed(&self, by: f64) -> Option<Arc<dyn NetworkKeys>> {
        Some(Arc::new(Self { width: self.width * by }))
    }
}

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
            key: "network",
            network: ROW.name,
            found: format!("images of {} x {} pixels", image.height, image.width),
            allowed: "images of at least 3 x 3 pixels",
        });
    }
    let init = |shape: &Shape| Init::Uniform { limit: 1.0 / (shape.cols() as f64).sqrt() };
    Ok(Stack::new(image, width, weight_decay, init)
        .conv("conv.0", 16, [KERNEL, 1], Padding::Valid, (Activation::Relu, &[]))
        .finish(128, outputs))
}
