//! The residual network of IMPALA (Espeholt et al. 2018, 1802.01561) as Graesser et al. 2022 have it.
//!
//! Three stacks of 32, 64 and 64 channels. A stack `i` is a 3×3 convolution `stack.i.conv`, a max-pooling
//! 3×3 every 2 pixels, and two residual blocks `j`: ReLU, `stack.i.block.j.conv.0`, ReLU,
//! `stack.i.block.j.conv.1`, plus what came in. That makes 15 convolutions, all with 'same' padding; then
//! a ReLU and 512 ReLU units `hidden.0` (256 in the released code; the paper's table and its counts of
//! parameters say 512), and the `head`: 84×84 → 42×42 → 21×21 → 11×11 → 7,744 numbers. No batch
//! normalisation. Weights start as Glorot's, which is Keras's default, and all of them decay.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparring_envs::Space;
use sparring_sparse::layers::{Features, MaxPool, Padding};
use sparring_sparse::{Activation, Init, Join, LayerSpec};

use super::image::{Stack, image};
use super::row::{NetworkKeys, NetworkRow};
use super::style::MlpStyle;
use crate::error::AgentError;

const CHANNELS: [usize; 3] = [32, 64, 64];
const BLOCKS: usize = 2;

/// The row of [`Impala`].
pub static ROW: NetworkRow =
    NetworkRow::of::<Impala>("impala", "The 15 residual convolutions of Espeholt et al. 2018.")
        .of_images();

/// What is chosen about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Impala {
    /// Multiplies channels and units.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

impl Default for Impala {
    fn default() -> Self {
        Self { width: 1.0 }
    }
}

impl NetworkKeys for Impala {
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
        Ok(impala(image(obs, ROW.name)?, outputs, self.width, weight_decay))
    }

    fn narrowed(&self, by: f64) -> Option<Arc<dyn NetworkKeys>> {
        Some(Arc::new(Self { width: self.width * by }))
    }
}

/// `(batch, channels · height · width) → (batch, outputs)`, for `image` of channels, height and width.
pub fn impala(image: Features, outputs: usize, width: f64, weight_decay: f64) -> Vec<LayerSpec> {
    let pool = Join::MaxPool(MaxPool { kernel: [3; 2], stride: 2, padding: Padding::Same });
    let (kernel, same) = ([3, 1], Padding::Same);
    let mut stack = Stack::new(image, width, weight_decay, |_| Init::GlorotUniform);
    for (i, channels) in CHANNELS.into_iter().enumerate() {
        let begin = [pool, Join::Save, Join::Relu];
        let then = (Activation::Identity, begin.as_slice());
        stack = stack.conv(format!("stack.{i}.conv"), channels, kernel, same, then);
        for j in 0..BLOCKS {
            let name = |conv: usize| format!("stack.{i}.block.{j}.conv.{conv}");
            let end: &[Join] = match (j + 1 == BLOCKS, i + 1 == CHANNELS.len()) {
                (false, _) => &[Join::Add, Join::Save, Join::Relu],
                (true, false) => &[Join::Add],
                (true, true) => &[Join::Add, Join::Relu],
            };
            stack = stack.conv(name(0), channels, kernel, same, (Activation::Relu, &[])).conv(
                name(1),
                channels,
                kernel,
                same,
                (Activation::Identity, end),
            );
        }
    }
    stack.finish(512, outputs)
}
