//! The nodes of a network: its input, and what each layer and each join after it writes.

use crate::error::SparseError;
use crate::kernels::{Activation, MaxPool, Plane};
use crate::layers::{Join, Layer, LayerSpec, Shape};

/// What writes a node from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Input,
    /// The layer of this number.
    Layer(usize),
    MaxPool(MaxPool),
    Relu,
    /// Adds this node.
    Add(usize),
}

/// Features between two steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub writer: Writer,
    /// The function that its writer ends in.
    pub activation: Activation,
    /// As a layer that comes next reads it.
    pub plane: Plane,
    /// As its writer reads its gradient.
    pub gradient: Plane,
    /// The later nodes that it is added to.
    pub added_to: Vec<usize>,
    /// Whether a layer comes next.
    before_layer: bool,
}

impl Node {
    fn new(writer: Writer, activation: Activation, plane: Plane, gradient: Plane) -> Self {
        Self { writer, activation, plane, gradient, added_to: Vec::new(), before_layer: false }
    }

    /// The activation whose slope the layer that comes next multiplies the gradient by; none where the
    /// gradient is not yet whole there.
    pub fn fused(&self) -> Option<Activation> {
        (self.before_layer && self.added_to.is_empty()).then_some(self.activation)
    }

    /// Lets the layer `shape` read the node. An image stands with the border of a convolution, and as
    /// an image also where that one reads what a linear layer wrote.
    fn read_by(&mut self, shape: &Shape) -> Result<(), SparseError> {
        let wanted = shape.input_plane();
        let (expected, found, image) = (self.plane.size(), wanted.size(), wanted.without_border());
        let features = self.plane == Plane::features(expected);
        match (shape, self.writer) {
            (Shape::Linear { .. }, _) if expected == found => {}
            (Shape::Conv2d(_), _) if self.plane == image => self.plane = wanted,
            (Shape::Conv2d(_), Writer::Layer(_)) if features && expected == found => {
                (self.plane, self.gradient) = (wanted, image);
            }
            _ => return Err(SparseError::Length { what: "inputs of a layer", expected, found }),
        }
        self.before_layer = true;
        Ok(())
    }
}

/// The nodes of `layers`; node `i` is written from node `i − 1`.
pub(crate) fn of_layers(layers: &[Layer]) -> Result<Vec<Node>, SparseError> {
    nodes(layers.iter().map(|layer| (layer.shape(), layer.activation(), layer.then())))
}

/// The nodes of the layers that `specs` will make.
pub(crate) fn of_specs(specs: &[LayerSpec]) -> Result<Vec<Node>, SparseError> {
    nodes(specs.iter().map(|spec| (&spec.shape, spec.activation, spec.then.as_slice())))
}

fn nodes<'a>(
    layers: impl Iterator<Item = (&'a Shape, Activation, &'a [Join])>,
) -> Result<Vec<Node>, SparseError> {
    let (mut nodes, mut saved): (Vec<Node>, Vec<usize>) = (Vec::new(), Vec::new());
    for (l, (shape, activation, then)) in layers.enumerate() {
        if nodes.is_empty() {
            let plane = shape.input_plane().without_border();
            nodes.push(Node::new(Writer::Input, Activation::Identity, plane, plane));
        }
        let (at, bad) = (nodes.len() - 1, |problem| SparseError::Join { layer: l, problem });
        nodes[at].read_by(shape)?;
        let (plane, gradient) = (shape.output_plane(), shape.gradient_plane());
        nodes.push(Node::new(Writer::Layer(l), activation, plane, gradient));
        for join in then {
            let last = nodes.len() - 1;
            let plane = nodes[last].plane;
            let (writer, activation, plane) = match join {
                Join::Save => {
                    saved.push(last);
                    continue;
                }
                Join::MaxPool(pool) => {
                    (Writer::MaxPool(*pool), Activation::Identity, pool.output_plane(&plane))
                }
                Join::Relu => (Writer::Relu, Activation::Relu, plane),
                Join::Add => {
                    let skip = saved.pop().ok_or_else(|| bad("an Add without a Save"))?;
                    if nodes[skip].plane.without_border() != plane {
                        return Err(bad("an Add of features of another shape"));
                    }
                    nodes[skip].added_to.push(last + 1);
                    (Writer::Add(skip), Activation::Identity, plane)
                }
            };
            nodes.push(Node::new(writer, activation, plane, plane));
        }
    }
    match saved.is_empty() {
        true => Ok(nodes),
        false => Err(SparseError::Join { layer: 0, problem: "a Save without an Add" }),
    }
}
