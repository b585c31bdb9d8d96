//! Products that are launched side by side: those of one layer of several networks, and all phases of a convolution.

use super::Gpu;
use super::dense::{Dense, DenseGrad, DenseParts};
use super::kernels::{Gather, KERNELS, Sample, launch};
use super::norm::Norm;
use super::sample_tiles::{SampleTiled, SampleTiles};
use super::tiles::{Plan, Tiled, Tiles};
use super::walk::{ConvDense, ConvGather, ConvGrad, ConvSample, Parts};
use crate::error::SparseError;

/// Products forward, or back.
#[derive(Debug, Default)]
pub(super) struct Products {
    pub gather: Vec<Gather>,
    pub tiled: Vec<(Plan, Tiled)>,
    pub dense: Vec<Dense>,
    pub dense_parts: Vec<DenseParts>,
    pub conv_gather: Vec<ConvGather>,
    pub conv_dense: Vec<ConvDense>,
}

impl Products {
    /// `gather` by the chunks of `tiles`, where that pays.
    pub fn push_gather(&mut self, tiles: &Tiles, gather: Gather) {
        match tiles.plan(gather) {
            Some(tiled) => self.tiled.push(tiled),
            None => self.gather.push(gather),
        }
    }

    /// Lets them run.
    ///
    /// # Safety
    /// They name memory of their sizes, and no two write the same.
    pub unsafe fn launch(&self, gpu: &dyn Gpu, back: bool) -> Result<(), SparseError> {
        // SAFETY: the caller's.
        unsafe {
            if let Some((name, _)) = self.gather.first().map(Gather::kernel) {
                launch(gpu, &KERNELS, name, &self.gather, |one| one.kernel().1)?;
            }
            for alike in self.tiled.chunk_by(|(a, _), (b, _)| a == b) {
                let each: Vec<Tiled> = alike.iter().map(|(_, tiled)| *tiled).collect();
                let Some((plan, _)) = alike.first() else { continue };
                launch(gpu, &KERNELS, plan.name, &each, |one| plan.shape(one))?;
            }
            launch(gpu, &KERNELS, "conv_gather", &self.conv_gather, ConvGather::shape)?;
            launch(gpu, &KERNELS, "conv_dense", &self.conv_dense, ConvDense::shape)?;
            launch(gpu, &KERNELS, "dense_forward_parts", &self.dense_parts, DenseParts::shape)?;
            launch(gpu, &KERNELS, "dense_finish", &self.dense_parts, DenseParts::finish_shape)?;
            let Some(first) = self.dense.first() else { return Ok(()) };
            match back {
                false => {
                    let product = first.forward();
                    let shape = |one: &Dense| one.forward_shape(product);
                    launch(gpu, &KERNELS, product.name, &self.dense, shape)
                }
                true => {
                    let product = first.backward();
                    let shape = |one: &Dense| one.backward_shape(product);
                    launch(gpu, &KERNELS, product.name, &self.dense, shape)
                }
            }
        }
    }
}

/// Gradients of parameters.
#[derive(Debug, Default)]
pub(super) struct Gradients {
    pub sample: Vec<Sample>,
    pub tiled: Vec<(&'static str, usize, SampleTiled)>,
    pub dense: Vec<DenseGrad>,
    pub conv_sample: Vec<ConvSample>,
    /// Entries of the longest row of the sparse convolutions.
    pub most: usize,
    pub conv_grad: Vec<ConvGrad>,
    pub parts: Vec<Parts>,
    pub norms: Vec<Norm>,
}

impl Gradients {
    /// `sample` by the chunks of `tiles`, where that pays.
    pub fn push_sample(&mut self, tiles: &SampleTiles, sample: Sample) {
        match tiles.plan(sample) {
            Some(tiled) => self.tiled.push(tiled),
            None => self.sample.push(sample),
        }
    }

    /// Lets them run.
    ///
    /// # Safety
    /// As [`Products::launch`].
    pub unsafe fn launch(&self, gpu: &dyn Gpu) -> Result<(), SparseError> {
        // SAFETY: the caller's.
        unsafe {
            launch(gpu, &KERNELS, "sample", &self.sample, Sample::shape)?;
            for alike in self.tiled.chunk_by(|(a, ..), (b, ..)| a == b) {
                let each: Vec<SampleTiled> = alike.iter().map(|(.., tiled)| *tiled).collect();
                let Some((name, samples, _)) = alike.first() else { continue };
                launch(gpu, &KERNELS, name, &each, |one| one.shape(*samples))?;
            }
            let shape = |one: &ConvSample| one.shape(self.most);
            launch(gpu, &KERNELS, "conv_sample", &self.conv_sample, shape)?;
            launch(gpu, &KERNELS, "conv_grad", &self.conv_grad, ConvGrad::shape)?;
            launch(gpu, &KERNELS, "sum_parts", &self.parts, Parts::shape)?;
            launch(gpu, &KERNELS, "norm_grad", &self.norms, Norm::grad_shape)?;
            match self.dense.first().map(DenseGrad::product) {
                None => Ok(()),
                Some(product) => {
                    let shape = |one: &DenseGrad| one.shape(product);
                    launch(gpu, &KERNELS, product.name, &self.dense, shape)
                }
            }
        }
    }
}
