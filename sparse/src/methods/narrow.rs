//! A dense network that is as large as a sparse one: what is compared with sparse networks at equal parameter count
//! (Graesser et al. 2022, figure 2, by its width multiplier).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dense::Dense;
use super::{Horizon, Method, MethodKeys, MethodRow};
use crate::keys::{KeyError, to_value};

/// The row of [`Narrow`].
pub static ROW: MethodRow = MethodRow::of::<Narrow>(
    "narrow",
    "a dense network of fewer units, with as many parameters as a sparse one has active",
)
.is_dense();

/// How narrow. Whoever makes the layers asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Narrow {
    /// The sparsity of the network at full width that has as many active parameters, biases included.
    #[schemars(
        range(min = 0.0),
        example = 0.9,
        extend("exclusiveMaximum" = 1.0, "x-required" = true)
    )]
    pub sparsity: f64,
}

impl MethodKeys for Narrow {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, _: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        Ok(Box::new(Dense {}))
    }

    fn narrows(&self) -> Option<f64> {
        Some(self.sparsity)
    }
}
