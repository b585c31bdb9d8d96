//! What a layer and its training cost: floating-point operations by a model, and bytes.
//!
//! An operation is one multiplication or one addition of a layer; activations, max-pooling and residual
//! sums are not counted. With `a` active weights, `t` trained ones, `o` outputs and `p` output positions
//! a sample (1 in a linear layer, the pixels of the output in a convolution), and `n` features that layer
//! norms behind it normalise, and `m` features times tokens that attention behind it mixes, one sample takes
//!
//! | pass | operations |
//! |---|---|
//! | forward | `p (2 a + o) + 8 n` |
//! | gradient of the input, but for the first layer | `p 2 a` |
//! | gradient of weights and biases | `p (2 t + o)` |
//! | both gradients of layer norms | `17 n` |
//! | attention, forward and back | `4 m`, `8 m` |
//!
//! A layer of a block of experts ([`routing`](crate::routing)) takes what its share of the tokens does, on the average.
//!
//! A weight of a layer over an [algebra](crate::algebra) counts as often as it multiplies: 4 times in a quaternion.
//!
//! [`Method::training_flops`] is the coarser model that papers on sparse training compare by (Evci et al.
//! 2020, 1911.11134, appendix H). It takes a backward pass as two forward ones and counts gradient steps
//! alone: acting, targets and evaluation are left out, as is choosing what to drop and grow.
//!
//! [`Method::training_flops`]: crate::methods::Method::training_flops

use serde::{Deserialize, Serialize};

use crate::algebra::Algebra;
use crate::attention;
use crate::cpu::structure_bytes;
use crate::kernels::norm;
use crate::layers::Shape;
use crate::routing::Runs;

/// What a size written before there were algebras means.
fn one() -> u64 {
    1
}

/// The size of one layer, which all of its costs follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerCost {
    /// Outputs, or channels of the output; each has a bias.
    pub outputs: u64,
    /// Inputs, or weights of a kernel for one channel of the output.
    pub inputs: u64,
    /// Weights of an element of its algebra: 1 of the real numbers.
    #[serde(default = "one")]
    pub order: u64,
    /// Multiplications of a sample by an element.
    #[serde(default = "one")]
    pub products: u64,
    /// Active weights: those of the forward pass.
    pub active: u64,
    /// Weights that training updates: the active ones, unless the method trains others with them.
    pub trained: u64,
    /// Values that the optimiser keeps beside each of these, of the biases and of layer norms: 2 for Adam.
    pub moments: u64,
    /// Output positions of one sample: 1 in a linear layer.
    pub positions: u64,
    /// Rows that it reads, on the average, for as many samples as `samples` says: 1 for 1, but in experts and their
    /// routers.
    #[serde(default = "one")]
    pub times: u64,
    /// See `times`.
    #[serde(default = "one")]
    pub samples: u64,
    /// Features that layer norms behind it normalise; each has two parameters, `γ` and `β`.
    #[serde(default)]
    pub normed: u64,
    /// Features that attention behind it mixes, times the tokens that one sees.
    #[serde(default)]
    pub attended: u64,
    /// Bytes of the index arrays; none where every weight is active.
    pub structure: u64,
    /// Bytes that the method keeps beside weights and moments.
    pub method: u64,
    /// Whether its input is the network's, whose gradient no training step needs.
    pub first: bool,
}

impl LayerCost {
    /// A layer of `shape` over `algebra` with `active` weights and without layer norms, trained by Adam.
    pub fn new(shape: &Shape, algebra: Algebra, active: usize, first: bool) -> Self {
        let structure = structure_bytes(shape, algebra, active) as u64;
        let order = algebra.order();
        let products = algebra.multiplications(order) as u64;
        let [outputs, inputs, active, positions] =
            [shape.rows(), shape.cols(), active, shape.positions()].map(|n| n as u64);
        Self {
            outputs,
            inputs,
            order: order as u64,
            products,
            active,
            trained: active,
            moments: 2,
            positions,
            times: 1,
            samples: 1,
            normed: 0,
            attended: 0,
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
        self.outputs / self.order.max(1) * self.inputs
    }

    /// Parameters that are always there: biases, and those of layer norms.
    pub fn always(self) -> u64 {
        self.outputs + 2 * self.normed
    }

    /// Parameters where all weights are active.
    pub fn parameters(self) -> u64 {
        self.weights() + self.always()
    }

    /// Active weights, biases, and parameters of layer norms.
    pub fn active_parameters(self) -> u64 {
        self.active + self.always()
    }

    /// Active weights over all weights.
    pub fn density(self) -> f64 {
        self.active as f64 / self.weights().max(1) as f64
    }

    /// Multiplications of a sample by `weights`.
    fn multiplications(self, weights: u64) -> u64 {
        weights / self.order.max(1) * self.products
    }

    /// Multiplications of a sample by a weight: how often each is used at one position.
    pub fn multiplications_per_weight(self) -> f64 {
        self.products as f64 / self.order.max(1) as f64
    }

    /// The same layer where it runs as often as `runs` says.
    pub fn at(self, runs: Runs) -> Self {
        Self { times: runs.times as u64, samples: runs.samples as u64, ..self }
    }

    /// `flops` of a run, for one sample.
    fn of_sample(self, flops: u64) -> u64 {
        flops * self.times / self.samples.max(1)
    }

    /// Operations of one sample's forward pass.
    pub fn forward_flops(self) -> u64 {
        let products = self.positions * (2 * self.multiplications(self.active) + self.outputs);
        let beside = norm::FORWARD_FLOPS * self.normed + attention::FORWARD_FLOPS * self.attended;
        self.of_sample(products + beside)
    }

    /// Operations of one sample's backward pass.
    pub fn backward_flops(self) -> u64 {
        let input = if self.first { 0 } else { 2 * self.multiplications(self.active) };
        let parameters = 2 * self.multiplications(self.trained) + self.outputs;
        let products = self.positions * (input + parameters);
        let beside = norm::BACKWARD_FLOPS * self.normed + attention::BACKWARD_FLOPS * self.attended;
        self.of_sample(products + beside)
    }

    /// Bytes of active weights, biases, and parameters of layer norms.
    pub fn value_bytes(self) -> u64 {
        self.active_parameters() * size_of::<f32>() as u64
    }

    /// Bytes of the optimiser's moments.
    pub fn moment_bytes(self) -> u64 {
        self.moments * (self.trained + self.always()) * size_of::<f32>() as u64
    }
}

/// Operations of one sample's forward pass through a network, which the model of its training is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flops {
    /// `f_D`: with every weight active.
    pub dense: f64,
    /// `f_S`: at the final sparsity.
    pub sparse: f64,
    /// `f_B`: with every weight that trains.
    pub trained: f64,
}

impl Flops {
    /// Of `layers` at their final sparsity.
    pub fn of(layers: &[LayerCost]) -> Self {
        let forward = |cost: fn(LayerCost) -> LayerCost| {
            layers.iter().map(|layer| cost(*layer).forward_flops()).sum::<u64>() as f64
        };
        Self {
            dense: forward(LayerCost::dense),
            sparse: forward(|layer| layer),
            trained: forward(|layer| LayerCost { active: layer.trained, ..layer }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Conv2d, Padding};
    use crate::methods::dense::Dense;
    use crate::methods::pruning::Pruning;
    use crate::methods::rigl::Rigl;
    use crate::methods::set::Set;
    use crate::methods::snfs::Snfs;
    use crate::methods::snip::Snip;
    use crate::methods::static_sparse::Static;
    use crate::methods::top_kast::TopKast;
    use crate::methods::{DropGrow, Horizon, MethodChoice, MethodKeys};

    /// Two layers by hand: 4 → 3 with 6 of 12 weights, 3 → 2 with all of 6.
    fn two() -> [LayerCost; 2] {
        let linear = |inputs, outputs| Shape::Linear { inputs, outputs };
        [
            LayerCost::new(&linear(4, 3), Algebra::REAL, 6, true),
            LayerCost::new(&linear(3, 2), Algebra::REAL, 6, false),
        ]
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

    /// 3 features: `γ` and `β` of each, 8 operations forward and 17 back; none of them is a weight.
    #[test]
    fn a_layer_norm_costs_by_its_features() {
        let [hidden, _] = two();
        let normed = LayerCost { normed: 3, ..hidden };
        assert_eq!((normed.parameters(), normed.active_parameters()), (21, 15));
        assert_eq!((normed.forward_flops(), normed.backward_flops()), (15 + 24, 15 + 51));
        assert_eq!((normed.value_bytes(), normed.moment_bytes()), (36 + 24, 72 + 48));
        assert_eq!((normed.density(), normed.weights()), (0.5, 12));
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
        let linear = LayerCost::new(&Shape::Linear { inputs, outputs }, Algebra::REAL, 200, false);
        let conv = LayerCost::new(&Shape::Conv2d(shape), Algebra::REAL, 200, false);
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
        let of = |method: MethodChoice, steps| {
            let run = Horizon { gradient_steps: 10, sparsity: 0.9 };
            method.keys().build(&run).unwrap().training_flops(Flops::of(&two()), steps)
        };
        assert_eq!(of(Dense {}.into(), 10), 3.0 * 41.0 * 10.0);
        assert_eq!(of(Static {}.into(), 10), 3.0 * 29.0 * 10.0);
        let schedule =
            DropGrow { update_every_gradient_steps: 4, update_until: 0.9, ..DropGrow::default() };
        assert_eq!(of(Set { schedule: schedule.clone() }.into(), 10), 3.0 * 29.0 * 10.0);
        let step = (3.0 * 29.0 * 4.0 + 2.0 * 29.0 + 41.0) / 5.0;
        let rigl = Rigl { schedule: schedule.clone(), ..Rigl::default() };
        assert_eq!(of(rigl.clone().into(), 10), step * 10.0);
        assert_eq!(of(rigl.into(), 30), step * 10.0 + 3.0 * 29.0 * 20.0);
        let snfs = Snfs { schedule, smoothing: 0.9 };
        assert_eq!(of(snfs.clone().into(), 10), (2.0 * 29.0 + 41.0) * 10.0);
        assert_eq!(of(snfs.into(), 30), (2.0 * 29.0 + 41.0) * 10.0 + 3.0 * 29.0 * 20.0);
        assert_eq!(of(Snip {}.into(), 10), 3.0 * 41.0 + 3.0 * 29.0 * 9.0);
        // 9 of 12 weights train in the first layer: f_B = 29 + 2 · 3.
        let [hidden, head] = two();
        let layers = [LayerCost { trained: 9, ..hidden }, head];
        let run = Horizon { gradient_steps: 10, sparsity: 0.5 };
        let top_kast = TopKast::default().build(&run).unwrap();
        assert_eq!(top_kast.training_flops(Flops::of(&layers), 10), (2.0 * 29.0 + 35.0) * 10.0);
        // p: 0 for steps 0 and 1, 0 at 2 and 3, 7/8 at 4 and 5, 1 from 6 on.
        let pruning = Pruning { prune_every_gradient_steps: 2, prune_from: 0.2, prune_until: 0.6 };
        let sum = 4.0 * 41.0 + 2.0 * (41.0 - 0.875 * 12.0) + 4.0 * 29.0;
        assert!((of(pruning.into(), 10) - 3.0 * sum).abs() < 1e-9);
    }
}
