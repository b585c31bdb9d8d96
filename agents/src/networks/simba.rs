//! SimBa (Lee et al. 2024, 2410.09754; `scale_rl/networks/layers.py` and `scale_rl/agents/sac/sac_network.py` of its
//! code, SonyResearch/simba at 4e83770): a residual network with layer norms that gains from width where a
//! perceptron loses.
//!
//! ```text
//! h ← W x + b                                    `embed`, orthogonal
//! h ← h + W₁ relu(W₀ LayerNorm(h) + b₀) + b₁     `block.i.dense.0`, `block.i.dense.1`, He normal; each block
//! y = W LayerNorm(h) + b                         `head`, orthogonal
//! ```
//!
//! Paper and code have 128 numbers `h` and one block in actors, 512 and two in critics, and four times as many in
//! the middle of a block. What they do beside the network is told by other keys: AdamW with a decay of 10⁻²
//! (here of weights alone: theirs pulls on biases and layer norms, too) and a standardised observation. The
//! heads of their actors bound `log σ` by a tanh, where `log_std_min` and `log_std_max` cut it off. Sparse layers
//! are drawn by their active fans unless `sparsity.sparsity_aware_init` is off.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparring_envs::Space;
use sparring_sparse::{Activation, Init, Join, LayerSpec};

use super::residual::Vectors;
use super::row::{NetworkKeys, NetworkRow};
use super::style::MlpStyle;
use super::width::scaled;
use crate::error::AgentError;

/// The row of [`Simba`].
pub static ROW: NetworkRow =
    NetworkRow::of::<Simba>("simba", "The residual layer-norm network of Lee et al. 2024 (SimBa).");

/// What is chosen about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Simba {
    /// Numbers between blocks: 512 in the paper's critics, 128 in its actors.
    #[schemars(range(min = 1))]
    pub hidden: usize,
    /// Residual blocks: 2 in the paper's critics, 1 in its actors.
    #[schemars(range(min = 1, max = 1000))]
    pub blocks: usize,
    /// Numbers within a block over those between blocks.
    #[schemars(range(min = 1, max = 1000))]
    pub expansion: usize,
    /// Multiplies both.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

impl Default for Simba {
    /// The paper's critic.
    fn default() -> Self {
        Self { hidden: 512, blocks: 2, expansion: 4, width: 1.0 }
    }
}

impl NetworkKeys for Simba {
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
        Ok(simba(obs.dim(), self, outputs, weight_decay))
    }

    fn narrowed(&self, by: f64) -> Option<Arc<dyn NetworkKeys>> {
        Some(Arc::new(Self { width: self.width * by, ..*self }))
    }
}

/// `(batch, inputs) → (batch, outputs)`.
pub fn simba(inputs: usize, keys: &Simba, outputs: usize, weight_decay: f64) -> Vec<LayerSpec> {
    let [between, within] =
        [keys.hidden, keys.hidden * keys.expansion].map(|n| scaled(n, keys.width));
    let (orthogonal, he) = (Init::Orthogonal { gain: 1.0 }, Init::TruncatedNormal { scale: 2.0 });
    let identity = Activation::Identity;
    let embed = (identity, &[Join::Save, Join::LayerNorm][..]);
    let mut network =
        Vectors::new(inputs, weight_decay).linear("embed", between, orthogonal, embed);
    for block in 0..keys.blocks {
        let then: &[Join] = match block + 1 == keys.blocks {
            false => &[Join::Add, Join::Save, Join::LayerNorm],
            true => &[Join::Add, Join::LayerNorm],
        };
        network = network
            .linear(format!("block.{block}.dense.0"), within, he, (Activation::Relu, &[]))
            .linear(format!("block.{block}.dense.1"), between, he, (identity, then));
    }
    network.head(outputs, orthogonal)
}
