//! Blocks of experts in the networks of every agent: which router, how many, and where
//! ([`sparring_sparse::routing`] has what they compute).
//!
//! An expert is `dense.0` to `hidden` ReLU units and `dense.1` back to the numbers of a token, drawn as Glorot's; the
//! router is drawn as LeCun's, and both decay as the layer before them does. The layers are
//! `<layer>.router` and `<layer>.expert.<number>.dense.0`, `….dense.1`, where `<layer>` is the one behind which the block
//! stands; `sparsity.layers` names experts like any other, and routers stay dense.
//!
//! A block stands behind a layer whose features are what its tokens are parts of, outside of residual branches. Where
//! tokens are of images, the block before the head takes the place of the linear hidden layers: the head reads
//! what experts made of the last image, as Obando-Ceron et al. 2024 (2402.08609) have it. Patches are made tokens by a
//! convolution `<layer>.embedding` as wide as its steps, and rows and columns that fill no patch fall away, as in their code.
//! In a transformer experts are the MLPs of its blocks.

mod blocks;
mod keys;
mod transformer;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::KeyError;

pub use keys::{BalanceKeys, ExpertKeys, Placement, RouterName, TokensOf};

use crate::error::AgentError;

/// The keys beside those of every kind of network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Beside {
    /// Blocks of experts, of which each token takes a few; none has none.
    pub experts: Option<ExpertKeys>,
}

/// A mistake in one of the keys, by its place below the section that has `experts`.
pub(crate) fn refused(key: &str, found: String, allowed: &str, hint: &str) -> AgentError {
    let key = format!("experts.{key}");
    AgentError::Experts(Box::new(KeyError::new(key, found, allowed, hint)))
}
