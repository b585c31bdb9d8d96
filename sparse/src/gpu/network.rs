//! A network's parameters and structure on a device.

use std::mem::discriminant;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::layer::DeviceLayer;
use super::{Buffer, Gpu, Precision, Slots, failed};
use crate::cpu::{NodePlanes, planes};
use crate::error::SparseError;
use crate::kernels::{Border, Plane};
use crate::layers::Layer;
use crate::network::Network;
use crate::nodes::{NetworkPlan, Node, Op};
use crate::target::Target;

/// A copy of a network on a device.
#[derive(Debug)]
pub struct DeviceNetwork {
    pub(super) gpu: Arc<dyn Gpu>,
    pub(super) plan: NetworkPlan,
    pub(super) planes: Vec<NodePlanes>,
    pub(super) layers: Vec<DeviceLayer>,
    pub(super) params: Buffer<f32>,
    precision: Precision,
    /// Another one for each memory that a network of this process has had.
    generation: u64,
}

static GENERATIONS: AtomicU64 = AtomicU64::new(0);

impl DeviceNetwork {
    /// A copy of `network` on `gpu`, whose activations are stored as `precision` says.
    ///
    /// # Errors
    /// A layer that no device computes, and no memory left.
    pub fn new(
        gpu: &Arc<dyn Gpu>,
        network: &Network,
        precision: Precision,
    ) -> Result<Self, SparseError> {
        let (mut layers, mut offset) = (Vec::<DeviceLayer>::new(), 0);
        for layer in network.layers() {
            let layer = DeviceLayer::new(gpu, layer, offset, precision)?;
            offset = layer.always.end;
            layers.push(layer);
        }
        let plan = NetworkPlan::of_layers(network.layers())?;
        if let Some(block) = plan.blocks().first() {
            let name = network.layers()[block.behind].name();
            let why = "routers and experts are computed on the processor only; use `cpu`";
            return Err(failed(&format!("block of experts behind layer `{name}`"), why));
        }
        if !plan.attentions().is_empty() {
            let why = "sequences are computed on the processor only; use `cpu`";
            return Err(failed("attention", why));
        }
        let planes = planes(&plan);
        for (node, NodePlanes { plane, .. }) in plan.nodes().iter().zip(&planes) {
            if let Op::Layer(l) = node.op
                && layers[l].is_linear()
                && plane.border != Border::default()
            {
                let why =
                    "a convolution that pads what it reads, and on a device none may; use `cpu`";
                let name = network.layers()[l].name();
                return Err(failed(&format!("linear layer `{name}` gives images to"), why));
            }
        }
        let params = Buffer::zeros(gpu, offset)?;
        let generation = GENERATIONS.fetch_add(1, Ordering::Relaxed);
        let gpu = gpu.clone();
        let mut twin = Self { gpu, plan, planes, layers, params, precision, generation };
        twin.write(network)?;
        Ok(twin)
    }

    /// Takes over `network`, in the same memory where it has as many weights in each layer. Returns whether it was
    /// the same memory: graphs that name it hold then.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn take(&mut self, network: &Network) -> Result<bool, SparseError> {
        let mut pairs = self.layers.iter().zip(network.layers());
        if !pairs.all(|(own, layer)| own.is_like(layer)) {
            *self = Self::new(&self.gpu, network, self.precision)?;
            return Ok(false);
        }
        for (own, layer) in self.layers.iter_mut().zip(network.layers()) {
            own.write(layer)?;
        }
        self.write(network)?;
        Ok(true)
    }

    fn write(&mut self, network: &Network) -> Result<(), SparseError> {
        let params = self.spread(network.layers(), &network.params().to_vec1()?);
        self.params.write(&params)
    }

    /// Gives the parameters back to `target`, whose structure it has.
    ///
    /// # Errors
    /// Those of the device.
    pub fn give(&self, target: &Target) -> Result<(), SparseError> {
        target.network().set_values(&self.params(target.network().layers())?)
    }

    /// The parameters as the host has them, in the order of `layers`.
    pub(super) fn params(&self, layers: &[Layer]) -> Result<Vec<f32>, SparseError> {
        Ok(self.gathered(layers, &self.params.read()?))
    }

    /// `values`, which stand as the host's parameters do, as the device has them.
    pub(super) fn spread(&self, layers: &[Layer], values: &[f32]) -> Vec<f32> {
        let mut all = vec![0.0; self.params.len()];
        for (own, layer) in self.layers.iter().zip(layers) {
            all[own.weights.clone()].copy_from_slice(&values[layer.weights()]);
            all[own.always.clone()].copy_from_slice(&values[layer.always()]);
        }
        all
    }

    /// The other way.
    pub(super) fn gathered(&self, layers: &[Layer], all: &[f32]) -> Vec<f32> {
        let mut values = vec![0.0; layers.last().map_or(0, |layer| layer.params().end)];
        for (own, layer) in self.layers.iter().zip(layers) {
            values[layer.weights()].copy_from_slice(&all[own.weights.clone()]);
            values[layer.always()].copy_from_slice(&all[own.always.clone()]);
        }
        values
    }

    /// Which memory it is in: graphs that name it hold as long as this stays.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What it is on.
    pub fn gpu(&self) -> &Arc<dyn Gpu> {
        &self.gpu
    }

    /// How its activations and their gradients are stored. What it gives is `f32`.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Room for what it reads, `ld` samples of it.
    ///
    /// # Errors
    /// No memory left.
    pub fn input_slots(&self, ld: usize) -> Result<Slots, SparseError> {
        Slots::of_plane(&self.gpu, self.input_plane(), ld, self.precision)
    }

    /// Whether the two are joined and stored alike, so that their passes can go side by side.
    pub fn goes_beside(&self, other: &Self) -> bool {
        let (own, others) = (self.plan.nodes(), other.plan.nodes());
        let alike = |(a, b): (&Node, &Node)| {
            a.inputs == b.inputs && discriminant(&a.op) == discriminant(&b.op)
        };
        let stored_alike = self.precision == other.precision;
        stored_alike && own.len() == others.len() && own.iter().zip(others).all(alike)
    }

    /// Where the features that it reads stand.
    pub fn input_plane(&self) -> &Plane {
        &self.planes[0].plane
    }

    /// Where the gradient of those features stands.
    pub fn input_gradient_plane(&self) -> &Plane {
        &self.planes[0].gradient
    }

    /// Numbers that it reads.
    pub fn inputs(&self) -> usize {
        self.plan.input().size()
    }

    /// Numbers that it gives.
    pub fn outputs(&self) -> usize {
        self.plan.output().size()
    }
}
