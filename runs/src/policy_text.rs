//! What a policy is beside its weights: the JSON text that `policy.safetensors` and every exported file carry as the
//! metadata `policy`.
//!
//! With the tensors it is enough to act: see `runs/docs/export.md`, which names every field.

use serde::Serialize;
use sparring_agents::PolicyView;
use sparring_agents::policy_view::{After, PolicyLayer, Scale};
use sparring_envs::{Dtype, EnvSpec, Space};
use sparring_sparse::kernels::norm::EPSILON;
use sparring_sparse::layers::{Conv2d, Features};
use sparring_sparse::{Activation, Join, Shape};

/// Of this text and of the files that carry it. 1 had scales and bounds as tensors.
const VERSION: u32 = 2;

/// A policy without its weights.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    version: u32,
    /// The version of Sparring that wrote it.
    sparring: &'static str,
    agent: &'static str,
    env: &'static str,
    /// The name of the checkpoint or file that it was kept in.
    origin: String,
    /// How long it was trained, where that is known.
    env_steps: Option<u64>,
    /// Its name beside the critics in `policy.safetensors`.
    network: String,
    /// What an observation is.
    pub observation: Observation,
    layers: Vec<LayerText>,
    action: ActionText,
}

/// What an observation is, and what becomes of it before the first layer.
#[derive(Clone, Debug, Serialize)]
pub struct Observation {
    /// Row-major.
    pub shape: Vec<usize>,
    /// `f32` or `u8`.
    pub dtype: &'static str,
    divisor: f32,
    /// How running moments scale it, where they do.
    scale: Option<ScaleText>,
}

#[derive(Clone, Debug, Serialize)]
struct ScaleText {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    clip: f64,
}

#[derive(Clone, Debug, Serialize)]
struct LayerText {
    name: String,
    rows: usize,
    cols: usize,
    nnz: usize,
    /// That of the elements in `policy.safetensors`; elsewhere weights are real.
    algebra: &'static str,
    activation: Activation,
    conv: Option<Windows>,
    then: Vec<JoinText>,
}

/// Where the windows of a convolution or a pooling stand.
#[derive(Clone, Debug, Serialize)]
struct Windows {
    /// Channels, rows, columns.
    input: [usize; 3],
    output: [usize; 3],
    kernel: [usize; 2],
    stride: usize,
    /// Above, left, below, right, as ONNX has it.
    pads: [usize; 4],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum JoinText {
    MaxPool(Windows),
    Save,
    Add,
    Relu,
    LayerNorm(NormText),
}

/// Where a layer norm has its parameters.
#[derive(Clone, Debug, Serialize)]
struct NormText {
    name: String,
    epsilon: f32,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ActionText {
    Largest { first: usize },
    Tanh { low: Vec<f32>, high: Vec<f32> },
}

impl Description {
    /// That of `view`, which `agent` learned on `spec`, kept in `origin` after so many `env_steps`.
    pub fn of(
        view: &PolicyView,
        agent: &'static str,
        spec: &EnvSpec,
        origin: &str,
        env_steps: Option<u64>,
    ) -> Self {
        Self {
            version: VERSION,
            sparring: env!("CARGO_PKG_VERSION"),
            agent,
            env: spec.id,
            origin: origin.to_owned(),
            env_steps,
            network: view.network.clone(),
            observation: Observation {
                shape: shape_of(&spec.obs),
                dtype: match spec.obs.dtype() {
                    Dtype::F32 => "f32",
                    Dtype::U8 => "u8",
                },
                divisor: view.before.divisor,
                scale: view.before.scale.clone().map(|Scale { mean, deviation, clip }| ScaleText {
                    mean,
                    deviation,
                    clip,
                }),
            },
            layers: view.layers.iter().map(LayerText::of).collect(),
            action: match &view.after {
                After::Largest { first } => ActionText::Largest { first: *first },
                After::Tanh { low, high } => {
                    ActionText::Tanh { low: low.clone(), high: high.clone() }
                }
            },
        }
    }

    /// What it is, in a line.
    pub fn title(&self) -> String {
        let Self { sparring, agent, env, origin, .. } = self;
        format!("The policy of {agent} on {env}, written by sparring {sparring} from {origin}.")
    }

    /// As JSON.
    pub fn to_text(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// The shape of an observation, row-major.
pub fn shape_of(space: &Space) -> Vec<usize> {
    match space {
        Space::Discrete { .. } => vec![space.dim()],
        Space::Box { shape, .. } => shape.clone(),
    }
}

/// Zeros above, left, below and right, as ONNX has it.
pub fn pads(conv: &Conv2d) -> [usize; 4] {
    let ([above, left], [below, right]) = {
        let [rows, columns] = [0, 1].map(|axis| conv.padded(axis));
        ([rows.0, columns.0], [rows.1, columns.1])
    };
    [above, left, below, right]
}

impl LayerText {
    fn of(layer: &PolicyLayer) -> Self {
        let mut features = layer.shape.output();
        let mut norms = 0;
        let joined = |join: &Join| match join {
            Join::LayerNorm => {
                let name = format!("{}.norm.{norms}", layer.name);
                norms += 1;
                Some(JoinText::LayerNorm(NormText { name, epsilon: EPSILON }))
            }
            Join::Save => Some(JoinText::Save),
            Join::Add => Some(JoinText::Add),
            Join::Relu => Some(JoinText::Relu),
            Join::MaxPool(pool) => {
                let windows = pool.windows(&features);
                features = windows.output();
                Some(JoinText::MaxPool(Windows::of(&windows)))
            }
            // No view has blocks of experts.
            Join::Routed(_) | Join::Attention(_) => None,
        };
        let then = layer.then.iter().filter_map(joined).collect();
        Self {
            name: layer.name.clone(),
            rows: layer.shape.rows(),
            cols: layer.shape.cols(),
            nnz: layer.topology.nnz(),
            algebra: layer.algebra.row().name,
            activation: layer.activation,
            conv: match &layer.shape {
                Shape::Linear { .. } => None,
                Shape::Conv2d(conv) => Some(Windows::of(conv)),
            },
            then,
        }
    }
}

impl Windows {
    fn of(conv: &Conv2d) -> Self {
        let sides = |of: Features| [of.channels, of.height, of.width];
        Self {
            input: sides(conv.input()),
            output: sides(conv.output()),
            kernel: conv.kernel,
            stride: conv.stride,
            pads: pads(conv),
        }
    }
}
