//! Every weight is active: the baseline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{At, Horizon, Method, MethodKeys, MethodRow};
use crate::cost::Flops;
use crate::keys::{KeyError, to_value};
use crate::memory::{LayerMemory, MethodMemory};

/// The row of [`Dense`].
pub static ROW: MethodRow =
    MethodRow::of::<Dense>("dense", "every weight is active: the baseline").is_dense();

/// Nothing to choose, and nothing to remember.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Dense {}

impl MethodKeys for Dense {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, _: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        Ok(Box::new(*self))
    }
}

impl Method for Dense {
    fn starts_dense(&self) -> bool {
        true
    }

    fn target(&self, _: f64) -> f64 {
        0.0
    }

    fn rests(&self, _: At) -> bool {
        true
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        MethodMemory { values: layer.values(layer.size()), probes: true, ..MethodMemory::default() }
    }

    /// `3 f_D` a step.
    fn training_flops(&self, flops: Flops, steps: u64) -> f64 {
        3.0 * flops.dense * steps as f64
    }
}
