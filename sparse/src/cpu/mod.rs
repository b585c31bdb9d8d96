//! Networks on the CPU: the one implementor of [`Backend`] so far.
//!
//! | file | what |
//! |---|---|
//! | `planes.rs` | where the features of each node stand |
//! | `products.rs`, `layer.rs` | the products of a layer, in the form of computing that it takes |
//! | `whole.rs` | the weights of one that is computed with all of them |
//! | `spread.rs` | those of elements of an algebra in small batches |
//! | `routed/` | a block of experts |
//! | `attention.rs` | attention between tokens |
//! | `tape.rs`, `pass.rs` | the memory of a pass, and the walk over the nodes |
//! | `in_place.rs` | what changes parameters: the step of an optimiser, and a target that follows |
//! | `measure.rs` | where one form of computing overtakes the other, for `sparring tune` |
//!
//! The arithmetic is that of [`crate::kernels`], in a layout of [`crate::kernels::lanes`]: slots, or rows where all layers of a
//! network are small and dense.

mod attention;
mod in_place;
mod layer;
mod measure;
mod pass;
mod planes;
mod products;
mod routed;
mod shared;
mod spread;
mod tape;
mod whole;

use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use crate::backend::{Backend, Forward};
use crate::ctx::Ctx;
use crate::error::SparseError;
use crate::finite::NotFinite;
use crate::kernels::Par;
use crate::layers::Layer;
use crate::nodes::NetworkPlan;
use crate::optim::step::OptimizerStep;

use layer::CpuLayer;
use pass::CpuTape;
pub(crate) use planes::{NodePlanes, planes};
pub use planes::{pass_floats, structure_bytes};
use shared::Shared;
pub(crate) use shared::{DEVICE, numbers, slices};

/// A network on the CPU.
#[derive(Debug)]
pub struct Cpu {
    shared: Arc<Shared>,
    layers: Arc<[CpuLayer]>,
    par: Par,
}

impl Cpu {
    /// `layers` one after the other, with products that may use `par`.
    ///
    /// # Errors
    /// Layers and joins that do not fit together.
    pub fn new(layers: &[Layer], par: Par) -> std::result::Result<Self, SparseError> {
        let shared = Shared::new(NetworkPlan::of_layers(layers)?);
        let layers: std::result::Result<_, SparseError> =
            layers.iter().map(CpuLayer::new).collect();
        Ok(Self { shared, layers: layers?, par })
    }
}

impl Backend for Cpu {
    fn device(&self) -> &Device {
        &DEVICE
    }

    fn plan(&self) -> &NetworkPlan {
        &self.shared.plan
    }

    fn par(&self) -> Par {
        self.par
    }

    fn with_par(&self, par: Par) -> Arc<dyn Backend> {
        let shared = Shared::new(self.shared.plan.clone());
        Arc::new(Self { shared, layers: self.layers.clone(), par })
    }

    fn rewired(&self, layers: &[Layer]) -> std::result::Result<Arc<dyn Backend>, SparseError> {
        let pairs = self.layers.iter().zip(layers);
        let layers: std::result::Result<_, SparseError> =
            pairs.map(|(old, layer)| old.rewired(layer)).collect();
        Ok(Arc::new(Self { shared: self.shared.clone(), layers: layers?, par: self.par }))
    }

    fn forward(&self, x: &[f32], params: &Tensor, ctx: &mut Ctx<'_>) -> Result<Forward> {
        let tape = CpuTape {
            shared: self.shared.clone(),
            layers: self.layers.clone(),
            par: self.par,
            patterns: ctx.probe.map_or_else(|| [].into(), |probe| probe.patterns().clone()),
            losses: Vec::new(),
            memory: None,
        };
        numbers(params, |params| tape.forward(x, params, ctx))
    }

    fn step(
        &self,
        params: &Tensor,
        grad: &[f32],
        step: OptimizerStep<'_>,
    ) -> Result<std::result::Result<f32, NotFinite>> {
        in_place::step(params, grad, step)
    }

    fn lerp(&self, target: &Tensor, online: &Tensor, tau: f32) -> Result<()> {
        in_place::lerp(target, online, tau)
    }
}
