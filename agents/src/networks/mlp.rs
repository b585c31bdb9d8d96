//! Multi-layer perceptrons: layers `hidden.0`, `hidden.1`, … and a linear `head`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparring_envs::Space;
use sparring_sparse::{Activation, Algebra, LayerSpec, Shape};

use super::row::{NetworkKeys, NetworkRow};
use super::style::MlpStyle;
use crate::error::AgentError;

/// The row of [`Mlp`].
pub static ROW: NetworkRow =
    NetworkRow::of::<Mlp>("mlp", "A multi-layer perceptron over all numbers of an observation.");

/// What is chosen about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Mlp {
    /// Widths of the hidden ReLU layers.
    #[schemars(inner(range(min = 1)))]
    pub hidden: Vec<usize>,
    /// Multiplies them.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

impl Default for Mlp {
    /// Those of Graesser et al. 2022 for classic control.
    fn default() -> Self {
        Self { hidden: vec![512, 512], width: 1.0 }
    }
}

impl NetworkKeys for Mlp {
    fn row(&self) -> &'static NetworkRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        json!(self)
    }

    fn layers(
        &self,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        Ok(mlp(obs.dim(), &scaled(&self.hidden, self.width), outputs, style, weight_decay))
    }

    fn narrowed(&self, by: f64) -> Option<Arc<dyn NetworkKeys>> {
        Some(Arc::new(Self { width: self.width * by, ..self.clone() }))
    }
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
        algebra: Algebra::REAL,
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
        algebra: Algebra::REAL,
        then: Vec::new(),
    });
    specs
}
