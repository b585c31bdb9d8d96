//! SNFS, sparse networks from scratch or sparse momentum (Dettmers & Zettlemoyer 2019, 1907.04840).
//!
//! Drops the active weights of smallest magnitude and grows as many where the magnitude of an
//! exponential average of the dense gradient, `a ← α a + (1 − α) g`, is largest, among all positions
//! that did not stay.
//!
//! What it costs: the average is of every position at every step, so the dense gradient is formed at
//! every step until the last rewiring, and the average takes the memory of one dense network. Only
//! the forward pass and the input gradient are sparse until then; afterwards the average is gone.
//!
//! Differs from the paper in:
//! 1. every layer keeps its number of weights. There layers gain and lose weights by their share of
//!    the mean momentum;
//! 2. the average is kept beside the optimiser's moments, whatever the rule, where the paper takes
//!    the momentum of SGD; a new weight starts with zero moments;
//! 3. rewiring is by gradient step with a falling drop fraction, as SET's and RigL's, where the paper
//!    rewires once an epoch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Ask, At, DropGrow, Horizon, Kept, LayerGrads, LayerView, Layers, Method, MethodKeys, MethodRow,
    Order, Schedule, TopologyUpdate,
};
use crate::cost::Flops;
use crate::error::SparseError;
use crate::keys::{KeyError, to_value};
use crate::layers::Shape;
use crate::memory::{LayerMemory, MethodMemory};
use crate::real::Real;
use crate::section::Section;
use crate::seed::Rng;

/// The row of [`Snfs`].
pub static ROW: MethodRow = MethodRow::of::<Snfs>(
    "snfs",
    "drop the smallest weights, grow where the averaged dense gradient is largest (Dettmers & Zettlemoyer 2019)",
);

/// What is chosen about SNFS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Snfs {
    /// When and how much.
    #[serde(flatten)]
    pub schedule: DropGrow,
    /// `α` of the average `a ← α a + (1 − α) g`.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub smoothing: f64,
}

impl Default for Snfs {
    fn default() -> Self {
        Self { schedule: DropGrow::default(), smoothing: 0.9 }
    }
}

impl MethodKeys for Snfs {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        let schedule = self.schedule.over(run);
        Ok(Box::new(ByAverage { schedule, smoothing: self.smoothing, averages: Vec::new() }))
    }

    fn changes_until(&self, run: &Horizon) -> Option<u64> {
        Some(self.schedule.over(run).until())
    }

    fn notes(&self, run: &Horizon) -> Vec<String> {
        self.schedule.notes(run)
    }
}

/// SNFS in training.
#[derive(Debug)]
struct ByAverage {
    schedule: Schedule,
    smoothing: f64,
    /// Of the dense gradient of each layer, `(out · in)`; nothing before the first step and after the last
    /// that may rewire.
    averages: Vec<Vec<f32>>,
}

impl Method for ByAverage {
    fn rests(&self, at: At) -> bool {
        at.step > self.schedule.until() && self.averages.is_empty()
    }

    fn ask(&mut self, at: At, _: &Layers<'_>, _: &mut Rng) -> Result<Ask, SparseError> {
        if at.step <= self.schedule.until() {
            return Ok(Ask::Dense);
        }
        self.averages = Vec::new();
        Ok(Ask::Nothing)
    }

    fn update(
        &mut self,
        at: At,
        layers: &Layers<'_>,
        grads: &[LayerGrads<'_>],
        _: &mut Rng,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        self.averages.resize(grads.len(), Vec::new());
        for (averages, grads) in self.averages.iter_mut().zip(grads) {
            average(averages, grads.dense, self.smoothing);
        }
        let Some(fraction) = self.schedule.fraction_at(at) else { return Ok(None) };
        layers.each_sparse(|l, layer| rewire(layer, &self.averages[l], fraction)).map(Some)
    }

    fn order(&self) -> Order {
        self.schedule.order()
    }

    fn bytes(&self, l: usize, _: &Shape) -> usize {
        self.averages.get(l).map_or(0, |averages| averages.len() * size_of::<f32>())
    }

    fn save(&self, to: &mut Section) -> Result<(), SparseError> {
        to.put("layers", &(self.averages.len() as u64))?;
        for (l, averages) in self.averages.iter().enumerate() {
            to.put_f32(format!("{l}/averages"), averages);
        }
        Ok(())
    }

    fn load(&mut self, from: &Section, layers: &Layers<'_>) -> Result<(), SparseError> {
        let views = layers.views()?;
        let averaged: u64 = from.get("layers")?;
        if averaged != 0 && averaged != views.len() as u64 {
            let expected = format!("0 or {}", views.len());
            return Err(from.misfit("layers", expected, averaged));
        }
        let one = |(l, layer): (usize, &LayerView<'_>)| {
            from.f32_of(&format!("{l}/averages"), layer.topology.size())
        };
        let with_averages = views.iter().enumerate().take(averaged as usize);
        self.averages = with_averages.map(one).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        let all = layer.rewired(layer.active).by_dense_gradient(layer);
        // The average, on top.
        MethodMemory {
            values: all.values + layer.size(),
            kept: layer.size() * size_of::<f32>(),
            ..all
        }
    }

    /// `2 f_S + f_D` up to the last step that may rewire, and `3 f_S` after it.
    fn training_flops(&self, Flops { sparse, dense, .. }: Flops, steps: u64) -> f64 {
        let averaging = steps.min(self.schedule.until().saturating_add(1)) as f64;
        3.0 * sparse * steps as f64 + (dense - sparse) * averaging
    }
}

/// `a ← α a + (1 − α) g`, and 0 where that underflows; an empty `a` is zeros.
pub fn average(averages: &mut Vec<f32>, dense_grad: &[f32], smoothing: f64) {
    averages.resize(dense_grad.len(), 0.0);
    let alpha = smoothing as f32;
    for (a, g) in averages.iter_mut().zip(dense_grad) {
        *a = (alpha * *a + (1.0 - alpha) * g).zero_below(f32::SMALLEST);
    }
}

/// Replaces `⌊fraction · active⌋` of the blocks of `layer` by the `averages (out · in)`.
///
/// # Errors
/// None that a layer which exists can have.
pub fn rewire(
    layer: LayerView<'_>,
    averages: &[f32],
    fraction: f64,
) -> Result<TopologyUpdate, SparseError> {
    let scores = layer.blocks.dense_sums(averages.iter().map(|a| a.abs()));
    Kept::largest(layer, fraction).grow_largest(&scores)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::Blocks;
    use crate::methods::tests::view;
    use crate::topology::Topology;

    /// The last gradient alone would grow position 3; the average of two grows position 1.
    #[test]
    fn hand_worked_table() {
        let mut averages = Vec::new();
        average(&mut averages, &[0.0, 8.0, 0.0, 0.0], 0.75);
        assert_eq!(averages, [0.0, 2.0, 0.0, 0.0]);
        average(&mut averages, &[0.0, 0.0, 1.0, -4.0], 0.75);
        assert_eq!(averages, [0.0, 1.5, 0.25, -1.0]);
        let topology = &Arc::new(Topology::new(1, 4, &[0, 2]).unwrap());
        let blocks = &Blocks::new(Pattern::Unstructured, 1, 4);
        let layer = view(topology, blocks, &[1.0, -0.5]);
        let update = rewire(layer, &averages, 0.5).unwrap();
        assert_eq!(update.topology().positions().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn the_average_of_a_dead_unit_ends_at_zero() {
        let mut averages = Vec::new();
        average(&mut averages, &[1.0], 0.9);
        for _ in 0..1_000 {
            average(&mut averages, &[0.0], 0.9);
            assert!(averages[0] == 0.0 || averages[0].is_normal());
        }
        assert_eq!(averages, [0.0]);
    }
}
