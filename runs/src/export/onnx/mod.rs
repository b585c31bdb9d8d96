//! A policy as an ONNX model: from raw observations to the actions that an evaluation takes.
//!
//! `observation (batch, shape…)`, f32 or u8, becomes `action`: `(batch)` of i64 where the action is an index, else
//! `(batch, numbers)` of f32; and `output (batch, outputs)`, what the network's last layer gives.
//! ONNX has no sparse products, so that weights are dense.

mod graph;
mod message;

use protobuf::ProtobufResult;
use sparring_agents::PolicyView;
use sparring_agents::policy_view::{After, Before, LayerNorm, PolicyLayer};
use sparring_sparse::kernels::norm::EPSILON;
use sparring_sparse::layers::Conv2d;
use sparring_sparse::{Activation, Join, Shape};

use super::weights::shape;
use crate::policy_text::{Description, pads};
use graph::{Graph, Value};
use message::{Number, Versions, model, real, value, whole, wholes};

/// Operators of 2020, so that old runtimes read it as well. `Clip` takes f64 from 12 on.
const PLAIN: Versions = Versions { ir: 7, opset: 13 };

/// The first that have `LayerNormalization`, of 2022; no other operator that is used here changed between.
const WITH_NORMS: Versions = Versions { ir: 8, opset: 17 };

/// The file of `view`.
///
/// # Errors
/// Those of protobuf.
pub fn file(view: &PolicyView, description: &Description) -> ProtobufResult<Vec<u8>> {
    let mut graph = Graph::default();
    let observation = Value::named("observation");
    let seen = &description.observation;
    let number = if seen.dtype == "u8" { Number::U8 } else { Number::F32 };
    let x = before(&mut graph, &view.before, observation, number);
    let mut stream = Stream { graph, at: x, is_image: false, kept: Vec::new() };
    view.layers.iter().for_each(|layer| stream.layer(layer));
    let Stream { mut graph, at, .. } = stream;
    let output = Value::named("output");
    graph.put(&output, "Identity", &[&at], Vec::new());
    let action = Value::named("action");
    let action = match &view.after {
        After::Largest { first } => {
            largest(&mut graph, &output, *first, &action);
            value("action", Number::I64, &[])
        }
        After::Tanh { low, high } => {
            tanh(&mut graph, &output, [low, high], &action);
            value("action", Number::F32, &[low.len()])
        }
    };
    let outputs = view.layers.last().map_or(0, |layer| layer.shape.output().size());
    graph.parts.inputs.push(value("observation", number, &seen.shape));
    graph.parts.outputs.push(action);
    graph.parts.outputs.push(value("output", Number::F32, &[outputs]));
    let normed = view.layers.iter().any(|layer| !layer.norms.is_empty());
    let versions = if normed { WITH_NORMS } else { PLAIN };
    model(graph.parts, versions, ["policy", &description.to_text()]).to_bytes()
}

/// What becomes of `observation` before the first layer: numbers in a row.
fn before(graph: &mut Graph, before: &Before, observation: Value, number: Number) -> Value {
    let to = |number: Number| vec![whole("to", number as i64)];
    let mut x = graph.node("Flatten", &[&observation], vec![whole("axis", 1)]);
    if number != Number::F32 {
        x = graph.node("Cast", &[&x], to(Number::F32));
    }
    if before.divisor != 1.0 {
        let divisor = graph.f32("observation.divisor", &[], &[before.divisor]);
        x = graph.node("Div", &[&x, &divisor], Vec::new());
    }
    if let Some(scale) = &before.scale {
        let mean = graph.f64("observation.mean", &[before.dim], &scale.mean);
        let deviation = graph.f64("observation.deviation", &[before.dim], &scale.deviation);
        let low = graph.f64("observation.low", &[], &[-scale.clip]);
        let high = graph.f64("observation.high", &[], &[scale.clip]);
        let wide = graph.node("Cast", &[&x], to(Number::F64));
        let centred = graph.node("Sub", &[&wide, &mean], Vec::new());
        let scaled = graph.node("Div", &[&centred, &deviation], Vec::new());
        let clipped = graph.node("Clip", &[&scaled, &low, &high], Vec::new());
        x = graph.node("Cast", &[&clipped], to(Number::F32));
    }
    x
}

/// What goes through the layers.
struct Stream {
    graph: Graph,
    at: Value,
    /// Whether it is `(batch, channels, rows, columns)`, not `(batch, numbers)`.
    is_image: bool,
    /// What is kept for sums to come.
    kept: Vec<Value>,
}

impl Stream {
    fn layer(&mut self, layer: &PolicyLayer) {
        let name = &layer.name;
        let weight = self.graph.f32(format!("{name}.weight"), &shape(layer), &layer.dense());
        let bias = self.graph.f32(format!("{name}.bias"), &[layer.bias.len()], &layer.bias);
        match &layer.shape {
            Shape::Linear { .. } => {
                if self.is_image {
                    self.step("Flatten", &[], vec![whole("axis", 1)]);
                }
                self.step("Gemm", &[&weight, &bias], vec![whole("transB", 1)]);
            }
            Shape::Conv2d(conv) => {
                if !self.is_image {
                    let sides = [conv.in_channels, conv.size[0], conv.size[1]];
                    // 0 stays as it is: the batch.
                    let dims = [0].into_iter().chain(sides.map(|side| side as i64));
                    let dims = dims.collect::<Vec<_>>();
                    let to = self.graph.wholes(format!("{name}.input"), &dims);
                    self.step("Reshape", &[&to], Vec::new());
                }
                self.step("Conv", &[&weight, &bias], windows(conv));
            }
        }
        self.is_image = matches!(layer.shape, Shape::Conv2d(_));
        match layer.activation {
            Activation::Identity => {}
            Activation::Relu => self.step("Relu", &[], Vec::new()),
            Activation::Tanh => self.step("Tanh", &[], Vec::new()),
        }
        let mut features = layer.shape.output();
        let mut norms = layer.norms().into_iter();
        for join in &layer.then {
            match join {
                Join::LayerNorm => self.norm(norms.next()),
                Join::Save => self.kept.push(self.at.clone()),
                Join::Add => {
                    if let Some(kept) = self.kept.pop() {
                        self.step("Add", &[&kept], Vec::new());
                    }
                }
                Join::Relu => self.step("Relu", &[], Vec::new()),
                Join::MaxPool(pool) => {
                    self.step("MaxPool", &[], windows(&pool.windows(&features)));
                    features = pool.output(&features);
                }
                // No view has blocks of experts.
                Join::Routed(_) | Join::Attention(_) => {}
            }
        }
    }

    /// `γ ⊙ x̂ + β` over the features.
    fn norm(&mut self, norm: Option<LayerNorm<'_>>) {
        let Some(LayerNorm { name, scale, shift }) = norm else { return };
        let scale = self.graph.f32(format!("{name}.weight"), &[scale.len()], scale);
        let shift = self.graph.f32(format!("{name}.bias"), &[shift.len()], shift);
        let attributes = vec![whole("axis", -1), real("epsilon", EPSILON)];
        self.step("LayerNormalization", &[&scale, &shift], attributes);
    }

    /// `op` on what goes through, and on `others`.
    fn step(&mut self, op: &str, others: &[&Value], attributes: Vec<message::Message>) {
        let inputs: Vec<&Value> = [&self.at].into_iter().chain(others.iter().copied()).collect();
        self.at = self.graph.node(op, &inputs, attributes);
    }
}

/// Where the windows of a convolution or a pooling stand.
fn windows(conv: &Conv2d) -> Vec<message::Message> {
    vec![
        wholes("kernel_shape", &conv.kernel),
        wholes("strides", &[conv.stride; 2]),
        wholes("pads", &pads(conv)),
    ]
}

/// The index of the largest output from `first` on, counted from there; the lower index wins a tie.
fn largest(graph: &mut Graph, output: &Value, first: usize, action: &Value) {
    let asked = columns(graph, output, [first as i64, i64::MAX]);
    graph.put(action, "ArgMax", &[&asked], vec![whole("axis", 1), whole("keepdims", 0)]);
}

/// `low · (½ − ½ a) + high · (½ + ½ a)` within the bounds, with `a = tanh` of the first outputs.
fn tanh(graph: &mut Graph, output: &Value, [low, high]: [&Vec<f32>; 2], action: &Value) {
    let dim = low.len();
    let asked = columns(graph, output, [0, dim as i64]);
    let a = graph.node("Tanh", &[&asked], Vec::new());
    let half = graph.f32("half", &[], &[0.5]);
    let (low, high) =
        (graph.f32("action.low", &[dim], low), graph.f32("action.high", &[dim], high));
    let share = graph.node("Mul", &[&a, &half], Vec::new());
    let of_low = graph.node("Sub", &[&half, &share], Vec::new());
    let of_high = graph.node("Add", &[&half, &share], Vec::new());
    let from_low = graph.node("Mul", &[&low, &of_low], Vec::new());
    let from_high = graph.node("Mul", &[&high, &of_high], Vec::new());
    let mixed = graph.node("Add", &[&from_low, &from_high], Vec::new());
    let below = graph.node("Min", &[&mixed, &high], Vec::new());
    graph.put(action, "Max", &[&below, &low], Vec::new());
}

/// The columns `from..to` of `output`.
fn columns(graph: &mut Graph, output: &Value, [from, to]: [i64; 2]) -> Value {
    let from = graph.wholes("asked.from", &[from]);
    let to = graph.wholes("asked.to", &[to]);
    let axis = graph.wholes("asked.axis", &[1]);
    graph.node("Slice", &[output, &from, &to, &axis], Vec::new())
}
