//! The memory of a network's passes on a device.

use std::sync::Arc;

use super::kernels::ld;
use super::{Buffer, DeviceNetwork, Gpu, Precision, Slots};
use crate::backend::Wanted;
use crate::cpu::NodePlanes;
use crate::error::SparseError;
use crate::kernels::Border;
use crate::nodes::{Node, Op};

/// The memory of a pass over a batch of one size: the features of each node, and the gradients of them.
#[derive(Debug)]
pub struct DevicePass {
    batch: usize,
    pub(super) ld: usize,
    /// The slots of each node's plane; those of the input are whoever's uses the pass.
    pub(super) slots: Vec<Slots>,
    pub(super) gradients: Vec<Slots>,
    /// The gradient that a linear layer gives, before it goes to a plane with a border.
    pub(super) beside: Slots,
    /// What parts of a product leave.
    pub(super) partial: Buffer<f32>,
    /// `(2, ld)` of each node, where there are layer norms among them.
    pub(super) moments: Buffer<f32>,
}

impl DevicePass {
    /// Of `network` over `batch` samples, whose gradients go as far as `wanted` says.
    ///
    /// # Errors
    /// No memory left.
    pub fn new(
        gpu: &Arc<dyn Gpu>,
        network: &DeviceNetwork,
        batch: usize,
        wanted: Option<Wanted>,
    ) -> Result<Self, SparseError> {
        let (ld, planes, precision) = (ld(batch), &network.planes, network.precision());
        let none = || Slots::none(gpu, precision);
        let last = planes.len() - 1;
        let slots = planes.iter().enumerate().map(|(n, NodePlanes { plane, .. })| match n {
            0 => none(),
            // What losses are made of is not rounded.
            _ if n == last => Slots::of_plane(gpu, plane, ld, Precision::F32),
            _ => Slots::of_plane(gpu, plane, ld, precision),
        });
        let gradients = planes.iter().enumerate().map(|(n, node)| match wanted {
            Some(wanted) if n > 0 || wanted.input => {
                Slots::of_plane(gpu, &node.gradient, ld, precision)
            }
            Some(_) | None => none(),
        });
        let bordered = planes.iter().filter(|node| node.gradient.border != Border::default());
        let most = bordered.map(|node| node.gradient.size()).max().unwrap_or(0);
        let beside = if wanted.is_some() { most } else { 0 };
        let is_norm = |node: &Node| matches!(node.op, Op::LayerNorm { .. });
        let nodes = network.plan.nodes();
        let normed = if nodes.iter().any(is_norm) { nodes.len() } else { 0 };
        let partial = network.layers.iter().map(|layer| layer.parts(ld).1).max().unwrap_or(0);
        Ok(Self {
            batch,
            ld,
            slots: slots.collect::<Result<_, _>>()?,
            gradients: gradients.collect::<Result<_, _>>()?,
            beside: Slots::room(gpu, beside * ld, precision)?,
            partial: Buffer::room(gpu, partial)?,
            moments: Buffer::room(gpu, normed * 2 * ld)?,
        })
    }

    /// Samples.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Samples of a slot, rounded up to whole warps.
    pub fn ld(&self) -> usize {
        self.ld
    }

    /// `(out, ld)`: what the network gives, `f32`.
    pub fn output(&self) -> u64 {
        self.slots.last().map_or(0, |slots| slots.at(0))
    }

    /// `(out, ld)`: where the gradient of the output goes, zeros beyond the batch, stored as the network says.
    pub fn output_gradient(&self) -> u64 {
        self.gradients.last().map_or(0, |slots| slots.at(0))
    }

    /// The gradient of the input from slot `first` on, stored as the network says.
    pub fn input_gradient(&self, first: usize) -> u64 {
        self.gradients.first().map_or(0, |slots| slots.at(first * self.ld))
    }
}
