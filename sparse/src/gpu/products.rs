//! Products that are launched side by side: those of one layer of several networks, and all phases of a convolution.

use super::dense::{Dense, DenseGrad, DenseParts};
use super::kernels::{Gather, KERNELS, Sample, launch};
use super::norm::Norm;
use super::precision::both;
use super::sample_tiles::{SamplePlan, SampleTiled, SampleTiles};
use super::tiles::{Plan, Tiled, Tiles};
use super::walk::{ConvDense, ConvGather, ConvGrad, ConvSample, Parts};
use super::{Gpu, Name, Precision};
use crate::error::SparseError;

/// Products forward, or back.
#[derive(Debug, Default)]
pub(super) struct Products {
    /// How the slots are stored that they read.
    pub precision: Precision,
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
        let name = |of: Name| of.of(self.precision);
        // SAFETY: the caller's.
        unsafe {
            if let Some(kernel) = self.gather.first().map(Gather::kernel) {
                let shape = |one: &Gather| one.shape(self.precision);
                launch(gpu, &KERNELS, name(kernel), &self.gather, shape)?;
            }
            for alike in self.tiled.chunk_by(|(a, _), (b, _)| a == b) {
                let each: Vec<Tiled> = alike.iter().map(|(_, tiled)| *tiled).collect();
                let Some((plan, _)) = alike.first() else { continue };
                launch(gpu, &KERNELS, plan.name, &each, |one| plan.shape(one))?;
            }
            let shape = |one: &ConvGather| one.shape(self.precision);
            launch(gpu, &KERNELS, name(both!("conv_gather")), &self.conv_gather, shape)?;
            let conv_dense = name(both!("conv_dense"));
            launch(gpu, &KERNELS, conv_dense, &self.conv_dense, ConvDense::shape)?;
            let [parts, finish] = [both!("dense_forward_parts"), both!("dense_finish")].map(name);
            launch(gpu, &KERNELS, parts, &self.dense_parts, DenseParts::shape)?;
            launch(gpu, &KERNELS, finish, &self.dense_parts, DenseParts::finish_shape)?;
            let Some(first) = self.dense.first() else { return Ok(()) };
            match back {
                false => {
                    let product = first.forward();
                    let shape = |one: &Dense| one.forward_shape(product);
                    launch(gpu, &KERNELS, name(product.name), &self.dense, shape)
                }
                true => {
                    let product = first.backward();
                    let shape = |one: &Dense| one.backward_shape(product);
                    launch(gpu, &KERNELS, name(product.name), &self.dense, shape)
                }
            }
        }
    }
}

/// Gradients of parameters.
#[derive(Debug, Default)]
pub(super) struct Gradients {
    /// How the slots are stored that they read.
    pub precision: Precision,
    pub sample: Vec<Sample>,
    pub tiled: Vec<(SamplePlan, SampleTiled)>,
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
        let name = |of: Name| of.of(self.precision);
        // SAFETY: the caller's.
        unsafe {
            launch(gpu, &KERNELS, name(both!("sample")), &self.sample, Sample::shape)?;
            for alike in self.tiled.chunk_by(|(a, _), (b, _)| a == b) {
                let each: Vec<SampleTiled> = alike.iter().map(|(_, tiled)| *tiled).collect();
                let Some((plan, _)) = alike.first() else { continue };
                launch(gpu, &KERNELS, plan.kernel(), &each, |one| plan.shape(one))?;
            }
            let shape = |one: &ConvSample| one.shape(self.most);
            launch(gpu, &KERNELS, name(both!("conv_sample")), &self.conv_sample, shape)?;
            launch(gpu, &KERNELS, name(both!("conv_grad")), &self.conv_grad, ConvGrad::shape)?;
            launch(gpu, &KERNELS, "sum_parts", &self.parts, Parts::shape)?;
            launch(gpu, &KERNELS, "norm_grad", &self.norms, Norm::grad_shape)?;
            match self.dense.first().map(DenseGrad::product) {
                None => Ok(()),
                Some(product) => {
                    let shape = |one: &DenseGrad| one.shape(product);
                    launch(gpu, &KERNELS, name(product.name), &self.dense, shape)
                }
            }
        }
    }
}
