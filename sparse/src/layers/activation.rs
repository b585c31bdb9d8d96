//! The function after a layer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The function after a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `y = x`.
    Identity,
    /// `y = max(x, 0)`; NaN stays NaN, and the gradient at 0 is 0.
    Relu,
    /// `y = tanh(x)`.
    Tanh,
}
