//! RigL, the rigged lottery (Evci et al. 2020, 1911.11134).
//!
//! Drops the active weights of smallest magnitude and grows as many where the magnitude of the dense
//! gradient is largest, among all positions that did not stay, those just dropped included. The
//! gradient is taken at the weights before the change.
//!
//! Differs from the reference implementation in:
//! 1. `grown_moment` starts the first moment only. There every slot of the optimiser starts at `c · g`,
//!    which Adam's second moment, a mean of squares, must not be.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Ask, At, DropGrow, Horizon, Kept, LayerGrads, LayerView, Layers, Method, MethodKeys, MethodRow,
    NewWeights, Order, Schedule, TopologyUpdate,
};
use crate::config::SparsityConfig;
use crate::cost::Flops;
use crate::error::SparseError;
use crate::keys::{KeyError, to_value};
use crate::memory::{LayerMemory, MethodMemory};
use crate::seed::Rng;
use crate::stats::{mean, mean_and_variance};

/// The row of [`Rigl`].
pub static ROW: MethodRow = MethodRow::of::<Rigl>(
    "rigl",
    "drop the smallest weights, grow where the dense gradient is largest (Evci et al. 2020)",
);

/// What is chosen about RigL and its variants; left out, the paper's: largest gradients grow, from zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Rigl {
    /// When and how much.
    #[serde(flatten)]
    pub schedule: DropGrow,
    /// Whether the smallest gradients grow (`rigl_inverted`), as a control.
    pub inverted: bool,
    /// What a grown weight starts from; `g` is its dense gradient.
    pub grown_value: GrownValue,
    /// The scale of a grown value other than zero; a negative one goes downhill from a gradient.
    #[schemars(range(min = -1e6, max = 1e6))]
    pub grown_scale: f64,
    /// `c`: the first moment of a grown weight starts at `c · g` (`initial_acc_scale`).
    #[schemars(range(min = -1e6, max = 1e6))]
    pub grown_moment: f64,
}

impl Default for Rigl {
    fn default() -> Self {
        Self {
            schedule: DropGrow::default(),
            inverted: false,
            grown_value: GrownValue::Zero,
            grown_scale: 1.0,
            grown_moment: 0.0,
        }
    }
}

impl SparsityConfig {
    /// RigL with the paper's schedule.
    pub fn rigl(sparsity: f64, gradient_steps: u64) -> Self {
        Self::new(Rigl::default(), sparsity, gradient_steps)
    }
}

/// The value of a weight that RigL grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrownValue {
    /// 0.
    #[default]
    Zero,
    /// `scale · g`.
    Gradient,
    /// `scale · sign(g)`.
    Sign,
    /// `scale · N(0, σ)`, `σ` being the standard deviation of the layer's active weights.
    Normal,
    /// `scale · U(−a, a)`, `a` being the mean magnitude of the layer's active weights.
    Uniform,
}

impl MethodKeys for Rigl {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        if self.grown_value == GrownValue::Zero && self.grown_scale != 1.0 {
            return Err(KeyError::new(
                "grown_scale",
                self.grown_scale,
                "a scale for a grown_value other than zero",
                "remove it, or write another grown_value, such as gradient",
            ));
        }
        Ok(Box::new(ByGradient { schedule: self.schedule.over(run), keys: self.clone() }))
    }

    fn changes_until(&self, run: &Horizon) -> Option<u64> {
        Some(self.schedule.over(run).until())
    }

    fn notes(&self, run: &Horizon) -> Vec<String> {
        self.schedule.notes(run)
    }
}

/// RigL in training.
#[derive(Debug)]
struct ByGradient {
    schedule: Schedule,
    keys: Rigl,
}

impl Method for ByGradient {
    fn rests(&self, at: At) -> bool {
        self.schedule.fraction_at(at).is_none()
    }

    fn ask(&mut self, at: At, _: &Layers<'_>, _: &mut Rng) -> Result<Ask, SparseError> {
        Ok(self.schedule.fraction_at(at).map_or(Ask::Nothing, |_| Ask::Dense))
    }

    fn update(
        &mut self,
        at: At,
        layers: &Layers<'_>,
        grads: &[LayerGrads<'_>],
        rng: &mut Rng,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        let Some(fraction) = self.schedule.fraction_at(at) else { return Ok(None) };
        let keys = &self.keys;
        layers.each_sparse(|l, layer| rewire(layer, grads[l].dense, fraction, keys, rng)).map(Some)
    }

    fn order(&self) -> Order {
        self.schedule.order()
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        layer.rewired(layer.active).by_dense_gradient(layer)
    }

    /// Up to the last step that may rewire, `ΔT` steps apart, `(3 f_S ΔT + 2 f_S + f_D) / (ΔT + 1)`, and
    /// `3 f_S` after it (Evci et al. 2020, appendix H).
    fn training_flops(&self, Flops { sparse, dense, .. }: Flops, steps: u64) -> f64 {
        let rewiring = steps.min(self.schedule.until().saturating_add(1)) as f64;
        let every = self.schedule.every() as f64;
        let step = (3.0 * sparse * every + 2.0 * sparse + dense) / (every + 1.0);
        step * rewiring + 3.0 * sparse * (steps as f64 - rewiring)
    }
}

/// Replaces `⌊fraction · active⌋` of the blocks of `layer` by the `dense_grad (out · in)`; `rng` is
/// for grown values that are drawn.
///
/// # Errors
/// None that a layer which exists can have.
pub fn rewire(
    layer: LayerView<'_>,
    dense_grad: &[f32],
    fraction: f64,
    keys: &Rigl,
    rng: &mut Rng,
) -> Result<TopologyUpdate, SparseError> {
    let mut scores = layer.blocks.dense_sums(dense_grad.iter().map(|g| g.abs()));
    if keys.inverted {
        scores.iter_mut().for_each(|score| *score = -*score);
    }
    let update = Kept::largest(layer, fraction).grow_largest(&scores)?;
    let grads = || update.grown(update.topology().positions()).map(|p| dense_grad[p as usize]);
    let scale = keys.grown_scale;
    let values = match keys.grown_value {
        GrownValue::Zero => Vec::new(),
        GrownValue::Gradient => grads().map(|g| scale as f32 * g).collect(),
        // Not `signum`, which is 1 at 0.
        GrownValue::Sign => {
            let sign = |g: f32| if g == 0.0 { 0.0 } else { g.signum() };
            grads().map(|g| scale as f32 * sign(g)).collect()
        }
        GrownValue::Normal => {
            let (_, variance) = mean_and_variance(layer.values.iter().map(|w| f64::from(*w)));
            let std = scale * variance.sqrt();
            let draw = |_| {
                let z: f64 = StandardNormal.sample(rng);
                (std * z) as f32
            };
            grads().map(draw).collect()
        }
        GrownValue::Uniform => {
            let limit = scale * mean(layer.values.iter().map(|w| f64::from(w.abs())));
            grads().map(|_| (limit * (2.0 * rng.random::<f64>() - 1.0)) as f32).collect()
        }
    };
    let first = match keys.grown_moment {
        0.0 => Vec::new(),
        c => grads().map(|g| c as f32 * g).collect(),
    };
    Ok(update.starting(NewWeights { values, moments: [first, Vec::new()] }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Pattern;
    use crate::methods::tests::view;
    use crate::methods::{Blocks, UpdateCounts};
    use crate::seed::Seed;
    use crate::topology::Topology;

    fn paper() -> Rigl {
        Rigl::default()
    }

    fn rewired(
        topology: &Topology,
        values: &[f32],
        grad: &[f32],
        fraction: f64,
        config: &Rigl,
    ) -> TopologyUpdate {
        let blocks = &Blocks::new(Pattern::Unstructured, topology.rows(), topology.cols());
        let topology = &Arc::new(topology.clone());
        let layer = view(topology, blocks, values);
        rewire(layer, grad, fraction, config, &mut Seed::new(1).rng()).unwrap()
    }

    /// 2×4, entries at 0 1 4 6 with values 0.9 −0.2 0.3 −0.8, worked by hand.
    #[test]
    fn hand_worked_table() {
        let topology = Topology::new(2, 4, &[0, 1, 4, 6]).unwrap();
        let values = [0.9, -0.2, 0.3, -0.8];
        let grad = [9.0, 1.0, -2.0, 0.5, 0.1, -3.0, 9.0, 2.0];
        // fraction → positions, (grown, regrown)
        let table: [(f64, &[u32], usize, usize); 5] = [
            (0.0, &[0, 1, 4, 6], 0, 0),
            (0.25, &[0, 4, 5, 6], 1, 0), // 1 goes, 5 comes
            (0.5, &[0, 2, 5, 6], 2, 0),  // 4 goes; 2 and 7 tie at 2.0, the lower index wins
            (0.75, &[0, 5, 6, 2], 2, 1), // 6 goes and comes again
            (1.0, &[0, 6, 5, 2], 2, 2),  // all go, the four largest gradients come
        ];
        for (fraction, positions, grown, regrown) in table {
            let update = rewired(&topology, &values, &grad, fraction, &paper());
            let mut expected = positions.to_vec();
            expected.sort_unstable();
            assert_eq!(update.topology().positions().collect::<Vec<_>>(), expected, "{fraction}");
            let dropped = grown + regrown;
            assert_eq!(update.counts(), UpdateCounts { dropped, grown, regrown }, "{fraction}");
        }
        let update = rewired(&topology, &values, &grad, 0.75, &paper());
        assert_eq!(update.remap(&values).collect::<Vec<_>>(), [0.9, 0.0, 0.0, -0.8]);
    }

    #[test]
    fn an_active_zero_stays_before_an_inactive_position() {
        let topology = Topology::new(1, 4, &[2, 3]).unwrap();
        let update = rewired(&topology, &[0.0, 0.0], &[0.0; 4], 0.5, &paper());
        assert_eq!(update.topology().nnz(), 2);
        assert!(update.topology().positions().any(|p| p == 2), "of the two zeros the lower stays");
    }

    /// The table above at a fraction of ½: 1 and 4 go.
    #[test]
    fn variants_by_hand() {
        let topology = Topology::new(2, 4, &[0, 1, 4, 6]).unwrap();
        let values = [0.9, -0.2, 0.3, -0.8];
        let grad = [9.0, 1.0, -2.0, 0.5, 0.1, -3.0, 9.0, 2.0];
        let at = |config: &Rigl| rewired(&topology, &values, &grad, 0.5, config);
        let started = |update: &TopologyUpdate| {
            let NewWeights { values: start, moments: [first, second] } = update.start();
            assert!(second.is_empty());
            let values: Vec<f32> = update.remap_from(&values, start).collect();
            (values, update.remap_from(&[0.7; 4], first).collect::<Vec<f32>>())
        };

        // 4 comes again with the smallest gradient, then 3.
        let inverted = at(&Rigl { inverted: true, ..paper() });
        assert_eq!(inverted.topology().positions().collect::<Vec<_>>(), [0, 3, 4, 6]);
        assert_eq!(started(&inverted).0, [0.9, 0.0, 0.3, -0.8]);

        // 2 and 5 come, with the gradients −2 and −3.
        let update = at(&Rigl { grown_value: GrownValue::Gradient, grown_scale: -0.5, ..paper() });
        assert_eq!(started(&update).0, [0.9, 1.0, 1.5, -0.8]);
        let update = at(&Rigl { grown_value: GrownValue::Sign, grown_scale: 0.1, ..paper() });
        assert_eq!(started(&update).0, [0.9, -0.1, -0.1, -0.8]);
        let update = at(&Rigl { grown_moment: 0.1, ..paper() });
        assert_eq!(started(&update), (vec![0.9, 0.0, 0.0, -0.8], vec![0.7, -0.2, -0.3, 0.7]));

        // σ = √(1.58/4 − (0.2/4)²) = 0.626498, a = 2.2/4.
        let update = at(&Rigl { grown_value: GrownValue::Normal, grown_scale: 2.0, ..paper() });
        let drawn: f64 = StandardNormal.sample(&mut Seed::new(1).rng());
        assert!((f64::from(started(&update).0[1]) - 2.0 * 0.626_498 * drawn).abs() < 1e-5);
        let update = at(&Rigl { grown_value: GrownValue::Uniform, grown_scale: 2.0, ..paper() });
        let drawn = 2.0 * Seed::new(1).rng().random::<f64>() - 1.0;
        assert!((f64::from(started(&update).0[1]) - 1.1 * drawn).abs() < 1e-6);
    }
}
