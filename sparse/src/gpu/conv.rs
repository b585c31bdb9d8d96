//! A convolution on a device: its products at the pixels of its planes, as [`crate::kernels::conv`] has them.

use std::sync::Arc;

use super::kernels::{self, Gather, Sample};
use super::walk::{ConvDense, ConvGather, ConvGrad, ConvSample, Parts, Steps, Taps, Walk};
use super::{Buffer, Gpu, Precision};
use crate::error::SparseError;
use crate::kernels::Plane;
use crate::kernels::conv::{ConvIndex, ConvWalk};
use crate::kernels::entries::Strides;
use crate::layers::{Activation, Conv2d};
use crate::topology::Csr;

/// A convolution.
#[derive(Debug)]
pub(super) struct DeviceConv {
    conv: Conv2d,
    /// None where every weight is active.
    index: Option<Index>,
    /// What parts of a dense gradient leave.
    partial: Buffer<f32>,
}

/// The entries of a sparse one, by output channel, and by input channel for each phase of its stride.
#[derive(Debug)]
struct Index {
    ptr: Buffer<u32>,
    slots: Buffer<u32>,
    phases: Vec<[Buffer<u32>; 3]>,
    /// Entries of the longest row.
    most: usize,
}

/// Where the parameters of a layer are, and its function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    pub weights: u64,
    pub bias: u64,
    pub activation: Activation,
    /// How what it gives is stored.
    pub gives: Precision,
}

/// What a way back goes through: what stands below, and the function that gave it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Through {
    pub activation: Activation,
    pub y: u64,
    /// How what comes of it is stored.
    pub gives: Precision,
}

/// Blocks that fill a device: two for each of 132 multiprocessors.
const BLOCKS: usize = 264;

impl Index {
    fn of(gpu: &Arc<dyn Gpu>, conv: Conv2d, csr: &Csr) -> Result<Self, SparseError> {
        let (index, ptr) = (ConvIndex::new(conv, csr), csr.by_row().ptr());
        let phases = index.phases().iter().map(|phase| {
            let [ptr, slots, perm] = phase.arrays();
            Ok([Buffer::of(gpu, ptr)?, Buffer::of(gpu, slots)?, Buffer::of(gpu, perm)?])
        });
        Ok(Self {
            ptr: Buffer::of(gpu, ptr)?,
            slots: Buffer::of(gpu, index.slots())?,
            phases: phases.collect::<Result<_, SparseError>>()?,
            most: ptr.windows(2).map(|row| (row[1] - row[0]) as usize).max().unwrap_or(0),
        })
    }
}

impl DeviceConv {
    /// `conv` over `csr`, or over all of its weights.
    pub fn new(gpu: &Arc<dyn Gpu>, conv: Conv2d, csr: Option<&Csr>) -> Result<Self, SparseError> {
        let index = csr.map(|csr| Index::of(gpu, conv, csr)).transpose()?;
        let one = Self { conv, index, partial: Buffer::room(gpu, 0)? };
        let floats = if one.index.is_some() { 0 } else { one.parts() * one.part() };
        Ok(Self { partial: Buffer::room(gpu, floats)?, ..one })
    }

    /// Entries of the longest row.
    pub fn most(&self) -> usize {
        self.index.as_ref().map_or(0, |index| index.most)
    }

    /// Numbers of a part of the gradient.
    fn part(&self) -> usize {
        self.conv.out_channels * (self.conv.cols() + 1)
    }

    /// Parts of the gradient: enough to fill a device.
    fn parts(&self) -> usize {
        let tiles = self.conv.out_channels.div_ceil(32) * self.conv.cols().div_ceil(32);
        (BLOCKS / tiles).clamp(1, 64)
    }

    /// `y = act(W ∗ x + b)` of a sparse one, written where `to` says.
    pub fn gather(
        &self,
        given: Given,
        x: u64,
        (to, plane): (u64, &Plane),
        ld: u32,
    ) -> Option<ConvGather> {
        let index = self.index.as_ref()?;
        let all = Gather {
            ptr: index.ptr.at(0),
            index: index.slots.at(0),
            perm: 0,
            value: given.weights,
            bias: given.bias,
            from: x,
            y: 0,
            to,
            rows: self.conv.out_channels as u32,
            ld,
            activation: kernels::activation(given.activation),
            gives: given.gives,
        };
        Some(ConvGather { all, walk: Walk::of(self.conv.walk(plane), None) })
    }

    /// `y = act(W ∗ x + b)` of a dense one.
    pub fn dense(&self, given: Given, x: u64, (to, plane): (u64, &Plane), ld: u32) -> ConvDense {
        ConvDense {
            weight: given.weights,
            bias: given.bias,
            x,
            y: 0,
            to,
            rows: self.conv.out_channels as u32,
            depth: self.conv.cols() as u32,
            weight_row: self.conv.cols() as u32,
            ld,
            activation: kernels::activation(given.activation),
            gives: given.gives,
            taps: self.taps(),
            walk: Walk::of(self.conv.walk(plane), None),
        }
    }

    /// The taps of the way forward.
    fn taps(&self) -> Taps {
        let ([kh, kw], plane) = (self.conv.kernel.map(|k| k as i32), self.conv.input_plane());
        Taps {
            ny: kh as u32,
            nx: kw as u32,
            weight: Steps { origin: 0, c: kh * kw, y: kw, x: 1 },
            slot: Steps { origin: 0, c: plane.channel() as i32, y: plane.row() as i32, x: 1 },
        }
    }

    /// Where phase `phase` of the way back reads, writes, and finds what stands below.
    fn walk_back(&self, phase: [usize; 2], to: &Plane) -> Walk {
        let (conv, from) = (&self.conv, self.conv.gradient_plane());
        let [rows, cols] = [0, 1].map(|axis| conv.phase(axis, phase[axis]));
        let at = |plane: &Plane| Strides {
            origin: plane.origin() + rows.first * plane.row() + cols.first,
            y: conv.stride * plane.row(),
            x: conv.stride,
            row: plane.channel(),
        };
        let read = rows.output * from.row() + cols.output;
        let from = Strides { origin: read, y: from.row(), x: 1, row: 0 };
        let walk =
            crate::kernels::entries::Walk { ny: rows.count, nx: cols.count, from, to: at(to) };
        Walk::of(walk, Some(at(&conv.input_plane())))
    }

    fn phases(&self) -> impl Iterator<Item = [usize; 2]> {
        let stride = self.conv.stride;
        (0..stride * stride).map(move |phase| [phase / stride, phase % stride])
    }

    /// `dx = (Wᵀ ∗ dy) · act′` of a sparse one, phase by phase.
    pub fn gather_back(
        &self,
        weights: u64,
        dy: u64,
        through: Through,
        (to, plane): (u64, &Plane),
        ld: u32,
    ) -> Vec<ConvGather> {
        let Some(index) = &self.index else { return Vec::new() };
        let one = |([ptr, slots, perm], phase): (&[Buffer<u32>; 3], [usize; 2])| ConvGather {
            all: Gather {
                ptr: ptr.at(0),
                index: slots.at(0),
                perm: perm.at(0),
                value: weights,
                bias: 0,
                from: dy,
                y: through.y,
                to,
                rows: self.conv.in_channels as u32,
                ld,
                activation: kernels::activation(through.activation),
                gives: through.gives,
            },
            walk: self.walk_back(phase, plane),
        };
        index.phases.iter().zip(self.phases()).map(one).collect()
    }

    /// The same of a dense one.
    pub fn dense_back(
        &self,
        weights: u64,
        dy: u64,
        through: Through,
        (to, plane): (u64, &Plane),
        ld: u32,
    ) -> Vec<ConvDense> {
        let (conv, from) = (&self.conv, self.conv.gradient_plane());
        let ([kh, kw], stride) = (conv.kernel, conv.stride);
        let one = |[py, px]: [usize; 2]| {
            let (ny, nx) =
                (kh.saturating_sub(py).div_ceil(stride), kw.saturating_sub(px).div_ceil(stride));
            let [origin, cols, by_row, by_col] =
                [py * kw + px, conv.cols(), stride * kw, stride].map(|n| n as i32);
            let [first, channel, row] =
                [from.origin(), from.channel(), from.row()].map(|n| n as i32);
            ConvDense {
                weight: weights,
                bias: 0,
                x: dy,
                y: through.y,
                to,
                rows: conv.in_channels as u32,
                depth: (conv.out_channels * ny * nx) as u32,
                weight_row: (kh * kw) as u32,
                ld,
                activation: kernels::activation(through.activation),
                gives: through.gives,
                taps: Taps {
                    ny: ny as u32,
                    nx: nx as u32,
                    weight: Steps { origin, c: cols, y: by_row, x: by_col },
                    slot: Steps { origin: first, c: channel, y: -row, x: -1 },
                },
                walk: self.walk_back([py, px], plane),
            }
        };
        self.phases().map(one).collect()
    }

    /// The gradient of the parameters of a sparse one, into `dw` and `db`.
    pub fn sample(&self, [dw, db]: [u64; 2], dy: u64, x: u64, ld: u32) -> Option<ConvSample> {
        let index = self.index.as_ref()?;
        let all = Sample {
            ptr: index.ptr.at(0),
            index: index.slots.at(0),
            dy,
            x,
            dw,
            db,
            rows: self.conv.out_channels as u32,
            ld,
        };
        let walk = self.conv.walk(&self.conv.gradient_plane());
        Some(ConvSample { all, walk: Walk::of(walk, None) })
    }

    /// The gradient of the parameters of a dense one: its parts, and their sum.
    pub fn dense_grad(&self, [dw, db]: [u64; 2], dy: u64, x: u64, ld: u32) -> (ConvGrad, Parts) {
        let (rows, cols) = (self.conv.out_channels as u32, self.conv.cols() as u32);
        let (parts, partial) = (self.parts() as u32, self.partial.at(0));
        let walk = self.conv.walk(&self.conv.gradient_plane());
        let grad = ConvGrad {
            dy,
            x,
            partial,
            rows,
            cols,
            ld,
            parts,
            sums_rows: 1,
            pad: 0,
            taps: self.taps(),
            walk: Walk::of(walk, None),
        };
        (grad, Parts { partial, dw, db, size: rows * cols, rows, parts, pad: 0 })
    }
}
