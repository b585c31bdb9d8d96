//! The section `tensorboard`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stands in TensorBoard beside the curves. The CSV files are the same in any case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TensorBoardKeys {
    /// A run for each variant: the mean return of its finished seeds with a 95 % interval.
    pub variants: bool,
    /// Each job as a session of the tab HParams: what tells it from others, and what it came to.
    pub hparams: bool,
    /// Charts of all variants together, with bands, in the tab Custom Scalars.
    pub layout: bool,
    /// Active weights and gradients by layer, at evaluations. Gradients are the first moments of Adam, or the
    /// momentum of SGD: means over the last gradient steps.
    pub histograms: bool,
    /// Pictures of the active weights by layer, at evaluations after which they have changed.
    pub images: bool,
    /// The config, the plan, the costs of layers and the table at the end.
    pub text: bool,
}

impl Default for TensorBoardKeys {
    fn default() -> Self {
        Self {
            variants: true,
            hparams: true,
            layout: true,
            histograms: true,
            images: true,
            text: true,
        }
    }
}
