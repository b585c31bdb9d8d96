//! What the residual networks over vectors have in common: how their layers are written down.

use sparring_sparse::{Activation, Algebra, Init, Join, LayerSpec, Shape};

/// The layers of a network from its input on, all of them linear.
pub(super) struct Vectors {
    layers: Vec<LayerSpec>,
    /// Numbers that the last layer gives.
    width: usize,
    weight_decay: f64,
}

impl Vectors {
    /// No layers over `inputs` numbers; the weights of those to come decay by `weight_decay`, and their biases
    /// are 0.
    pub fn new(inputs: usize, weight_decay: f64) -> Self {
        Self { layers: Vec::new(), width: inputs, weight_decay }
    }

    /// A layer to `outputs` numbers and what stands after it.
    pub fn linear(
        mut self,
        name: impl Into<String>,
        outputs: usize,
        init: Init,
        (activation, then): (Activation, &[Join]),
    ) -> Self {
        self.layers.push(LayerSpec {
            name: name.into(),
            shape: Shape::Linear { inputs: self.width, outputs },
            activation,
            init,
            bias: 0.0,
            weight_decay: self.weight_decay,
            algebra: Algebra::REAL,
            then: then.to_vec(),
        });
        self.width = outputs;
        self
    }

    /// The same where what stands after the last layer leaves `width` numbers.
    pub fn reading(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// A head of `outputs` on top of them.
    pub fn head(self, outputs: usize, init: Init) -> Vec<LayerSpec> {
        self.linear("head", outputs, init, (Activation::Identity, &[])).layers
    }
}
