//! What networks over images have in common: what they read, and how their layers are written down.

use sparring_envs::Space;
use sparring_sparse::layers::{Conv2d, Features, Padding};
use sparring_sparse::{Activation, Algebra, Init, Join, LayerSpec, Shape};

use super::width::scaled;
use crate::error::AgentError;

/// The images of the space `obs`, whose shape is `(channels, height, width)`, for the `network` that is
/// to read them.
///
/// # Errors
/// Observations of another shape.
pub fn image(obs: &Space, network: &'static str) -> Result<Features, AgentError> {
    match obs {
        Space::Box { shape, .. } if shape.len() == 3 && !shape.contains(&0) => {
            Ok(Features { channels: shape[0], height: shape[1], width: shape[2] })
        }
        _ => Err(AgentError::Network {
            key: "network",
            network,
            found: format!("observations {obs}"),
            allowed: "images of shape [channels, height, width]",
        }),
    }
}

/// The layers of a network from its input on.
pub(super) struct Stack {
    layers: Vec<LayerSpec>,
    /// What the last layer and its joins give.
    features: Features,
    width: f64,
    weight_decay: f64,
    init: fn(&Shape) -> Init,
}

impl Stack {
    /// No layers over `image`; those to come have the sizes that they are given times `width`, their
    /// weights are drawn as `init` says and decay by `weight_decay`, and their biases are 0.
    pub fn new(image: Features, width: f64, weight_decay: f64, init: fn(&Shape) -> Init) -> Self {
        Self { layers: Vec::new(), features: image, width, weight_decay, init }
    }

    /// A convolution and what stands after it.
    pub fn conv(
        mut self,
        name: impl Into<String>,
        channels: usize,
        [kernel, stride]: [usize; 2],
        padding: Padding,
        (activation, then): (Activation, &[Join]),
    ) -> Self {
        let conv = Conv2d {
            in_channels: self.features.channels,
            out_channels: scaled(channels, self.width),
            size: [self.features.height, self.features.width],
            kernel: [kernel; 2],
            stride,
            padding,
        };
        self.push(name.into(), Shape::Conv2d(conv), activation, then);
        self
    }

    /// The one hidden layer of `units`, and a head of `outputs`.
    pub fn finish(mut self, units: usize, outputs: usize) -> Vec<LayerSpec> {
        let (inputs, units) = (self.features.size(), scaled(units, self.width));
        let hidden = Shape::Linear { inputs, outputs: units };
        self.push("hidden.0".into(), hidden, Activation::Relu, &[]);
        let head = Shape::Linear { inputs: units, outputs };
        self.push("head".into(), head, Activation::Identity, &[]);
        self.layers
    }

    fn push(&mut self, name: String, shape: Shape, activation: Activation, then: &[Join]) {
        let output = |features: Features, join: &Join| match join {
            Join::MaxPool(pool) => pool.output(&features),
            Join::Save
            | Join::Add
            | Join::Relu
            | Join::LayerNorm
            | Join::Attention(_)
            | Join::Routed(_) => features,
        };
        self.features = then.iter().fold(shape.output(), output);
        self.layers.push(LayerSpec {
            name,
            shape,
            activation,
            init: (self.init)(&shape),
            bias: 0.0,
            weight_decay: self.weight_decay,
            algebra: Algebra::REAL,
            then: then.to_vec(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_image_is_refused() {
        for obs in [Space::uniform(&[4], 0.0, 1.0), Space::Discrete { n: 3 }] {
            let error = image(&obs, "impala").unwrap_err().to_string();
            assert!(error.contains("impala") && error.contains("[channels, height"), "{error}");
        }
        let plane = image(&Space::bytes(&[4, 84, 80]), "impala").unwrap();
        assert_eq!((plane.channels, plane.height, plane.width), (4, 84, 80));
    }
}
