//! Passes of networks on a device, up to four side by side in one launch a layer.

use super::conv::Through;
use super::image::{Pixels, Pool, What};
use super::kernels::{KERNELS, activation, launch};
use super::layer::DeviceLayer;
use super::norm::Norm;
use super::products::{Gradients, Products};
use super::{Buffer, DeviceNetwork, DevicePass, Gpu, Precision};
use crate::backend::Wanted;
use crate::cpu::NodePlanes;
use crate::error::SparseError;
use crate::kernels::{Border, Plane};
use crate::layers::{Activation, MaxPool};
use crate::nodes::{Node, Op};

/// A network in use.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Which network.
    pub network: &'a DeviceNetwork,
    /// The memory of its pass.
    pub pass: &'a DevicePass,
    /// What it reads: the slots of its input's plane.
    pub x: u64,
}

impl<'a> Use<'a> {
    fn node(&self, n: usize) -> &'a Node {
        &self.network.plan.nodes()[n]
    }

    fn planes(&self, n: usize) -> &'a NodePlanes {
        &self.network.planes[n]
    }

    fn layer(&self, l: usize) -> &'a DeviceLayer {
        &self.network.layers[l]
    }

    fn ld(&self) -> u32 {
        self.pass.ld as u32
    }

    /// What node `n` gives.
    fn slots(&self, n: usize) -> u64 {
        if n == 0 { self.x } else { self.pass.slots[n].at(0) }
    }

    /// How that is stored.
    fn stored(&self, n: usize) -> Precision {
        if n == 0 { self.network.precision() } else { self.pass.slots[n].precision() }
    }

    fn gradient(&self, n: usize) -> u64 {
        self.pass.gradients[n].at(0)
    }

    /// `to` from `from`, feature by feature, both stored as the network says.
    fn pixels(
        &self,
        (from, from_plane): (u64, &Plane),
        (to, to_plane): (u64, &Plane),
        what: What,
        of: Activation,
    ) -> Pixels {
        Pixels {
            from,
            to,
            from_plane: from_plane.into(),
            to_plane: to_plane.into(),
            ld: self.ld(),
            what: what as u32,
            activation: activation(of),
            from_stored: self.network.precision(),
            to_stored: self.network.precision(),
            pad: 0,
        }
    }

    /// Layer norm `number` behind layer `layer`, which is node `n`, on its way forward.
    fn norm(&self, (layer, number): (usize, usize), n: usize) -> Norm {
        let own = self.layer(layer);
        Norm {
            x: self.slots(self.node(n).inputs[0]),
            dy: 0,
            params: self.network.params.at(own.norm(number)),
            moments: self.pass.moments.at(n * 2 * self.pass.ld),
            to: self.slots(n),
            rows: own.rows as u32,
            ld: self.ld(),
            stored: self.network.precision(),
            to_stored: self.stored(n),
        }
    }

    /// The windows of `pool` over the features of node `below`, which make those of node `n`.
    fn pool(&self, pool: &MaxPool, below: usize, n: usize) -> Pool {
        let (from, to) = (&self.planes(below).plane, &self.planes(n).plane);
        let windows = pool.windows(&from.features());
        let [kernel_y, kernel_x] = pool.kernel.map(|size| size as u32);
        Pool {
            x: self.slots(below),
            y: self.slots(n),
            dy: 0,
            to: self.slots(n),
            kernel_y,
            kernel_x,
            stride: pool.stride as u32,
            top: windows.padded(0).0 as u32,
            left: windows.padded(1).0 as u32,
            ld: self.ld(),
            x_plane: from.into(),
            y_plane: to.into(),
            dy_plane: to.into(),
            to_plane: to.into(),
            stored: self.network.precision(),
            y_stored: self.stored(n),
        }
    }
}

/// The nodes of networks that go side by side.
///
/// # Errors
/// Networks that are joined otherwise.
fn nodes(uses: &[Use<'_>]) -> Result<usize, SparseError> {
    let Some(first) = uses.first() else { return Ok(0) };
    let expected = first.network.plan.nodes().len();
    match uses.iter().find(|one| !one.network.goes_beside(first.network)) {
        None => Ok(expected),
        Some(other) => {
            let found = other.network.plan.nodes().len();
            Err(SparseError::Length { what: "nodes of networks side by side", expected, found })
        }
    }
}

/// How networks that go side by side store their activations.
fn precision(uses: &[Use<'_>]) -> Precision {
    uses.first().map(|first| first.network.precision()).unwrap_or_default()
}

unsafe fn pixels(gpu: &dyn Gpu, each: &[Pixels]) -> Result<(), SparseError> {
    // SAFETY: the caller's: planes of the same features, in memory of their sizes.
    unsafe { launch(gpu, &KERNELS, "pixels", each, Pixels::shape) }
}

/// The pass forward of all of `uses`.
///
/// # Errors
/// Networks that are joined otherwise than the first, and those of the device.
pub fn forward(gpu: &dyn Gpu, uses: &[Use<'_>]) -> Result<(), SparseError> {
    for n in 1..nodes(uses)? {
        let mut products = Products { precision: precision(uses), ..Products::default() };
        let (mut pools, mut norms) = (Vec::new(), Vec::new());
        let (mut copies, mut sums) = (Vec::new(), Vec::new());
        for one in uses {
            let (node, planes) = (one.node(n), one.planes(n));
            let (to, to_stored) = ((one.slots(n), &planes.plane), one.stored(n));
            let from = |i: usize| {
                let below = node.inputs[i];
                (one.slots(below), &one.planes(below).plane)
            };
            let below = node.inputs[0];
            match node.op {
                // No network of a device has blocks of experts.
                Op::Input | Op::Routed(_) | Op::Attention(_) => {}
                Op::Layer(l) => {
                    let (params, x) = (&one.network.params, one.slots(below));
                    let room = (one.ld(), one.pass.partial.at(0));
                    let (at, plane) = to;
                    let to = (at, plane, to_stored);
                    one.layer(l).forward(params, x, to, room, &mut products);
                }
                Op::MaxPool(pool) => pools.push(one.pool(&pool, below, n)),
                Op::LayerNorm { layer, number } => norms.push(one.norm((layer, number), n)),
                Op::Relu => copies.push(Pixels {
                    to_stored,
                    ..one.pixels(from(0), to, What::Activate, node.activation)
                }),
                Op::Add => {
                    let pixels = |i, what| Pixels {
                        to_stored,
                        ..one.pixels(from(i), to, what, Activation::Identity)
                    };
                    copies.push(pixels(0, What::Copy));
                    sums.push(pixels(1, What::Add));
                }
            }
        }
        // SAFETY: buffers of the planes of these nodes, by passes of these networks.
        unsafe {
            products.launch(gpu, false)?;
            launch(gpu, &KERNELS, "pool_forward", &pools, Pool::shape)?;
            launch(gpu, &KERNELS, "norm_forward", &norms, Norm::shape)?;
            pixels(gpu, &copies)?;
            pixels(gpu, &sums)?;
        }
    }
    Ok(())
}

/// The way back of all of `uses`, from the gradients of their outputs: into `grads` those of the parameters, where
/// they are wanted.
///
/// # Errors
/// As [`forward`].
pub fn backward(
    gpu: &dyn Gpu,
    uses: &[Use<'_>],
    grads: &[&Buffer<f32>],
    wanted: Wanted,
) -> Result<(), SparseError> {
    for n in (1..nodes(uses)?).rev() {
        let (mut sums, mut slopes) = (Vec::new(), Vec::new());
        for one in uses {
            let here = one.planes(n);
            let dy = (one.gradient(n), &here.gradient);
            for sum in &here.added_to {
                let from = (one.gradient(*sum), &one.planes(*sum).gradient);
                sums.push(one.pixels(from, dy, What::Add, Activation::Identity));
            }
            let of = one.node(n).activation;
            if here.fused.is_none() && of != Activation::Identity {
                let y = (one.slots(n), &here.plane);
                let from_stored = one.stored(n);
                slopes.push(Pixels { from_stored, ..one.pixels(y, dy, What::Chain, of) });
            }
        }
        // SAFETY: as in `forward`.
        unsafe {
            // One after the other, where a node is added to several sums.
            for sum in &sums {
                pixels(gpu, std::slice::from_ref(sum))?;
            }
            pixels(gpu, &slopes)?;
        }
        let mut of_params = Gradients { precision: precision(uses), ..Gradients::default() };
        for (one, grads) in uses.iter().zip(grads) {
            let dy = one.gradient(n);
            match one.node(n).op {
                Op::Layer(l) => {
                    let x = one.slots(one.node(n).inputs[0]);
                    one.layer(l).grads(grads, dy, x, one.ld(), &mut of_params);
                }
                Op::LayerNorm { layer, number } => {
                    let to = grads.at(one.layer(layer).norm(number));
                    let forward = one.norm((layer, number), n);
                    of_params.norms.push(Norm { dy, to, params: 0, ..forward });
                }
                Op::Input
                | Op::MaxPool(_)
                | Op::Relu
                | Op::Add
                | Op::Routed(_)
                | Op::Attention(_) => {}
            }
        }
        let goes_on = uses.iter().all(|one| one.node(n).inputs[0] > 0) || wanted.input;
        // SAFETY: as in `forward`; gradients stand as parameters do.
        let mut launch_params = || unsafe { of_params.launch(gpu) };
        // Nothing waits for the gradient of weights but the step.
        match goes_on {
            true => gpu.beside(&mut launch_params)?,
            false => launch_params()?,
        }
        if goes_on {
            below(gpu, uses, n)?;
        }
    }
    gpu.join()
}

/// The gradient of what node `n` reads.
fn below(gpu: &dyn Gpu, uses: &[Use<'_>], n: usize) -> Result<(), SparseError> {
    let mut products = Products { precision: precision(uses), ..Products::default() };
    let (mut pools, mut norms, mut copies) = (Vec::new(), Vec::new(), Vec::new());
    for one in uses {
        let (node, below) = (one.node(n), one.node(n).inputs[0]);
        let (here, there) = (one.planes(n), one.planes(below));
        let (dy, dx) = (one.gradient(n), (one.gradient(below), &there.gradient));
        match node.op {
            Op::Input | Op::Routed(_) | Op::Attention(_) => {}
            Op::Layer(l) => {
                let layer = one.layer(l);
                let through = Through {
                    activation: there.fused.unwrap_or(Activation::Identity),
                    y: one.slots(below),
                    gives: one.network.precision(),
                };
                let has_border = there.gradient.border != Border::default();
                let flat = there.gradient.without_border();
                // A linear layer writes its features side by side.
                let to = match has_border && layer.is_linear() {
                    false => dx,
                    true => {
                        let beside = (one.pass.beside.at(0), &flat);
                        copies.push(one.pixels(beside, dx, What::Copy, Activation::Identity));
                        beside
                    }
                };
                layer.back(&one.network.params, dy, through, to, one.ld(), &mut products);
            }
            Op::MaxPool(pool) => pools.push(Pool {
                dy,
                to: dx.0,
                dy_plane: (&here.gradient).into(),
                to_plane: dx.1.into(),
                ..one.pool(&pool, below, n)
            }),
            Op::LayerNorm { layer, number } => {
                let to_stored = one.network.precision();
                norms.push(Norm { dy, to: dx.0, to_stored, ..one.norm((layer, number), n) });
            }
            // What a sum adds besides is reached from there.
            Op::Relu | Op::Add => {
                let dy = (dy, &here.gradient);
                copies.push(one.pixels(dy, dx, What::Copy, Activation::Identity));
            }
        }
    }
    // SAFETY: as in `forward`.
    unsafe {
        products.launch(gpu, true)?;
        launch(gpu, &KERNELS, "pool_backward", &pools, Pool::back_shape)?;
        launch(gpu, &KERNELS, "norm_backward", &norms, Norm::shape)?;
        pixels(gpu, &copies)
    }
}
