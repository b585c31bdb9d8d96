//! Which network reads the observations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_envs::Space;
use sparring_sparse::LayerSpec;

use super::image::image;
use super::impala::impala;
use super::minatar::minatar;
use super::mlp::{MlpStyle, mlp, scaled};
use super::nature::nature;
use crate::error::AgentError;

/// Which network reads the observations, and its size. `width` multiplies the units and channels of all
/// layers but the head: a perceptron's to `max(1, ⌊n · width⌋)`, those of the others to `⌈n · width⌉`
/// (Graesser et al. 2022, section on the experimental setup).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(extend("x-example" = "nature_cnn"))]
pub enum NetworkConfig {
    /// A multi-layer perceptron over all numbers of an observation.
    Mlp {
        /// Widths of the hidden ReLU layers.
        #[serde(default = "hidden")]
        #[schemars(inner(range(min = 1)))]
        hidden: Vec<usize>,
        /// Multiplies them.
        #[serde(default = "width")]
        #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
        width: f64,
    },
    /// The convolutions of Mnih et al. 2015; see [`nature`].
    NatureCnn {
        /// Multiplies channels and units.
        #[serde(default = "width")]
        #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
        width: f64,
    },
    /// The 15 residual convolutions of Espeholt et al. 2018; see [`impala`].
    Impala {
        /// Multiplies channels and units.
        #[serde(default = "width")]
        #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
        width: f64,
    },
    /// The one convolution of Young and Tian 2019; see [`minatar`].
    Minatar {
        /// Multiplies channels and units.
        #[serde(default = "width")]
        #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
        width: f64,
    },
}

/// The hidden layers of a perceptron that does not say (Graesser et al. 2022, classic control).
fn hidden() -> Vec<usize> {
    vec![512, 512]
}

fn width() -> f64 {
    1.0
}

impl NetworkConfig {
    /// A perceptron with hidden layers of these widths.
    pub fn mlp(hidden: &[usize]) -> Self {
        Self::Mlp { hidden: hidden.to_vec(), width: 1.0 }
    }

    /// `kind` in a config.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp { .. } => "mlp",
            Self::NatureCnn { .. } => "nature_cnn",
            Self::Impala { .. } => "impala",
            Self::Minatar { .. } => "minatar",
        }
    }

    /// Whether it reads images, by convolutions.
    pub fn reads_images(&self) -> bool {
        match self {
            Self::Mlp { .. } => false,
            Self::NatureCnn { .. } | Self::Impala { .. } | Self::Minatar { .. } => true,
        }
    }

    /// The layers from observations of the space `obs` to `outputs`, with weights that decay by
    /// `weight_decay`; a perceptron is of the agent's `style`.
    ///
    /// # Errors
    /// Observations that are no images, or too small ones, for a network of convolutions.
    pub fn layers(
        &self,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        let image = || image(obs, self.name());
        Ok(match self {
            Self::Mlp { hidden, width } => {
                mlp(obs.dim(), &scaled(hidden, *width), outputs, style, weight_decay)
            }
            Self::NatureCnn { width } => nature(image()?, outputs, *width, weight_decay),
            Self::Impala { width } => impala(image()?, outputs, *width, weight_decay),
            Self::Minatar { width } => minatar(image()?, outputs, *width, weight_decay)?,
        })
    }
}
