//! Multi-layer perceptrons: ReLU layers `hidden.0`, `hidden.1`, … and a linear `head`.

use sparring_sparse::{Activation, Init, LayerSpec, Shape};

/// Which weights and biases a network starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MlpInit {
    /// Weights of the hidden layers; their biases are 0.
    pub hidden: Init,
    /// Weights of the head.
    pub head: Init,
    /// Biases of the head.
    pub head_bias: f32,
}

/// `(batch, inputs) → (batch, outputs)` through layers of widths `hidden`, whose weights have the
/// decay `weight_decay`; the head has none.
pub fn mlp(
    inputs: usize,
    hidden: &[usize],
    outputs: usize,
    init: MlpInit,
    weight_decay: f64,
) -> Vec<LayerSpec> {
    let mut widths = vec![inputs];
    widths.extend(hidden);
    let layer = |(l, pair): (usize, &[usize])| LayerSpec {
        name: format!("hidden.{l}"),
        shape: Shape::Linear { inputs: pair[0], outputs: pair[1] },
        activation: Activation::Relu,
        init: init.hidden,
        bias: 0.0,
        weight_decay,
    };
    let mut specs: Vec<LayerSpec> = widths.windows(2).enumerate().map(layer).collect();
    specs.push(LayerSpec {
        name: "head".into(),
        shape: Shape::Linear { inputs: widths[widths.len() - 1], outputs },
        activation: Activation::Identity,
        init: init.head,
        bias: init.head_bias,
        weight_decay: 0.0,
    });
    specs
}
