//! The network of BRO (Nauman et al. 2024, 2405.16158; `BroNet` in `jaxrl/networks/common.py` of its code,
//! naumix/BiggerRegularizedOptimistic at 8101111): a residual network whose every layer is normalised behind its
//! product.
//!
//! ```text
//! h ← relu(LayerNorm(W x + b))                                       `embed`
//! h ← h + LayerNorm(W₁ relu(LayerNorm(W₀ h + b₀)) + b₁)              `block.i.dense.0`, `block.i.dense.1`
//! y = W h + b                                                        `head`
//! ```
//!
//! All weights are drawn orthogonal with gain √2. Its critics have 512 numbers `h` and two blocks, its actors 256 and
//! one. The paper's agent is more than this network: quantile critics, no minimum of two, resets and an optimistic
//! actor, none of which follows from it. Sparse layers are drawn by their active fans unless
//! `sparsity.sparsity_aware_init` is off.

use std::f64::consts::SQRT_2;
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

/// The row of [`Bro`].
pub static ROW: NetworkRow =
    NetworkRow::of::<Bro>("bro", "The residual layer-norm network of Nauman et al. 2024 (BRO).");

/// What is chosen about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Bro {
    /// Numbers that each hidden layer gives: 512 in the paper's critics, 256 in its actors.
    #[schemars(range(min = 1))]
    pub hidden: usize,
    /// Residual blocks: 2 in the paper's critics, 1 in its actors.
    #[schemars(range(min = 1, max = 1000))]
    pub blocks: usize,
    /// Multiplies the numbers.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

impl Default for Bro {
    /// The paper's critic.
    fn default() -> Self {
        Self { hidden: 512, blocks: 2, width: 1.0 }
    }
}

impl NetworkKeys for Bro {
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
        Ok(bro(obs.dim(), self, outputs, weight_decay))
    }

    fn narrowed(&self, by: f64) -> Option<Arc<dyn NetworkKeys>> {
        Some(Arc::new(Self { width: self.width * by, ..*self }))
    }
}

/// `(batch, inputs) → (batch, outputs)`.
pub fn bro(inputs: usize, keys: &Bro, outputs: usize, weight_decay: f64) -> Vec<LayerSpec> {
    let (units, init) = (scaled(keys.hidden, keys.width), Init::Orthogonal { gain: SQRT_2 });
    let identity = Activation::Identity;
    let embed = (identity, &[Join::LayerNorm, Join::Relu, Join::Save][..]);
    let mut network = Vectors::new(inputs, weight_decay).linear("embed", units, init, embed);
    for block in 0..keys.blocks {
        let inner = (identity, &[Join::LayerNorm, Join::Relu][..]);
        let then: &[Join] = match block + 1 == keys.blocks {
            false => &[Join::LayerNorm, Join::Add, Join::Save],
            true => &[Join::LayerNorm, Join::Add],
        };
        network = network.linear(format!("block.{block}.dense.0"), units, init, inner).linear(
            format!("block.{block}.dense.1"),
            units,
            init,
            (identity, then),
        );
    }
    network.head(outputs, init)
}
