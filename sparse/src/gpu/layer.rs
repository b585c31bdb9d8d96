//! A layer on a device: where its parameters stand, and its structure.

use std::ops::Range;
use std::sync::Arc;

use super::kernels::{self, Dense, DenseGrad, Gather, Sample};
use super::{Buffer, Gpu, failed};
use crate::error::SparseError;
use crate::kernels::gather::Entries;
use crate::layers::{Activation, Layer, Shape};
use crate::topology::Csr;

/// A layer on a device.
#[derive(Debug)]
pub(super) struct DeviceLayer {
    pub rows: usize,
    pub cols: usize,
    pub activation: Activation,
    /// Where they stand on the device, from a multiple of 16 bytes on.
    pub weights: Range<usize>,
    /// Right behind them, from a multiple of 16 bytes on.
    pub biases: Range<usize>,
    /// None of a layer in which every weight is active.
    index: Option<Index>,
}

/// The entries of a sparse layer by row, and by column.
#[derive(Debug)]
struct Index {
    row_ptr: Buffer<u32>,
    col: Buffer<u32>,
    col_ptr: Buffer<u32>,
    row: Buffer<u32>,
    perm: Buffer<u32>,
}

impl Index {
    fn of(gpu: &Arc<dyn Gpu>, csr: &Csr) -> Result<Self, SparseError> {
        let (by_row, by_col): (Entries<'_>, Entries<'_>) = (csr.by_row(), csr.by_col());
        Ok(Self {
            row_ptr: Buffer::of(gpu, by_row.ptr())?,
            col: Buffer::of(gpu, by_row.index())?,
            col_ptr: Buffer::of(gpu, by_col.ptr())?,
            row: Buffer::of(gpu, by_col.index())?,
            perm: Buffer::of(gpu, csr.perm())?,
        })
    }

    /// The same memory with other entries, as many.
    fn write(&mut self, csr: &Csr) -> Result<(), SparseError> {
        let (by_row, by_col) = (csr.by_row(), csr.by_col());
        self.row_ptr.write(by_row.ptr())?;
        self.col.write(by_row.index())?;
        self.col_ptr.write(by_col.ptr())?;
        self.row.write(by_col.index())?;
        self.perm.write(csr.perm())
    }
}

/// Parameters in 16 bytes.
const ALIGNED: usize = 4;

impl DeviceLayer {
    /// `layer` on `gpu`, whose parameters begin at or behind `offset`.
    pub fn new(gpu: &Arc<dyn Gpu>, layer: &Layer, offset: usize) -> Result<Self, SparseError> {
        let topology = layer.topology();
        if !matches!(layer.shape(), Shape::Linear { .. }) {
            let why = "a device computes linear layers only; use `cpu` for a network of images";
            return Err(failed(&format!("layer `{}`", layer.name()), why));
        }
        let start = offset.next_multiple_of(ALIGNED);
        let weights = start..start + topology.nnz();
        let start = weights.end.next_multiple_of(ALIGNED);
        Ok(Self {
            rows: topology.rows(),
            cols: topology.cols(),
            activation: layer.activation(),
            weights,
            biases: start..start + topology.rows(),
            index: topology.csr().map(|csr| Index::of(gpu, csr)).transpose()?,
        })
    }

    /// Whether `layer` has as many weights: then it can take this one's memory.
    pub fn is_like(&self, layer: &Layer) -> bool {
        self.weights.len() == layer.topology().nnz()
            && self.index.is_some() == layer.topology().csr().is_some()
    }

    /// Takes over the structure of `layer`, which [`Self::is_like`] this one.
    pub fn write(&mut self, layer: &Layer) -> Result<(), SparseError> {
        match (&mut self.index, layer.topology().csr()) {
            (Some(index), Some(csr)) => index.write(csr),
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// `y = act(W x + b)` of a sparse one.
    pub fn gather(&self, params: &Buffer<f32>, x: u64, to: u64, ld: usize) -> Option<Gather> {
        self.index.as_ref().map(|index| Gather {
            ptr: index.row_ptr.at(0),
            index: index.col.at(0),
            perm: 0,
            value: params.at(self.weights.start),
            bias: params.at(self.biases.start),
            from: x,
            y: 0,
            to,
            rows: self.rows as u32,
            ld: ld as u32,
            activation: kernels::activation(self.activation),
            pad: 0,
        })
    }

    /// `dx = Wᵀ dy · act′` of a sparse one, through the activation `below` that gave `y`.
    pub fn gather_back(
        &self,
        params: &Buffer<f32>,
        dy: u64,
        below: Option<(Activation, u64)>,
        to: u64,
        ld: usize,
    ) -> Option<Gather> {
        let (activation, y) = below.unwrap_or((Activation::Identity, 0));
        self.index.as_ref().map(|index| Gather {
            ptr: index.col_ptr.at(0),
            index: index.row.at(0),
            perm: index.perm.at(0),
            value: params.at(self.weights.start),
            bias: 0,
            from: dy,
            y,
            to,
            rows: self.cols as u32,
            ld: ld as u32,
            activation: kernels::activation(activation),
            pad: 0,
        })
    }

    /// The gradient of the parameters of a sparse one.
    pub fn sample(&self, grads: &Buffer<f32>, dy: u64, x: u64, ld: usize) -> Option<Sample> {
        self.index.as_ref().map(|index| Sample {
            ptr: index.row_ptr.at(0),
            index: index.col.at(0),
            dy,
            x,
            dw: grads.at(self.weights.start),
            db: grads.at(self.biases.start),
            rows: self.rows as u32,
            ld: ld as u32,
        })
    }

    /// `y = act(W x + b)` of a dense one.
    pub fn dense(&self, params: &Buffer<f32>, x: u64, to: u64, ld: usize) -> Dense {
        Dense {
            weight: params.at(self.weights.start),
            bias: params.at(self.biases.start),
            x,
            y: 0,
            to,
            rows: self.rows as u32,
            cols: self.cols as u32,
            ld: ld as u32,
            activation: kernels::activation(self.activation),
        }
    }

    /// `dx = Wᵀ dy · act′` of a dense one, through the activation `below` that gave `y`.
    pub fn dense_back(
        &self,
        params: &Buffer<f32>,
        dy: u64,
        below: Option<(Activation, u64)>,
        to: u64,
        ld: usize,
    ) -> Dense {
        let (activation, y) = below.unwrap_or((Activation::Identity, 0));
        let activation = kernels::activation(activation);
        Dense { bias: 0, y, activation, ..self.dense(params, dy, to, ld) }
    }

    /// The gradient of the parameters of a dense one.
    pub fn dense_grad(&self, grads: &Buffer<f32>, dy: u64, x: u64, ld: usize) -> DenseGrad {
        DenseGrad {
            dy,
            x,
            dw: grads.at(self.weights.start),
            db: grads.at(self.biases.start),
            rows: self.rows as u32,
            cols: self.cols as u32,
            ld: ld as u32,
            pad: 0,
        }
    }
}
