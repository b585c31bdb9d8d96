//! What a kind of device must do for networks.
//!
//! A [`Network`](crate::Network) says what is computed; a [`Backend`] computes it, in memory and in a
//! layout of its own, which nobody else knows of. Parameters are candle's tensors on its device; what goes in and
//! comes out of a pass are plain numbers, so that a pass costs no tensor where nobody needs one.
//! [`Cpu`](crate::cpu::Cpu) is one.
//!
//! How values follow a change of topology is no part of it: topologies are chosen on the host, which reads the
//! values to do so and writes them back in their new order.

use std::fmt::Debug;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use crate::ctx::Ctx;
use crate::error::SparseError;
use crate::finite::NotFinite;
use crate::kernels::Par;
use crate::layers::Layer;
use crate::nodes::NetworkPlan;
use crate::optim::step::OptimizerStep;
use crate::routing::Load;

/// One network on one device.
pub trait Backend: Debug + Send + Sync {
    /// Where its tensors are.
    fn device(&self) -> &Device;

    /// What it computes.
    fn plan(&self) -> &NetworkPlan;

    /// How many threads a product uses.
    fn par(&self) -> Par;

    /// The same with products that use `par`, and memory of its own.
    fn with_par(&self, par: Par) -> Arc<dyn Backend>;

    /// The same plan with `layers` of other topologies; its memory is used again.
    ///
    /// # Errors
    /// A layer with more weights than a position can name.
    fn rewired(&self, layers: &[Layer]) -> std::result::Result<Arc<dyn Backend>, SparseError>;

    /// `x (batch, in)`, whole rows of it, and `params`, contiguous `f32`, to the values of `y (batch, out)`.
    ///
    /// # Errors
    /// Parameters on another device.
    fn forward(&self, x: &[f32], params: &Tensor, ctx: &mut Ctx<'_>) -> Result<Forward>;

    /// Takes one `step` of `params` along `grad`, which stands as they do, in place. Returns the norm of the gradient
    /// before clipping, or what is not finite: where it is the gradient, parameters and moments are left as they
    /// were.
    ///
    /// # Errors
    /// Parameters of another type or on another device, and a gradient of another size.
    fn step(
        &self,
        params: &Tensor,
        grad: &[f32],
        step: OptimizerStep<'_>,
    ) -> Result<std::result::Result<f32, NotFinite>>;

    /// `target ← (1 − τ) target + τ online`, in place: what a target network does.
    ///
    /// # Errors
    /// Tensors of another type, another size, or on another device.
    fn lerp(&self, target: &Tensor, online: &Tensor, tau: f32) -> Result<()>;
}

/// What a forward pass gives.
pub struct Forward {
    /// The values of `y (batch, out)`.
    pub output: Vec<f32>,
    /// What the backward pass needs.
    pub tape: Box<dyn Tape>,
}

/// What a forward pass leaves.
pub trait Tape: Send {
    /// What each layer hands on, after its activation and the joins behind it: `(batch, features)` each; of a layer of
    /// a block of experts `(rows that it read, features)`.
    ///
    /// # Errors
    /// A tape that has no pass.
    fn activations(&self) -> Result<Vec<Vec<f32>>>;

    /// Lets routers that learn by the loss of each sample know `losses (batch)`.
    fn tell_losses(&mut self, losses: &[f32]);

    /// The gradients of a loss, `grad (batch, out)` being that of `y`.
    ///
    /// # Errors
    /// Parameters on another device, and a gradient of another size.
    fn backward(&mut self, params: &Tensor, grad: &[f32], wanted: Wanted) -> Result<Gradients>;
}

/// Which gradients a backward pass is asked for, beside that of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// That of `x`.
    pub input: bool,
    /// That of the parameters.
    pub params: bool,
}

impl Wanted {
    /// That of the parameters alone: for a loss that trains them.
    pub const PARAMS: Self = Self { input: false, params: true };
    /// That of `x` alone: for a loss that trains what comes before.
    pub const INPUT: Self = Self { input: true, params: false };
}

/// What a backward pass gives; what was not asked for is empty.
#[derive(Debug, Default)]
pub struct Gradients {
    /// `(batch, in)`.
    pub input: Vec<f32>,
    /// As the parameters stand.
    pub params: Vec<f32>,
    /// The probe's patterns one after the other.
    pub probe: Vec<f32>,
    /// What routers did in a pass that trains, block by block.
    pub loads: Vec<Load>,
    /// Operations that it took.
    pub flops: u64,
}
