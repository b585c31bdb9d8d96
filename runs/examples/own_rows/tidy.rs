//! A method of its own: it drops the smallest weights, as SET does, and grows at the lowest free positions: no good one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sparring_sparse::SparseError;
use sparring_sparse::keys::{KeyError, to_value};
use sparring_sparse::memory::{LayerMemory, MethodMemory};
use sparring_sparse::methods::{
    Ask, At, DropGrow, Horizon, Kept, LayerView, Layers, Method, MethodKeys, MethodRow, Schedule,
    TopologyUpdate,
};
use sparring_sparse::seed::Rng;

/// The row of [`TidyKeys`].
pub static ROW: MethodRow =
    MethodRow::of::<TidyKeys>("tidy", "drop the smallest weights, grow at the lowest positions");

/// What is chosen about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TidyKeys {
    /// When and how much.
    #[serde(flatten)]
    pub schedule: DropGrow,
}

impl MethodKeys for TidyKeys {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        Ok(Box::new(Tidy(self.schedule.over(run))))
    }
}

/// The method in training.
#[derive(Debug)]
struct Tidy(Schedule);

impl Method for Tidy {
    fn ask(&mut self, at: At, layers: &Layers<'_>, _: &mut Rng) -> Result<Ask, SparseError> {
        let Some(fraction) = self.0.fraction_at(at) else { return Ok(Ask::Nothing) };
        layers.each_sparse(|_, layer| rewire(layer, fraction)).map(Ask::Planned)
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        layer.rewired(layer.active)
    }
}

fn rewire(layer: LayerView<'_>, fraction: f64) -> Result<TopologyUpdate, SparseError> {
    let scores: Vec<f32> = (0..layer.blocks.all()).map(|block| -(block as f32)).collect();
    Kept::largest(layer, fraction).grow_largest(&scores)
}
