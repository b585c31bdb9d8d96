//! Passes of networks on a device, up to four side by side in one launch a layer.

use std::sync::Arc;

use super::kernels::{Dense, DenseGrad, Gather, KERNELS, Sample, launch, ld};
use super::layer::DeviceLayer;
use super::{Buffer, DeviceNetwork, Gpu};
use crate::backend::Wanted;
use crate::error::SparseError;
use crate::layers::Activation;

/// The memory of a pass over a batch of one size: what each layer hands on, and the gradients of it.
#[derive(Debug)]
pub struct DevicePass {
    batch: usize,
    ld: usize,
    /// `(rows, ld)` each.
    slots: Vec<Buffer<f32>>,
    gradients: Vec<Buffer<f32>>,
    /// `(inputs, ld)`, where it is asked for.
    input_gradient: Buffer<f32>,
    inputs: usize,
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
        let ld = ld(batch);
        let of = |layer: &DeviceLayer| Buffer::room(gpu, layer.rows * ld);
        let slots: Result<Vec<_>, _> = network.layers.iter().map(of).collect();
        let gradients = match wanted {
            Some(_) => network.layers.iter().map(of).collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
        };
        let input =
            if wanted.is_some_and(|wanted| wanted.input) { network.inputs() * ld } else { 0 };
        let input_gradient = Buffer::room(gpu, input)?;
        Ok(Self { batch, ld, slots: slots?, gradients, input_gradient, inputs: network.inputs() })
    }

    /// Samples.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Samples of a slot, rounded up to whole warps.
    pub fn ld(&self) -> usize {
        self.ld
    }

    /// `(out, ld)`: what the network gives.
    pub fn output(&self) -> u64 {
        self.slots.last().map_or(0, |slots| slots.at(0))
    }

    /// `(out, ld)`: where the gradient of the output goes, zeros beyond the batch.
    pub fn output_gradient(&self) -> u64 {
        self.gradients.last().map_or(0, |slots| slots.at(0))
    }

    /// `(in − first, ld)`: the gradient of the input from slot `first` on.
    pub fn input_gradient(&self, first: usize) -> u64 {
        debug_assert!(first <= self.inputs);
        self.input_gradient.at(first * self.ld)
    }
}

/// A network in use.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Which network.
    pub network: &'a DeviceNetwork,
    /// The memory of its pass.
    pub pass: &'a DevicePass,
    /// `(in, ld)`: what it reads.
    pub x: u64,
}

impl Use<'_> {
    /// What layer `l` reads.
    fn input(&self, l: usize) -> u64 {
        match l.checked_sub(1) {
            Some(below) => self.pass.slots[below].at(0),
            None => self.x,
        }
    }

    fn layer(&self, l: usize) -> &DeviceLayer {
        &self.network.layers[l]
    }
}

/// Whether all have as many layers, and how many.
fn depth(uses: &[Use<'_>]) -> Result<usize, SparseError> {
    let expected = uses.first().map_or(0, |first| first.network.layers.len());
    match uses.iter().map(|one| one.network.layers.len()).find(|found| *found != expected) {
        None => Ok(expected),
        Some(found) => {
            Err(SparseError::Length { what: "layers of networks side by side", expected, found })
        }
    }
}

/// The pass forward of all of `uses`.
///
/// # Errors
/// Networks of another number of layers, and those of the device.
pub fn forward(gpu: &dyn Gpu, uses: &[Use<'_>]) -> Result<(), SparseError> {
    for l in 0..depth(uses)? {
        let (mut sparse, mut dense) = (Vec::new(), Vec::new());
        for one in uses {
            let (layer, params) = (one.layer(l), &one.network.params);
            let (x, to, ld) = (one.input(l), one.pass.slots[l].at(0), one.pass.ld);
            match layer.gather(params, x, to, ld) {
                Some(gather) => sparse.push(gather),
                None => dense.push(layer.dense(params, x, to, ld)),
            }
        }
        // SAFETY: buffers of these layers and of passes of their sizes.
        unsafe {
            launch(gpu, &KERNELS, "gather", &sparse, Gather::shape)?;
            if let Some(product) = dense.first().map(Dense::forward) {
                let shape = |one: &Dense| one.forward_shape(product);
                launch(gpu, &KERNELS, product.name, &dense, shape)?;
            }
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
    for l in (0..depth(uses)?).rev() {
        let (mut sparse, mut dense) = (Vec::new(), Vec::new());
        for (one, grads) in uses.iter().zip(grads) {
            let (layer, dy) = (one.layer(l), one.pass.gradients[l].at(0));
            match layer.sample(grads, dy, one.input(l), one.pass.ld) {
                Some(sample) => sparse.push(sample),
                None => dense.push(layer.dense_grad(grads, dy, one.input(l), one.pass.ld)),
            }
        }
        let of_params = || {
            // SAFETY: as in `forward`; gradients stand as parameters do.
            unsafe {
                launch(gpu, &KERNELS, "sample", &sparse, Sample::shape)?;
                match dense.first().map(DenseGrad::product) {
                    None => Ok(()),
                    Some(product) => {
                        let shape = |one: &DenseGrad| one.shape(product);
                        launch(gpu, &KERNELS, product.name, &dense, shape)
                    }
                }
            }
        };
        // Nothing waits for the gradient of weights but the step.
        match l > 0 || wanted.input {
            true => gpu.beside(&mut || of_params())?,
            false => of_params()?,
        }
        if l == 0 && !wanted.input {
            continue;
        }
        let (mut sparse, mut dense) = (Vec::new(), Vec::new());
        for one in uses {
            let (layer, params, ld) = (one.layer(l), &one.network.params, one.pass.ld);
            let dy = one.pass.gradients[l].at(0);
            let below: Option<(Activation, u64)> =
                l.checked_sub(1).map(|below| (one.layer(below).activation, one.input(l)));
            let to = match l.checked_sub(1) {
                Some(below) => one.pass.gradients[below].at(0),
                None => one.pass.input_gradient.at(0),
            };
            match layer.gather_back(params, dy, below, to, ld) {
                Some(gather) => sparse.push(gather),
                None => dense.push(layer.dense_back(params, dy, below, to, ld)),
            }
        }
        // SAFETY: as in `forward`.
        unsafe {
            launch(gpu, &KERNELS, "gather", &sparse, Gather::shape)?;
            if let Some(product) = dense.first().map(Dense::backward) {
                let shape = |one: &Dense| one.backward_shape(product);
                launch(gpu, &KERNELS, product.name, &dense, shape)?;
            }
        }
    }
    gpu.join()
}
