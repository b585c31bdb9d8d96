//! Gradual magnitude pruning (Zhu & Gupta 2017, 1710.01878).
//!
//! From dense, each layer keeps its largest weights, fewer at every pruning step.
//!
//! Differs from the reference implementation in: 1. a pruned weight is gone. There it takes one
//! dense optimiser step before the next pruning ranks it, and could in principle come back; here
//! only active weights are stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    At, Blocks, Horizon, LayerView, Layers, Method, MethodKeys, MethodRow, TopologyUpdate,
    keep_blocks,
};
use crate::cost::Flops;
use crate::error::SparseError;
use crate::keys::{KeyError, to_value};
use crate::memory::{LayerMemory, MethodMemory};

/// The row of [`Pruning`].
pub static ROW: MethodRow = MethodRow::of::<Pruning>(
    "pruning",
    "from dense, remove the smallest weights on a cubic schedule (Zhu & Gupta 2018)",
)
.draws_dense();

/// When gradual pruning prunes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pruning {
    /// Gradient steps from one pruning to the next.
    #[schemars(range(min = 1))]
    pub prune_every_gradient_steps: u64,
    /// `t0`: the first pruning, as a fraction of the run's gradient steps.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub prune_from: f64,
    /// `t1`: the final sparsity holds from here on, as a fraction of the run's gradient steps.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub prune_until: f64,
}

impl Default for Pruning {
    fn default() -> Self {
        Self { prune_every_gradient_steps: 1_000, prune_from: 0.2, prune_until: 0.75 }
    }
}

impl Pruning {
    /// The schedule in a run: it ends a whole number of intervals after its start, on a step that is
    /// taken, so that the final sparsity is hit exactly.
    fn over(&self, run: &Horizon) -> Result<Schedule, KeyError> {
        if self.prune_until <= self.prune_from {
            return Err(KeyError::new(
                "prune_until",
                self.prune_until,
                format!("more than prune_from = {}", self.prune_from),
                "0.75, with prune_from 0.2",
            ));
        }
        let (start, every) = (run.step(self.prune_from), self.prune_every_gradient_steps);
        let last = run.step(self.prune_until).min(run.gradient_steps.saturating_sub(1));
        let length = last.saturating_sub(start);
        match length / every {
            0 => Err(KeyError::new(
                "prune_every_gradient_steps",
                every,
                format!(
                    "at most {length}, the gradient steps from {start} (prune_from) to {last} (prune_until)"
                ),
                format!("{}, or a longer run", (length / 20).max(1)),
            )),
            times => Ok(Schedule { start, end: start + times * every, every }),
        }
    }
}

impl MethodKeys for Pruning {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        Ok(Box::new(self.over(run)?))
    }

    fn changes_until(&self, run: &Horizon) -> Option<u64> {
        self.over(run).ok().map(|schedule| schedule.end)
    }
}

/// Pruning in training: when it prunes, in gradient steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Schedule {
    /// The first pruning.
    start: u64,
    /// From here on the final sparsity holds; `end − start` is a multiple of `every`.
    end: u64,
    every: u64,
}

impl Schedule {
    /// The share `1 − (1 − p)³` of the final sparsity to hold from step `t` on, with
    /// `p = (t − t0) / (t1 − t0)` (Zhu & Gupta 2017, equation 1 from an initial sparsity of 0); none
    /// where `t` does not prune.
    fn progress_at(&self, t: u64) -> Option<f64> {
        if t < self.start || t > self.end || !(t - self.start).is_multiple_of(self.every) {
            return None;
        }
        if self.end == self.start {
            return Some(1.0);
        }
        let p = (t - self.start) as f64 / (self.end - self.start) as f64;
        Some(1.0 - (1.0 - p).powi(3))
    }

    /// `Σ_t p_t` over the steps `0..steps`, where `p_t = 1 − (1 − k/n)³` from the k-th of `n` prunings to
    /// the next, and 1 from the last on.
    fn sum_of_progress(&self, steps: u64) -> f64 {
        let Self { start, end, every } = self;
        let after = steps.saturating_sub(*end) as f64;
        let prunings = (end - start) / every;
        // The interval that the run ends in, if it ends before the schedule, counts in part.
        let whole = (steps.min(*end).saturating_sub(*start)) / every;
        let rest = steps.min(*end).saturating_sub(*start) % every;
        let n = prunings.max(1) as f64;
        // Σ_{k<m} (1 − k/n)³ = (S(n) − S(n − m)) / n³ with the sum of cubes S(j) = (j (j + 1) / 2)².
        let cubes = |j: f64| (j * (j + 1.0) / 2.0).powi(2);
        let m = whole as f64;
        let during = m - (cubes(n) - cubes(n - m)) / n.powi(3);
        let last = 1.0 - (1.0 - m / n).powi(3);
        during * *every as f64 + last * rest as f64 + after
    }
}

impl Method for Schedule {
    fn starts_dense(&self) -> bool {
        true
    }

    fn rests(&self, at: At) -> bool {
        self.progress_at(at.step).is_none()
    }

    fn before(
        &mut self,
        at: At,
        layers: &Layers<'_>,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        let Some(progress) = self.progress_at(at.step) else { return Ok(None) };
        let one = |layer: &LayerView<'_>| {
            prune(*layer, keep_blocks(layer.blocks, progress * layer.share.sparsity))
        };
        layers.views()?.iter().map(one).collect::<Result<_, _>>().map(Some)
    }

    fn active_blocks(&self, blocks: &Blocks, sparsity: f64) -> usize {
        keep_blocks(blocks, sparsity)
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        layer.from_dense()
    }

    /// `3 f_t` with `f_t = f_D − p_t (f_D − f_S)`, since every layer's sparsity grows by the same progress
    /// `p_t`.
    fn training_flops(&self, Flops { sparse, dense, .. }: Flops, steps: u64) -> f64 {
        3.0 * (dense * steps as f64 - self.sum_of_progress(steps) * (dense - sparse))
    }
}

/// Keeps the `count` active blocks of `layer` of largest `Σ |w|`.
///
/// # Errors
/// None that a layer which exists can have.
pub fn prune(layer: LayerView<'_>, count: usize) -> Result<TopologyUpdate, SparseError> {
    TopologyUpdate::keep(layer, layer.values.iter().map(|w| w.abs()), count)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::tests::view;
    use crate::topology::Topology;

    #[test]
    fn the_cubic_schedule() {
        let pruning = Schedule { start: 200, end: 600, every: 100 };
        assert_eq!(pruning.progress_at(100), None);
        assert_eq!(pruning.progress_at(200), Some(0.0));
        assert_eq!(pruning.progress_at(250), None);
        assert_eq!(pruning.progress_at(300), Some(0.578125));
        assert_eq!(pruning.progress_at(400), Some(0.875));
        assert_eq!(pruning.progress_at(600), Some(1.0));
        assert_eq!(pruning.progress_at(700), None);
    }

    proptest! {
        #[test]
        fn the_sum_of_progress_is_that_of_the_schedule(
            start in 0u64..50, every in 1u64..9, prunings in 0u64..20, steps in 0u64..400
        ) {
            let schedule = Schedule { start, end: start + prunings * every, every };
            let (mut held, mut sum) = (0.0, 0.0);
            for t in 0..steps {
                held = schedule.progress_at(t).unwrap_or(held);
                sum += held;
            }
            prop_assert!((schedule.sum_of_progress(steps) - sum).abs() < 1e-9 * (1.0 + sum));
        }

        /// What a plan shows is reached by a step that is taken, or the keys are refused.
        #[test]
        fn the_final_sparsity_is_reached_within_the_run(
            from in 0.0f64..1.0, length in 0.0f64..1.0, every in 1u64..4_000, steps in 1u64..5_000
        ) {
            let keys = Pruning {
                prune_every_gradient_steps: every,
                prune_from: from,
                prune_until: (from + length).min(1.0),
            };
            let run = Horizon { gradient_steps: steps, sparsity: 0.9 };
            if let Ok(schedule) = keys.over(&run) {
                prop_assert!((0..steps).any(|t| schedule.progress_at(t) == Some(1.0)));
            }
        }
    }

    #[test]
    fn a_run_that_prunes_until_its_end_reaches_the_final_sparsity() {
        let run = Horizon { gradient_steps: 2_800, sparsity: 0.9 };
        let until_the_end = |every| Pruning {
            prune_every_gradient_steps: every,
            prune_from: 0.0,
            prune_until: 1.0,
        };
        // Gradient steps are 0 to 2,799.
        assert_eq!(until_the_end(1_400).over(&run).unwrap().end, 1_400);
        assert_eq!(until_the_end(280).over(&run).unwrap().end, 2_520);
        let refused = until_the_end(2_800).over(&run).unwrap_err();
        assert_eq!(refused.key, "prune_every_gradient_steps");
    }

    #[test]
    fn keeps_the_largest_and_rounds() {
        let topology = &Arc::new(Topology::dense(2, 3).unwrap());
        let blocks = &Blocks::new(Pattern::Unstructured, 2, 3);
        let values = &[0.1, -3.0, 0.5, 0.5, 2.0, -0.5];
        let update = prune(view(topology, blocks, values), 3).unwrap();
        assert_eq!(update.topology().positions().collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(update.remap(values).collect::<Vec<_>>(), [-3.0, 0.5, 2.0]);
        let (topology, values) = (update.topology(), &[-3.0, 0.5, 2.0]);
        let again = prune(view(topology, blocks, values), 1).unwrap();
        assert_eq!(again.topology().positions().collect::<Vec<_>>(), [1]);
        assert_eq!(again.counts().dropped, 2);
    }
}
