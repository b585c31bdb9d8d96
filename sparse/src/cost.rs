//! What a layer and its training cost: floating-point operations by a model, and bytes.
//!
//! An operation is one multiplication or one addition of a layer; activations, max-pooling and residual
//! sums are not counted. With `a` active weights, `t` trained ones, `o` outputs and `p` output positions
//! a sample (1 in a linear layer, the pixels of the output in a convolution), one sample takes
//!
//! | pass | operations |
//! |---|---|
//! | forward | `p (2 a + o)` |
//! | gradient of the input, but for the first layer | `p 2 a` |
//! | gradient of weights and biases | `p (2 t + o)` |
//!
//! [`training_flops`] is the coarser model that papers on sparse training compare by (Evci et al. 2020,
//! 1911.11134; PAPERS 3.7). It takes a backward pass as two forward ones and counts gradient steps
//! alone: acting, targets and evaluation are left out, as is choosing what to drop and grow.

use serde::{Deserialize, Serialize};

use crate::config::{DropGrow, Method, Pruning, Rigl, Snfs};
use crate::cpu::structure_bytes;
use crate::layers::Shape;

/// The size of one layer, which all of its costs follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerCost {
    /// Outputs, or channels of the output; each has a bias.
    pub outputs: u64,
    /// Weights of one output where all are active.
    pub inputs: u64,
    /// Active weights: those of the forward pass.
    pub active: u64,
    /// Weights that training updates: the active ones, unless the method trains others with them.
    pub trained: u64,
    /// Values that the optimiser keeps beside each of these and of the biases: 2 for Adam.
    pub moments: u64,
    /// Output positions of one sample: 1 in a linear layer.
    pub positions: u64,
    /// Bytes of the index arrays; none where every weight is active.
    pub structure: u64,
    /// Bytes that the method keeps beside: SNFS's averages; every `θ` of Top-KAST and the structure of
    /// what it trains outside the active set.
    pub method: u64,
    /// Whether its input is the network's, whose gradient no training step needs.
    pub first: bool,
}

impl LayerCost {
    /// A layer of `shape` with `active` weights, trained by Adam.
    pub fn new(shape: &Shape, active: usize, first: bool) -> Self {
        let structure = structure_bytes(shape, active) as u64;
        let [outputs, inputs, active, positions] =
            [shape.rows(), shape.cols(), active, shape.positions()].map(|n| n as u64);
        Self {
            outputs,
            inputs,
            active,
            trained: active,
            moments: 2,
            positions,
            structure,
            method: 0,
            first,
        }
    }

    /// The same layer with every weight active.
    pub fn dense(self) -> Self {
        Self { active: self.weights(), trained: self.weights(), structure: 0, method: 0, ..self }
    }

    /// Weights where all are active.
    pub fn weights(self) -> u64 {
        self.outputs * self.inputs
    }

    /// Weights and biases where all are active.
    pub fn parameters(self) -> u64 {
        self.weights() + self.outputs
    }

    /// Active weights and biases.
    pub fn active_parameters(self) -> u64 {
        self.active + self.outputs
    }

    /// Active weights over all weights.
    pub fn density(self) -> f64 {
        self.active as f64 / self.weights().max(1) as f64
    }

    /// Operations of one sample's forward pass.
    pub fn forward_flops(self) -> u64 {
        self.positions * (2 * self.active + self.outputs)
    }

    /// Operations of one sample's backward pass.
    pub fn backward_flops(self) -> u64 {
        let input = if self.first { 0 } else { 2 * self.active };
        let parameters = 2 * self.trained + self.outputs;
        self.positions * (input + parameters)
    }

    /// Bytes of active weights and biases.
    pub fn value_bytes(self) -> u64 {
        self.active_parameters() * size_of::<f32>() as u64
    }

    /// Bytes of the optimiser's moments.
    pub fn moment_bytes(self) -> u64 {
        self.moments * (self.trained + self.outputs) * size_of::<f32>() as u64
    }
}

/// Operations that training a network takes by the model, for one sample of each of
/// `gradient_steps`. With `f_D` and `f_S` the operations of a forward pass dense and at the sparsity
/// of `layers`, the final one, and `f_B` those of a forward pass of all trained weights, a step takes
///
/// | method | operations |
/// |---|---|
/// | dense | `3 f_D` |
/// | static, SET | `3 f_S` |
/// | RigL, up to the last step that may rewire, `ΔT` steps apart | `(3 f_S ΔT + 2 f_S + f_D) / (ΔT + 1)` |
/// | RigL after it | `3 f_S` |
/// | SNFS, up to the last step that may rewire | `2 f_S + f_D` |
/// | SNFS after it | `3 f_S` |
/// | Top-KAST | `2 f_S + f_B` |
/// | SNIP | `3 f_D` at its first step, `3 f_S` from then on |
/// | pruning, at the sparsity of each step | `3 f_t`, with `f_t` from `f_D` to `f_S` |
pub fn training_flops(method: &Method, layers: &[LayerCost], gradient_steps: u64) -> f64 {
    let forward = |layers: &mut dyn Iterator<Item = LayerCost>| {
        layers.map(LayerCost::forward_flops).sum::<u64>() as f64
    };
    let sparse = forward(&mut layers.iter().copied());
    let dense = forward(&mut layers.iter().map(|layer| layer.dense()));
    let steps = gradient_steps as f64;
    match method {
        Method::Dense => 3.0 * dense * steps,
        Method::Static | Method::Set(_) => 3.0 * sparse * steps,
        Method::Snip => 3.0 * (dense - sparse) * steps.min(1.0) + 3.0 * sparse * steps,
        Method::TopKast(_) => {
            let trained = |layer: LayerCost| LayerCost { active: layer.trained, ..layer };
            let trained = forward(&mut layers.iter().copied().map(trained));
            (2.0 * sparse + trained) * steps
        }
        Method::Snfs(Snfs { schedule, .. }) => {
            let averaging = gradient_steps.min(schedule.until.saturating_add(1)) as f64;
            3.0 * sparse * steps + (dense - sparse) * averaging
        }
        Method::Rigl(Rigl { schedule: DropGrow { every, until, .. }, .. }) => {
            let rewiring = gradient_steps.min(until.saturating_add(1)) as f64;
            let every = *every as f64;
            let step = (3.0 * sparse * every + 2.0 * sparse + dense) / (every + 1.0);
            step * rewiring + 3.0 * sparse * (steps - rewiring)
        }
        // f_t = f_D − p_t (f_D − f_S), since every layer's sparsity grows by the same progress p_t.
        Method::Pruning(schedule) => {
            3.0 * (dense * steps - progress(schedule, gradient_steps) * (dense - sparse))
        }
    }
}

/// `Σ_t p_t` over the steps `0..steps`, where `p_t = 1 − (1 − k/n)³` from the k-th of `n` prunings to
/// the next, and 1 from the last on.
fn progress(Pruning { start, end, every }: &Pruning, steps: u64) -> f64 {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Decay, Order, TopKast};
    use crate::layers::{Conv2d, Padding};

    /// Two layers by hand: 4 → 3 with 6 of 12 weights, 3 → 2 with all of 6.
    fn two() -> [LayerCost; 2] {
        let linear = |inputs, outputs| Shape::Linear { inputs, outputs };
        [LayerCost::new(&linear(4, 3), 6, true), LayerCost::new(&linear(3, 2), 6, false)]
    }

    #[test]
    fn two_layers_by_hand() {
        let [hidden, head] = two();
        assert_eq!(
            (hidden.weights(), hidden.parameters(), hidden.active_parameters()),
            (12, 15, 9)
        );
        assert_eq!((hidden.forward_flops(), head.forward_flops()), (15, 14));
        // Weights 12 and biases 3; the head's also 12 for its input.
        assert_eq!((hidden.backward_flops(), head.backward_flops()), (15, 26));
        assert_eq!((hidden.value_bytes(), hidden.moment_bytes()), (36, 72));
        assert_eq!((hidden.structure, head.structure), (4 * (4 + 5 + 18), 0));
        assert_eq!((hidden.density(), hidden.dense().forward_flops()), (0.5, 27));
    }

    #[test]
    fn a_convolution_repeats_its_weights_at_every_position() {
        let (inputs, outputs) = (4 * 8 * 8, 32);
        let shape = Conv2d {
            in_channels: 4,
            out_channels: outputs,
            size: [84, 84],
            kernel: [8, 8],
            stride: 4,
            padding: Padding::Valid,
        };
        let linear = LayerCost::new(&Shape::Linear { inputs, outputs }, 200, false);
        let conv = LayerCost::new(&Shape::Conv2d(shape), 200, false);
        assert_eq!(conv.forward_flops(), 400 * linear.forward_flops());
        assert_eq!(conv.backward_flops(), 400 * linear.backward_flops());
        assert_eq!(conv.value_bytes(), linear.value_bytes());
    }

    #[test]
    fn more_weights_may_be_trained_than_are_active() {
        let [hidden, head] = two();
        let wider = LayerCost { trained: 9, moments: 1, ..hidden };
        assert_eq!(wider.forward_flops(), hidden.forward_flops());
        assert_eq!(wider.backward_flops(), hidden.backward_flops() + 2 * 3);
        assert_eq!((wider.value_bytes(), wider.moment_bytes()), (36, 4 * (9 + 3)));
        assert_eq!(head.dense(), head);
    }

    #[test]
    fn the_model_by_hand() {
        // f_S = 15 + 14 = 29, f_D = 27 + 14 = 41.
        let of = |method: Method, steps| training_flops(&method, &two(), steps);
        assert_eq!(of(Method::Dense, 10), 3.0 * 41.0 * 10.0);
        assert_eq!(of(Method::Static, 10), 3.0 * 29.0 * 10.0);
        let schedule = DropGrow {
            every: 4,
            until: 9,
            drop_fraction: 0.5,
            decay: Decay::Constant,
            order: Order::BeforeStep,
        };
        assert_eq!(of(Method::Set(schedule.clone()), 10), 3.0 * 29.0 * 10.0);
        let rigl = (3.0 * 29.0 * 4.0 + 2.0 * 29.0 + 41.0) / 5.0;
        assert_eq!(of(Method::Rigl(Rigl::new(schedule.clone())), 10), rigl * 10.0);
        assert_eq!(
            of(Method::Rigl(Rigl::new(schedule.clone())), 30),
            rigl * 10.0 + 3.0 * 29.0 * 20.0
        );
        let snfs =
            |steps| of(Method::Snfs(Snfs { schedule: schedule.clone(), smoothing: 0.9 }), steps);
        assert_eq!(snfs(10), (2.0 * 29.0 + 41.0) * 10.0);
        assert_eq!(snfs(30), (2.0 * 29.0 + 41.0) * 10.0 + 3.0 * 29.0 * 20.0);
        assert_eq!(of(Method::Snip, 10), 3.0 * 41.0 + 3.0 * 29.0 * 9.0);
        // 9 of 12 weights train in the first layer: f_B = 29 + 2 · 3.
        let top_kast = TopKast { every: 1, backward_sparsity: 0.25, exploration_penalty: 0.0 };
        let [hidden, head] = two();
        let layers = [LayerCost { trained: 9, ..hidden }, head];
        let found = training_flops(&Method::TopKast(top_kast), &layers, 10);
        assert_eq!(found, (2.0 * 29.0 + 35.0) * 10.0);
        // p: 0 for steps 0 and 1, 0 at 2 and 3, 7/8 at 4 and 5, 1 from 6 on.
        let pruning = Method::Pruning(Pruning { start: 2, end: 6, every: 2 });
        let sum = 4.0 * 41.0 + 2.0 * (41.0 - 0.875 * 12.0) + 4.0 * 29.0;
        assert!((of(pruning, 10) - 3.0 * sum).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn the_sum_of_progress_is_that_of_the_schedule(
            start in 0u64..50, every in 1u64..9, prunings in 0u64..20, steps in 0u64..400
        ) {
            let schedule = Pruning { start, end: start + prunings * every, every };
            let (mut held, mut sum) = (0.0, 0.0);
            for t in 0..steps {
                held = schedule.progress_at(t).unwrap_or(held);
                sum += held;
            }
            prop_assert!((progress(&schedule, steps) - sum).abs() < 1e-9 * (1.0 + sum));
        }
    }
}
