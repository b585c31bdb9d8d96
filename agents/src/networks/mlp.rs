//! Multi-layer perceptrons: layers `hidden.0`, `hidden.1`, … and a linear `head`.

use sparring_sparse::{Activation, Init, LayerSpec, Shape};

/// What an agent fixes about its networks: their activation, and what they start from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MlpStyle {
    /// The function after each hidden layer.
    pub activation: Activation,
    /// Weights of the hidden layers; their biases are 0.
    pub hidden: Init,
    /// Weights of the head.
    pub head: Init,
    /// Biases of the head.
    pub head_bias: f32,
    /// Whether the weights of the head decay as those of the hidden layers do.
    pub head_decays: bool,
}

/// `max(1, ⌊n · width⌋)` for each `n` of `hidden`.
pub fn scaled(hidden: &[usize], width: f64) -> Vec<usize> {
    hidden.iter().map(|n| ((*n as f64 * width) as usize).max(1)).collect()
}

/// `(batch, inputs) → (batch, outputs)` through layers of widths `hidden`, whose weights have the
/// decay `weight_decay`.
pub fn mlp(
    inputs: usize,
    hidden: &[usize],
    outputs: usize,
    style: MlpStyle,
    weight_decay: f64,
) -> Vec<LayerSpec> {
    let mut widths = vec![inputs];
    widths.extend(hidden);
    let layer = |(l, pair): (usize, &[usize])| LayerSpec {
        name: format!("hidden.{l}"),
        shape: Shape::Linear { inputs: pair[0], outputs: pair[1] },
        activation: style.activation,
        init: style.hidden,
        bias: 0.0,
        weight_decay,
        then: Vec::new(),
    };
    let mut specs: Vec<LayerSpec> = widths.windows(2).enumerate().map(layer).collect();
    specs.push(LayerSpec {
        name: "head".into(),
        shape: Shape::Linear { inputs: widths[widths.len() - 1], outputs },
        activation: Activation::Identity,
        init: style.head,
        bias: style.head_bias,
        weight_decay: if style.head_decays { weight_decay } else { 0.0 },
        then: Vec::new(),
    });
    specs
}
