//! SET, sparse evolutionary training (Mocanu et al. 2018, 1707.04780).
//!
//! Drops the active weights of smallest magnitude and grows as many at random among all positions
//! that did not stay, those just dropped included. Costs `O(nnz)`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Ask, At, DropGrow, Horizon, Kept, LayerGrads, LayerView, Layers, Method, MethodKeys, MethodRow,
    Order, Schedule, TopologyUpdate,
};
use crate::error::SparseError;
use crate::keys::{KeyError, to_value};
use crate::memory::{LayerMemory, MethodMemory};
use crate::seed::Rng;

/// The row of [`Set`].
pub static ROW: MethodRow =
    MethodRow::of::<Set>("set", "drop the smallest weights, grow at random (Mocanu et al. 2018)");

/// What is chosen about SET.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Set {
    /// When and how much.
    #[serde(flatten)]
    pub schedule: DropGrow,
}

impl MethodKeys for Set {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        Ok(Box::new(Random { schedule: self.schedule.over(run) }))
    }

    fn changes_until(&self, run: &Horizon) -> Option<u64> {
        Some(self.schedule.over(run).until())
    }

    fn notes(&self, run: &Horizon) -> Vec<String> {
        self.schedule.notes(run)
    }
}

/// SET in training.
#[derive(Debug)]
struct Random {
    schedule: Schedule,
}

impl Random {
    fn choose(
        layers: &Layers<'_>,
        fraction: f64,
        rng: &mut Rng,
    ) -> Result<Vec<TopologyUpdate>, SparseError> {
        layers.each_sparse(|_, layer| rewire(layer, fraction, rng))
    }
}

impl Method for Random {
    fn rests(&self, at: At) -> bool {
        self.schedule.fraction_at(at).is_none()
    }

    fn ask(&mut self, at: At, layers: &Layers<'_>, rng: &mut Rng) -> Result<Ask, SparseError> {
        let Some(fraction) = self.schedule.fraction_at(at) else { return Ok(Ask::Nothing) };
        match self.order() {
            Order::BeforeStep => Self::choose(layers, fraction, rng).map(Ask::Planned),
            // It chooses by the weights as they are then.
            Order::AfterStep | Order::InsteadOfStep => Ok(Ask::Active),
        }
    }

    fn update(
        &mut self,
        at: At,
        layers: &Layers<'_>,
        _: &[LayerGrads<'_>],
        rng: &mut Rng,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        let fraction = self.schedule.fraction_at(at);
        fraction.map(|fraction| Self::choose(layers, fraction, rng)).transpose()
    }

    fn order(&self) -> Order {
        self.schedule.order()
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        layer.rewired(layer.active)
    }
}

/// Replaces `⌊fraction · active⌋` of the blocks of `layer`.
///
/// # Errors
/// None that a layer which exists can have.
pub fn rewire(
    layer: LayerView<'_>,
    fraction: f64,
    rng: &mut Rng,
) -> Result<TopologyUpdate, SparseError> {
    Kept::largest(layer, fraction).grow_random(rng)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::tests::view;
    use crate::methods::{Blocks, UpdateCounts};
    use crate::seed::Seed;
    use crate::topology::Topology;

    /// 2×4, entries at 0 1 4 6 with values 0.9 −0.2 0.3 −0.8. Worked by hand: which stay is fixed,
    /// which grow is random among the others.
    #[test]
    fn hand_worked_table() {
        let topology = &Arc::new(Topology::new(2, 4, &[0, 1, 4, 6]).unwrap());
        let blocks = &Blocks::new(Pattern::Unstructured, 2, 4);
        let values = &[0.9, -0.2, 0.3, -0.8];
        let stay: [(f64, &[u32]); 5] =
            [(0.0, &[0, 1, 4, 6]), (0.25, &[0, 4, 6]), (0.5, &[0, 6]), (0.75, &[0]), (1.0, &[])];
        let mut seen = HashSet::new();
        for seed in 0..200 {
            for (fraction, kept) in stay {
                let mut rng = Seed::new(seed).rng();
                let update = rewire(view(topology, blocks, values), fraction, &mut rng).unwrap();
                let positions: Vec<u32> = update.topology().positions().collect();
                assert_eq!(positions.len(), 4);
                assert!(kept.iter().all(|p| positions.contains(p)), "{fraction} {positions:?}");
                let UpdateCounts { dropped, grown, regrown } = update.counts();
                assert_eq!((dropped, grown + regrown), (4 - kept.len(), 4 - kept.len()));
                for (position, value) in positions.iter().zip(update.remap(values)) {
                    let old = topology.positions().position(|p| p == *position);
                    assert_eq!(value, old.map_or(0.0, |entry| values[entry]));
                }
                if fraction == 0.25 {
                    seen.extend(positions.into_iter().filter(|p| !kept.contains(p)));
                }
            }
        }
        assert_eq!(seen, HashSet::from([1, 2, 3, 5, 7]), "every free position is grown sometimes");
    }
}
