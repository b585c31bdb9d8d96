//! Where the features of each node of a network stand, with the borders that their readers want.

use super::{attention, products, routed};
use crate::error::SparseError;
use crate::kernels::conv::ConvWalk;
use crate::kernels::lanes::GRAIN;
use crate::kernels::{Buffer, Lanes, Plane};
use crate::layers::{Activation, Join, LayerSpec, Shape};
use crate::nodes::{NetworkPlan, Op};

pub use products::structure_bytes;

/// The planes between which a layer computes.
pub(crate) trait ShapePlanes {
    /// The features that it reads.
    fn input_plane(&self) -> Plane;
    /// The features that it writes.
    fn output_plane(&self) -> Plane;
    /// How it reads the gradient of what it wrote.
    fn gradient_plane(&self) -> Plane;
}

impl ShapePlanes for Shape {
    fn input_plane(&self) -> Plane {
        match self {
            Self::Linear { .. } => Plane::of(self.input()),
            Self::Conv2d(conv) => conv.input_plane(),
        }
    }

    fn output_plane(&self) -> Plane {
        Plane::of(self.output())
    }

    fn gradient_plane(&self) -> Plane {
        match self {
            Self::Linear { .. } => Plane::of(self.output()),
            Self::Conv2d(conv) => conv.gradient_plane(),
        }
    }
}

/// Where a node's features stand, and how its gradient is made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NodePlanes {
    /// As the layer that reads it wants it.
    pub plane: Plane,
    /// As its own op reads its gradient.
    pub gradient: Plane,
    /// The activation whose slope the layer that reads the node multiplies the gradient by; none where
    /// the gradient is not yet whole there.
    pub fused: Option<Activation>,
    /// The sums that it is the second input of.
    pub added_to: Vec<usize>,
}

/// The planes of every node of `plan`.
pub(crate) fn planes(plan: &NetworkPlan) -> Vec<NodePlanes> {
    let nodes = plan.nodes().iter().enumerate();
    let each = nodes.map(|(n, node)| {
        let readers: Vec<usize> = plan.readers(n).collect();
        let layer = |reader: &usize| match plan.nodes()[*reader].op {
            Op::Layer(l) => Some(plan.shape(l)),
            Op::Input
            | Op::MaxPool(_)
            | Op::Relu
            | Op::Add
            | Op::LayerNorm { .. }
            | Op::Attention(_)
            | Op::Routed(_) => None,
        };
        let image = Plane::of(node.features);
        let plane = match readers.iter().find_map(layer) {
            Some(Shape::Conv2d(conv)) => conv.input_plane(),
            Some(Shape::Linear { .. }) | None => image,
        };
        let gradient = match node.op {
            Op::Layer(l) => match plan.shape(l) {
                Shape::Conv2d(conv) => conv.gradient_plane(),
                Shape::Linear { .. } => image,
            },
            Op::Input
            | Op::MaxPool(_)
            | Op::Relu
            | Op::Add
            | Op::LayerNorm { .. }
            | Op::Attention(_)
            | Op::Routed(_) => image,
        };
        let sole = matches!(readers.as_slice(), [reader] if layer(reader).is_some());
        let second = |reader: &usize| plan.nodes()[*reader].inputs.get(1) == Some(&n);
        NodePlanes {
            plane,
            gradient,
            fused: sole.then_some(node.activation),
            added_to: readers.into_iter().filter(second).collect(),
        }
    });
    each.collect()
}

/// Zeros for the slots that `plane` says of each node.
pub(crate) fn zeros(
    lanes: Lanes,
    planes: &[NodePlanes],
    plane: fn(&NodePlanes) -> Plane,
) -> Vec<Buffer> {
    planes.iter().map(|node| lanes.zeros(plane(node).slots())).collect()
}

/// Numbers that the passes over a network of `layers` keep for the next pass: for each of `batches`
/// samples the activations of a forward pass, or the gradients of a backward pass where they are more.
///
/// # Errors
/// Layers and joins that do not fit together.
pub fn pass_floats(layers: &[LayerSpec], batches: &[usize]) -> Result<usize, SparseError> {
    let plan = NetworkPlan::of_specs(layers)?;
    let planes = planes(&plan);
    let routed: usize = plan.blocks().iter().map(|block| routed::floats(block, &plan)).sum();
    let joins = layers.iter().flat_map(|spec| &spec.then);
    let attended: usize = joins.filter_map(Join::attention).map(attention::floats).sum();
    let beside = routed + attended;
    let sum = |plane: fn(&NodePlanes) -> Plane| {
        planes.iter().map(|node| plane(node).slots()).sum::<usize>()
    };
    // A batch takes its lanes, rounded up.
    let lanes = |sum: usize, batch: &usize| sum.saturating_add(batch.saturating_add(GRAIN));
    let lanes = batches.iter().fold(0, lanes);
    let nodes = sum(|node| node.plane).max(sum(|node| node.gradient));
    Ok(lanes.saturating_mul(nodes.saturating_add(beside)))
}
