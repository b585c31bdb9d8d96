//! The Nature CNN (Mnih et al. 2015) as Graesser et al. 2022 have it: layers `conv.0`, `conv.1`,
//! `conv.2`, `hidden.0` and `head`.
//!
//! 32 channels of 8×8 every 4 pixels, 64 of 4×4 every 2, 64 of 3×3, each with 'same' padding and a ReLU,
//! then 512 ReLU units: 84×84 → 21×21 → 11×11 → 11×11 → 7,744 numbers. Images of any size fit. Weights
//! start as Glorot's, which is Keras's default, and all of them decay.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparring_envs::Space;
use sparring_sparse::layers::{Features, Padding};
use sparring_sparse::{Activation, Init, LayerSpec};

use super::image::{Stack, image};
use super::row::{NetworkKeys, NetworkRow};
use super::style::MlpStyle;
use crate::error::AgentError;

/// The row of [`NatureCnn`].
pub static ROW: NetworkRow =
    NetworkRow::of::<NatureCnn>("nature_cnn", "The convolutions of Mnih et al. 2015.").of_images();

/// What is chosen about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NatureCnn {
    /// Multiplies channels and units.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

impl Default for NatureCnn {
    fn default() -> Self {
        Self { width: 1.0 }
    }
}

impl NetworkKeys for NatureCnn {
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
        Ok(nature(image(obs, ROW.name)?, outputs, self.width, weight_decay))
    }

    fn narrowed(&self, by: f64) -> Option<Arc<dyn NetworkKeys>> {
        Some(Arc::new(Self { width: self.width * by }))
    }
}

/// `(batch, channels · height · width) → (batch, outputs)`, for `image` of channels, height and width.
pub fn nature(image: Features, outputs: usize, width: f64, weight_decay: f64) -> Vec<LayerSpec> {
    let (same, relu) = (Padding::Same, (Activation::Relu, &[][..]));
    Stack::new(image, width, weight_decay, |_| Init::GlorotUniform)
        .conv("conv.0", 32, [8, 4], same, relu)
        .conv("conv.1", 64, [4, 2], same, relu)
        .conv("conv.2", 64, [3, 1], same, relu)
        .finish(512, outputs)
}
