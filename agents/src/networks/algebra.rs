//! Hidden layers whose weights and features are elements of an algebra ([`sparring_sparse::algebra`]), in the networks of
//! every agent.
//!
//! First layers and heads stay real: what the environment and the loss speak of are numbers. Between them the numbers of
//! a hidden layer are elements, the channels of an image those of its pixels. A linear layer over an image is the
//! convolution with a kernel as large as the image, so that its elements are those of pixels, too.
//!
//! Every hidden width becomes a multiple of the numbers of an element. How wide the network is says [`Match`]: an
//! algebra with the widths of the real network has fewer weights, and often fewer multiplications.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sparring_sparse::algebra::quaternion;
use sparring_sparse::layers::{Conv2d, Padding};
use sparring_sparse::nodes::{NetworkPlan, Op};
use sparring_sparse::{ALGEBRAS, Algebra, KeyError, LayerSpec, Shape};

use crate::error::AgentError;

/// Over which algebra hidden layers are, which of them, and how wide the network is then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlgebraKeys {
    /// Which one; `sparring list algebras` says what each is.
    #[schemars(extend("x-required" = true))]
    pub kind: AlgebraName,
    /// Which layers are over it, of those between the first and the head, which stay real.
    pub layers: AlgebraLayers,
    /// What it has in common with the real network.
    #[serde(rename = "match")]
    pub matched: Match,
}

impl Default for AlgebraKeys {
    fn default() -> Self {
        let kind = AlgebraName(Algebra::of(&quaternion::ROW));
        Self { kind, layers: AlgebraLayers::Hidden, matched: Match::Width }
    }
}

/// An algebra by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlgebraName(pub Algebra);

impl Serialize for AlgebraName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.row().name.serialize(to)
    }
}

impl<'de> Deserialize<'de> for AlgebraName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(from)?;
        let row = ALGEBRAS.iter().find(|row| row.name == name);
        let row = row.ok_or_else(|| D::Error::custom(format!("unknown algebra {name}")))?;
        Ok(Self(Algebra::of(row)))
    }
}

impl JsonSchema for AlgebraName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AlgebraName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": ALGEBRAS.map(|row| row.name)})
    }
}

/// Which layers are over an algebra.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlgebraLayers {
    /// All between the first and the head.
    Hidden,
    /// Of these the convolutions.
    Conv,
    /// Of these the linear ones.
    Linear,
}

/// What a network over an algebra has in common with the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// Its hidden widths: the nearest multiples of the numbers of an element.
    Width,
    /// The number of its weights and biases, by a factor on all hidden widths.
    Params,
    /// The number of its multiplications, by a factor on all hidden widths.
    Flops,
}

/// Halvings of the range of factors; widths are whole elements, so that more tell no two networks apart.
const HALVINGS: usize = 30;

/// A network that is by more than this part off what it is to match is none to compare with.
const MOST_OFF: f64 = 0.25;

impl AlgebraKeys {
    /// The layers of the real network `whole` over the algebra.
    ///
    /// # Errors
    /// A network without such layers, and one that whole elements make no network of about the same size of.
    pub fn over(&self, whole: Vec<LayerSpec>) -> Result<Vec<LayerSpec>, AgentError> {
        let size = |layers: &[LayerSpec]| match self.matched {
            Match::Width => 0.0,
            Match::Params => super::parameters::parameters(layers).iter().sum(),
            Match::Flops => multiplications(layers),
        };
        if self.matched == Match::Width {
            return self.at(&whole, 1.0);
        }
        let target = size(&whole);
        // An algebra has at most its order fewer weights at a width, which goes into them squared.
        let (mut below, mut above) = (1e-6, 2.0 * self.kind.0.order() as f64);
        for _ in 0..HALVINGS {
            let middle = (below + above) / 2.0;
            match size(&self.at(&whole, middle)?) <= target {
                true => below = middle,
                false => above = middle,
            }
        }
        let (below, above) = (self.at(&whole, below)?, self.at(&whole, above)?);
        let off = |layers: &[LayerSpec]| (size(layers) - target).abs();
        let nearest = if off(&above) < off(&below) { above } else { below };
        if off(&nearest) > MOST_OFF * target {
            let (name, of) = match self.matched {
                Match::Width | Match::Params => ("params", "parameters"),
                Match::Flops => ("flops", "multiplications"),
            };
            let found = format!(
                "{name}: {target:.0} {of}, where the nearest network over {:?} has {:.0}",
                self.kind.0,
                size(&nearest)
            );
            let allowed = "a size to which whole elements come within a quarter";
            return Err(refused("algebra.match", found, allowed, "width, or a wider network"));
        }
        Ok(nearest)
    }

    /// The same with all hidden widths multiplied by `factor`, to whole elements.
    fn at(&self, whole: &[LayerSpec], factor: f64) -> Result<Vec<LayerSpec>, AgentError> {
        let order = self.kind.0.order();
        let mut layers = resized(whole, factor, order);
        let images: Vec<_> = {
            let plan = NetworkPlan::of_specs(&layers)?;
            let nodes = plan.nodes().iter().filter(|node| matches!(node.op, Op::Layer(_)));
            nodes.map(|node| plan.nodes()[node.inputs[0]].features).collect()
        };
        let head = layers.len().saturating_sub(1);
        let mut none = true;
        for (l, layer) in layers.iter_mut().enumerate() {
            let chosen = match (self.layers, &layer.shape) {
                (AlgebraLayers::Hidden, _)
                | (AlgebraLayers::Conv, Shape::Conv2d(_))
                | (AlgebraLayers::Linear, Shape::Linear { .. }) => (1..head).contains(&l),
                (AlgebraLayers::Conv, Shape::Linear { .. })
                | (AlgebraLayers::Linear, Shape::Conv2d(_)) => false,
            };
            if !chosen {
                continue;
            }
            none = false;
            layer.algebra = self.kind.0;
            let image = images[l];
            if let Shape::Linear { outputs, .. } = layer.shape
                && image.height * image.width > 1
            {
                let size = [image.height, image.width];
                layer.shape = Shape::Conv2d(Conv2d {
                    in_channels: image.channels,
                    out_channels: outputs,
                    size,
                    kernel: size,
                    stride: 1,
                    padding: Padding::Valid,
                });
            }
        }
        if none {
            let of = match self.layers {
                AlgebraLayers::Hidden => "layer",
                AlgebraLayers::Conv => "convolution",
                AlgebraLayers::Linear => "linear layer",
            };
            let found = format!("a network without a {of} between the first layer and the head");
            let allowed = "a network that has one";
            return Err(refused("algebra.layers", found, allowed, "one hidden layer more"));
        }
        Ok(layers)
    }
}

fn refused(key: &str, found: String, allowed: &str, hint: &str) -> AgentError {
    AgentError::Algebra(Box::new(KeyError::new(key, found, allowed, hint)))
}

/// Multiplications of a sample in all layers.
fn multiplications(layers: &[LayerSpec]) -> f64 {
    let of = |layer: &LayerSpec| {
        let [rows, cols] = layer.weights();
        (layer.algebra.multiplications(rows * cols) * layer.shape.positions()) as f64
    };
    layers.iter().map(of).sum()
}

/// `layers` with what each but the last gives multiplied by `factor`, to the nearest multiple of `order`.
fn resized(layers: &[LayerSpec], factor: f64, order: usize) -> Vec<LayerSpec> {
    let scaled = |width: usize| {
        let elements = (width as f64 * factor / order as f64).round() as usize;
        elements.max(1) * order
    };
    let (mut before, head) = (None, layers.len().saturating_sub(1));
    let one = |(l, layer): (usize, &LayerSpec)| {
        let old = layer.shape.rows();
        let new = if l == head { old } else { scaled(old) };
        // What it reads is what the layer before it gives, at as many pixels.
        let read = |inputs: usize| match before {
            Some((old, new)) => inputs / old * new,
            None => inputs,
        };
        let shape = match layer.shape {
            Shape::Linear { inputs, .. } => Shape::Linear { inputs: read(inputs), outputs: new },
            Shape::Conv2d(conv) => Shape::Conv2d(Conv2d {
                in_channels: read(conv.in_channels),
                out_channels: new,
                ..conv
            }),
        };
        before = Some((old, new));
        LayerSpec { shape, ..layer.clone() }
    };
    layers.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use sparring_envs::spec;
    use sparring_sparse::algebra::{complex, matrix2, matrix4};

    use super::*;
    use crate::DqnConfig;
    use crate::networks::NetworkConfig;
    use crate::networks::minatar::Minatar;
    use crate::networks::parameters::parameters;

    fn keys(row: &'static sparring_sparse::AlgebraRow, matched: Match) -> AlgebraKeys {
        AlgebraKeys { kind: AlgebraName(Algebra::of(row)), matched, ..AlgebraKeys::default() }
    }

    fn layers(env: &str, network: NetworkConfig, algebra: Option<AlgebraKeys>) -> Vec<LayerSpec> {
        let config = DqnConfig { network, algebra, ..DqnConfig::paper() };
        config.layers(&spec(env).unwrap().obs, 2).unwrap()
    }

    #[test]
    fn what_is_matched_is_matched_and_ends_stay_real() {
        let mlp = || NetworkConfig::mlp(&[256, 256]);
        let real = layers("CartPole-v1", mlp(), None);
        for row in ALGEBRAS {
            let over = |matched| layers("CartPole-v1", mlp(), Some(keys(row, matched)));
            let [width, params, flops] = [Match::Width, Match::Params, Match::Flops].map(over);
            let size = |layers: &[LayerSpec]| parameters(layers).iter().sum::<f64>();
            let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 0.1, "{row:?} {a} {b}");
            near(size(&params), size(&real));
            near(multiplications(&flops), multiplications(&real));
            near(width[1].shape.rows() as f64, 256.0);
            assert!(size(&width) < 0.6 * size(&real));
            for layers in [width, params, flops] {
                let of: Vec<_> = layers.iter().map(|layer| layer.algebra).collect();
                assert_eq!(of, [Algebra::REAL, Algebra::of(row), Algebra::REAL]);
            }
        }
    }

    #[test]
    fn channels_of_a_pixel_are_an_element() {
        let minatar: NetworkConfig = Minatar { width: 1.0 }.into();
        let over = keys(&matrix2::ROW, Match::Width);
        let [conv, hidden, head] = &layers("MinAtar/Breakout-v1", minatar, Some(over))[..] else {
            panic!()
        };
        assert!(conv.algebra.is_real() && head.algebra.is_real());
        let Shape::Conv2d(of) = hidden.shape else { panic!("{:?}", hidden.shape) };
        assert_eq!(
            (of.in_channels, of.out_channels, of.kernel, of.size),
            (16, 128, [8, 8], [8, 8])
        );
        assert_eq!((hidden.algebra, hidden.weights()), (Algebra::of(&matrix2::ROW), [32, 1024]));
        assert_eq!(hidden.kernel_shape(), [256, 32]);
    }

    #[test]
    fn networks_without_such_layers_and_sizes_that_cannot_be_met_are_refused() {
        let refused = |hidden: &[usize], keys: AlgebraKeys| {
            let network = NetworkConfig::mlp(hidden);
            let config = DqnConfig { network, algebra: Some(keys), ..DqnConfig::paper() };
            let error = config.layers(&spec("CartPole-v1").unwrap().obs, 2).unwrap_err();
            let AgentError::Algebra(error) = error else { panic!("{error}") };
            error.key
        };
        assert_eq!(refused(&[64], keys(&complex::ROW, Match::Width)), "algebra.layers");
        let conv = AlgebraKeys { layers: AlgebraLayers::Conv, ..keys(&complex::ROW, Match::Width) };
        assert_eq!(refused(&[64, 64], conv), "algebra.layers");
        assert_eq!(refused(&[2, 2], keys(&matrix4::ROW, Match::Params)), "algebra.match");
    }
}
