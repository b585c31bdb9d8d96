//! A layer on a device: where its parameters stand, and its products.

use std::ops::Range;
use std::sync::Arc;

use super::conv::{DeviceConv, Given, Through};
use super::dense::{Dense, DenseGrad, DenseParts};
use super::kernels::{Gather, Sample};
use super::products::{Gradients, Products};
use super::sample_tiles::SampleTiles;
use super::tiles::Tiles;
use super::{Buffer, Gpu, Precision, failed, kernels};
use crate::error::SparseError;
use crate::kernels::Plane;
use crate::kernels::entries::Entries;
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
    /// The biases right behind them, from a multiple of 16 bytes on, then the parameters of layer norms.
    pub always: Range<usize>,
    kind: Kind,
}

/// What computes it.
#[derive(Debug)]
enum Kind {
    /// Every weight is active.
    Dense,
    Sparse(Box<Index>),
    Conv(Box<DeviceConv>),
}

/// The entries of a sparse layer by row, and by column.
#[derive(Debug)]
struct Index {
    row_ptr: Buffer<u32>,
    col: Buffer<u32>,
    col_ptr: Buffer<u32>,
    row: Buffer<u32>,
    perm: Buffer<u32>,
    /// Of the way forward, and of the way back.
    tiles: [Tiles; 2],
    /// Of the gradient.
    sample_tiles: SampleTiles,
}

impl Index {
    fn of(gpu: &Arc<dyn Gpu>, csr: &Csr, precision: Precision) -> Result<Self, SparseError> {
        let (by_row, by_col): (Entries<'_>, Entries<'_>) = (csr.by_row(), csr.by_col());
        Ok(Self {
            row_ptr: Buffer::of(gpu, by_row.ptr())?,
            col: Buffer::of(gpu, by_row.index())?,
            col_ptr: Buffer::of(gpu, by_col.ptr())?,
            row: Buffer::of(gpu, by_col.index())?,
            perm: Buffer::of(gpu, csr.perm())?,
            tiles: [
                Tiles::of(gpu, by_row, by_col.ptr().len() - 1, precision)?,
                Tiles::of(gpu, by_col, by_row.ptr().len() - 1, precision)?,
            ],
            sample_tiles: SampleTiles::of(gpu, by_row, by_col.ptr().len() - 1, precision)?,
        })
    }

    /// Whether the memory can be that of `csr`, which has as many entries.
    fn takes(&self, csr: &Csr) -> bool {
        let [forward, back] = &self.tiles;
        forward.takes(csr.by_row()) && back.takes(csr.by_col())
    }

    /// The same memory with other entries, as many, which it [takes](Self::takes).
    fn write(&mut self, csr: &Csr) -> Result<(), SparseError> {
        let (by_row, by_col) = (csr.by_row(), csr.by_col());
        self.row_ptr.write(by_row.ptr())?;
        self.col.write(by_row.index())?;
        self.col_ptr.write(by_col.ptr())?;
        self.row.write(by_col.index())?;
        let [forward, back] = &mut self.tiles;
        forward.write(by_row)?;
        back.write(by_col)?;
        self.sample_tiles.write(by_row)?;
        self.perm.write(csr.perm())
    }
}

/// Parameters in 16 bytes.
const ALIGNED: usize = 4;

impl DeviceLayer {
    /// `layer` on `gpu`, whose parameters begin at or behind `offset` and which reads slots of `precision`.
    pub fn new(
        gpu: &Arc<dyn Gpu>,
        layer: &Layer,
        offset: usize,
        precision: Precision,
    ) -> Result<Self, SparseError> {
        if !layer.algebra().is_real() {
            let (name, algebra) = (layer.name(), layer.algebra());
            let why = "elements are computed on the processor only; use `cpu`";
            return Err(failed(&format!("layer `{name}` over the algebra {algebra:?}"), why));
        }
        let topology = layer.topology();
        let start = offset.next_multiple_of(ALIGNED);
        let weights = start..start + topology.nnz();
        let start = weights.end.next_multiple_of(ALIGNED);
        let kind = match (layer.shape(), topology.csr()) {
            (Shape::Conv2d(conv), csr) => Kind::Conv(Box::new(DeviceConv::new(gpu, *conv, csr)?)),
            (Shape::Linear { .. }, Some(csr)) => {
                Kind::Sparse(Box::new(Index::of(gpu, csr, precision)?))
            }
            (Shape::Linear { .. }, None) => Kind::Dense,
        };
        Ok(Self {
            rows: topology.rows(),
            cols: topology.cols(),
            activation: layer.activation(),
            weights,
            always: start..start + layer.always().len(),
            kind,
        })
    }

    /// Whether `layer` has as many weights: then it can take this one's memory.
    pub fn is_like(&self, layer: &Layer) -> bool {
        let csr = layer.topology().csr();
        let same = match &self.kind {
            Kind::Dense => csr.is_none(),
            Kind::Sparse(index) => csr.is_some_and(|csr| index.takes(csr)),
            // The entries of its phases change in number.
            Kind::Conv(_) => csr.is_none(),
        };
        self.weights.len() == layer.topology().nnz() && same
    }

    /// Takes over the structure of `layer`, which [`Self::is_like`] this one.
    pub fn write(&mut self, layer: &Layer) -> Result<(), SparseError> {
        match (&mut self.kind, layer.topology().csr()) {
            (Kind::Sparse(index), Some(csr)) => index.write(csr),
            (Kind::Sparse(_) | Kind::Dense | Kind::Conv(_), _) => Ok(()),
        }
    }

    /// Whether its features stand side by side.
    pub fn is_linear(&self) -> bool {
        match self.kind {
            Kind::Dense | Kind::Sparse(_) => true,
            Kind::Conv(_) => false,
        }
    }

    fn given(&self, params: &Buffer<f32>, gives: Precision) -> Given {
        Given {
            gives,
            weights: params.at(self.weights.start),
            bias: params.at(self.always.start),
            activation: self.activation,
        }
    }

    /// Where `γ` and then `β` of layer norm `number` behind it stand.
    pub fn norm(&self, number: usize) -> usize {
        self.always.start + self.rows * (1 + 2 * number)
    }

    /// Shares of the sum of its product forward, and the numbers that they leave.
    pub fn parts(&self, ld: usize) -> (usize, usize) {
        let parts = match self.kind {
            Kind::Dense => DenseParts::parts(self.rows, self.cols, ld),
            Kind::Sparse(_) | Kind::Conv(_) => 1,
        };
        (parts, if parts > 1 { parts * self.rows * ld } else { 0 })
    }

    /// `y = act(W x + b)`, written where `to` says; that of a linear layer has no border. What [parts](Self::parts)
    /// leave goes to `partial`.
    pub fn forward(
        &self,
        params: &Buffer<f32>,
        x: u64,
        (to, plane, gives): (u64, &Plane, Precision),
        (ld, partial): (u32, u64),
        into: &mut Products,
    ) {
        let given = self.given(params, gives);
        match &self.kind {
            Kind::Dense => {
                let (all, (parts, _)) = (self.dense(given, x, to, ld), self.parts(ld as usize));
                match parts {
                    1 => into.dense.push(all),
                    _ => {
                        let parts = parts as u32;
                        into.dense_parts.push(DenseParts { all, partial, parts, pad: 0 });
                    }
                }
            }
            Kind::Sparse(index) => into.push_gather(
                &index.tiles[0],
                Gather {
                    ptr: index.row_ptr.at(0),
                    index: index.col.at(0),
                    perm: 0,
                    value: given.weights,
                    bias: given.bias,
                    from: x,
                    y: 0,
                    to,
                    rows: self.rows as u32,
                    ld,
                    activation: kernels::activation(given.activation),
                    gives,
                },
            ),
            Kind::Conv(conv) => match conv.gather(given, x, (to, plane), ld) {
                Some(gather) => into.conv_gather.push(gather),
                None => into.conv_dense.push(conv.dense(given, x, (to, plane), ld)),
            },
        }
    }

    /// `dx = Wᵀ dy · act′`, through what stands below.
    pub fn back(
        &self,
        params: &Buffer<f32>,
        dy: u64,
        through: Through,
        (to, plane): (u64, &Plane),
        ld: u32,
        into: &mut Products,
    ) {
        let given = self.given(params, through.gives);
        let activation = kernels::activation(through.activation);
        match &self.kind {
            Kind::Dense => {
                let forward = self.dense(given, dy, to, ld);
                into.dense.push(Dense { bias: 0, y: through.y, activation, ..forward });
            }
            Kind::Sparse(index) => into.push_gather(
                &index.tiles[1],
                Gather {
                    ptr: index.col_ptr.at(0),
                    index: index.row.at(0),
                    perm: index.perm.at(0),
                    value: given.weights,
                    bias: 0,
                    from: dy,
                    y: through.y,
                    to,
                    rows: self.cols as u32,
                    ld,
                    activation,
                    gives: through.gives,
                },
            ),
            Kind::Conv(conv) => {
                let (weights, to) = (given.weights, (to, plane));
                let sparse = conv.gather_back(weights, dy, through, to, ld);
                match sparse.is_empty() {
                    false => into.conv_gather.extend(sparse),
                    true => {
                        into.conv_dense.extend(conv.dense_back(weights, dy, through, to, ld));
                    }
                }
            }
        }
    }

    fn dense(&self, given: Given, x: u64, to: u64, ld: u32) -> Dense {
        Dense {
            weight: given.weights,
            bias: given.bias,
            x,
            y: 0,
            to,
            rows: self.rows as u32,
            cols: self.cols as u32,
            ld,
            activation: kernels::activation(given.activation),
            gives: given.gives,
            pad: 0,
        }
    }

    /// The gradient of the parameters, into `grads`, which stand as they do.
    pub fn grads(&self, grads: &Buffer<f32>, dy: u64, x: u64, ld: u32, into: &mut Gradients) {
        let [dw, db] = [grads.at(self.weights.start), grads.at(self.always.start)];
        match &self.kind {
            Kind::Dense => into.dense.push(DenseGrad {
                dy,
                x,
                dw,
                db,
                rows: self.rows as u32,
                cols: self.cols as u32,
                ld,
                pad: 0,
            }),
            Kind::Sparse(index) => into.push_sample(
                &index.sample_tiles,
                Sample {
                    ptr: index.row_ptr.at(0),
                    index: index.col.at(0),
                    dy,
                    x,
                    dw,
                    db,
                    rows: self.rows as u32,
                    ld,
                },
            ),
            Kind::Conv(conv) => match conv.sample([dw, db], dy, x, ld) {
                Some(sample) => {
                    into.conv_sample.push(sample);
                    into.most = into.most.max(conv.most());
                }
                None => {
                    let (grad, sum) = conv.dense_grad([dw, db], dy, x, ld);
                    into.conv_grad.push(grad);
                    into.parts.push(sum);
                }
            },
        }
    }
}
