//! A second account of a network for the tests of the agents: dense weights in candle's own ops, which
//! autograd differentiates at every position, active or not.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use sparring_envs::Obs;
use sparring_sparse::config::{Distribution, Pattern, SparsityConfig};
use sparring_sparse::methods::{Decay, DropGrow, MethodChoice, Order};
use sparring_sparse::{Compute, Layer, Network};

use crate::observations::Observations;

/// Of environment 0 alone, in the midst of an episode.
pub fn one(obs: Obs<'_>) -> Observations<'_> {
    Observations { obs, envs: &[0], first: &[false], rewards: &[0.0] }
}

/// A schedule that rewires every few of a hundred steps.
pub fn drop_grow(every: u64, update_order: Order) -> DropGrow {
    DropGrow {
        update_every_gradient_steps: every,
        update_until: 1.0,
        drop_fraction: 0.4,
        drop_schedule: Decay::Constant,
        update_order,
    }
}

/// Half of every layer by `method`, in the sparse form.
pub fn half(method: impl Into<MethodChoice>) -> SparsityConfig {
    SparsityConfig {
        method: method.into(),
        gradient_steps: 100,
        sparsity: 0.5,
        distribution: Distribution::Uniform,
        pattern: Pattern::Unstructured,
        layers: BTreeMap::new(),
        sparsity_aware_init: true,
        compute: Compute::Sparse.into(),
    }
}

/// The weight `(out, in)`, zero where it is masked, and the bias `(out)` of each layer.
pub struct Plain(pub Vec<(Var, Var)>);

impl Plain {
    pub fn of(network: &Network) -> Self {
        let params: Vec<f32> = network.params().to_vec1().unwrap();
        let layer = |layer: &Layer| {
            let topology = layer.topology();
            let mut w = vec![0.0; topology.size()];
            for (position, value) in topology.positions().zip(&params[layer.weights()]) {
                w[position as usize] = *value;
            }
            let shape = (topology.rows(), topology.cols());
            (
                Var::from_vec(w, shape, &Device::Cpu).unwrap(),
                Var::from_vec(params[layer.biases()].to_vec(), shape.0, &Device::Cpu).unwrap(),
            )
        };
        Self(network.layers().iter().map(layer).collect())
    }

    /// `x (n, in) → (n, out)`, with `activation` after every layer but the last.
    pub fn forward(&self, x: &Tensor, activation: fn(&Tensor) -> Tensor) -> Tensor {
        let mut y = x.clone();
        for (l, (w, b)) in self.0.iter().enumerate() {
            y = y.matmul(&w.t().unwrap()).unwrap().broadcast_add(b).unwrap();
            if l + 1 < self.0.len() {
                y = activation(&y);
            }
        }
        y
    }

    /// Weights and biases, layer by layer.
    pub fn values(&self) -> Vec<f32> {
        self.0.iter().flat_map(|(w, b)| [flat(w), flat(b)]).flatten().collect()
    }
}

/// The values of a tensor in their order.
pub fn flat(values: &Tensor) -> Vec<f32> {
    values.flatten_all().unwrap().to_vec1().unwrap()
}

/// The gradient at 0 is 0, where candle's own ReLU has 1.
pub fn relu(x: &Tensor) -> Tensor {
    (x * x.gt(0f32).unwrap().to_dtype(DType::F32).unwrap()).unwrap()
}

/// As candle has it.
pub fn tanh(x: &Tensor) -> Tensor {
    x.tanh().unwrap()
}
