//! Static sparsity: a random topology, drawn once, that never changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{At, Horizon, Method, MethodKeys, MethodRow};
use crate::keys::{KeyError, to_value};
use crate::memory::{LayerMemory, MethodMemory};

/// The row of [`Static`].
pub static ROW: MethodRow =
    MethodRow::of::<Static>("static", "a random topology, drawn once, that never changes");

/// Nothing to choose, and nothing to remember.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Static {}

impl MethodKeys for Static {
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

impl Method for Static {
    fn rests(&self, _: At) -> bool {
        true
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        let values = layer.values(layer.active);
        MethodMemory { values, structure: layer.structure(layer.active), ..MethodMemory::default() }
    }
}
