//! SNIP, single-shot network pruning (Lee et al. 2019, 1810.02340).
//!
//! From a dense network, on the minibatch of the first step, each layer keeps the weights of largest
//! connection sensitivity `|w · ∂L/∂w|`; the topology is fixed from then on. Costs one dense step.
//!
//! Differs from the paper in: 1. how many weights a layer keeps is the distribution's choice, as for
//! every other method. There one ranking goes over all layers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Ask, At, Horizon, LayerGrads, LayerView, Layers, Method, MethodKeys, MethodRow, TopologyUpdate,
};
use crate::cost::Flops;
use crate::error::SparseError;
use crate::keys::{KeyError, to_value};
use crate::memory::{LayerMemory, MethodMemory};
use crate::seed::Rng;

/// The row of [`Snip`].
pub static ROW: MethodRow = MethodRow::of::<Snip>(
    "snip",
    "from dense, remove once, at the first step, what matters least to the loss (Lee et al. 2019)",
)
.draws_dense();

/// Nothing to choose, and nothing to remember.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Snip {}

impl MethodKeys for Snip {
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

impl Method for Snip {
    fn starts_dense(&self) -> bool {
        true
    }

    fn rests(&self, at: At) -> bool {
        at.step > 0
    }

    fn ask(&mut self, at: At, _: &Layers<'_>, _: &mut Rng) -> Result<Ask, SparseError> {
        Ok(if at.step == 0 { Ask::Active } else { Ask::Nothing })
    }

    fn update(
        &mut self,
        _: At,
        layers: &Layers<'_>,
        grads: &[LayerGrads<'_>],
        _: &mut Rng,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        let one = |(layer, grads): (&LayerView<'_>, &LayerGrads<'_>)| {
            prune(*layer, grads.active, layer.share.nnz / layer.blocks.size())
        };
        layers.views()?.iter().zip(grads).map(one).collect::<Result<_, _>>().map(Some)
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        layer.from_dense()
    }

    /// `3 f_D` at the first step, `3 f_S` from then on.
    fn training_flops(&self, Flops { sparse, dense, .. }: Flops, steps: u64) -> f64 {
        let steps = steps as f64;
        3.0 * (dense - sparse) * steps.min(1.0) + 3.0 * sparse * steps
    }
}

/// Keeps the `count` active blocks of `layer` of largest `Σ |w · g|`; g `(nnz)`.
///
/// # Errors
/// None that a layer which exists can have.
pub fn prune(
    layer: LayerView<'_>,
    grad: &[f32],
    count: usize,
) -> Result<TopologyUpdate, SparseError> {
    let sensitivity = layer.values.iter().zip(grad).map(|(w, g)| (w * g).abs());
    TopologyUpdate::keep(layer, sensitivity, count)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::Blocks;
    use crate::methods::tests::view;
    use crate::topology::Topology;

    #[test]
    fn hand_worked_table() {
        let topology = &Arc::new(Topology::dense(2, 3).unwrap());
        let (values, grad) = (&[3.0, -1.0, 0.5, 2.0, 0.0, -1.0], [0.1, 0.5, -1.0, 0.25, 9.0, 2.0]);
        // |w g| = 0.3 0.5 0.5 0.5 0 2.0
        for (count, positions) in
            [(1, &[5][..]), (2, &[1, 5]), (3, &[1, 2, 5]), (5, &[0, 1, 2, 3, 5])]
        {
            let blocks = &Blocks::new(Pattern::Unstructured, 2, 3);
            let update = prune(view(topology, blocks, values), &grad, count).unwrap();
            assert_eq!(update.topology().positions().collect::<Vec<_>>(), positions);
        }
        // Columns as blocks: 0.8 0.5 2.5.
        let blocks = &Blocks::new(Pattern::Block { height: 2, width: 1 }, 2, 3);
        let update = prune(view(topology, blocks, values), &grad, 2).unwrap();
        assert_eq!(update.topology().positions().collect::<Vec<_>>(), [0, 2, 3, 5]);
    }
}
