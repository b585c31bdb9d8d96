//! The three products of a sparse convolution, and the index that they walk.
//!
//! A weight meets all lanes of all output pixels, so a convolution is the linear layer's gather at
//! more positions than one. Its input gradient is a gather, too: the input pixels fall into
//! `stride²` phases, and within one every pixel is reached by the same weights at the same distances.

use super::walk::{ConvWalk, Phase};
use crate::kernels::Plane;
use crate::kernels::args::{Below, Pass, Reordered, Sides, Weights};
use crate::kernels::entries::{Entries, Strides, Walk};
use crate::kernels::gather::{End, gather};
use crate::kernels::plane::ViewMut;
use crate::kernels::sample::sample;
use crate::layers::Conv2d;
use crate::topology::Csr;

/// The entries of a convolution's topology as its products find them; made once a topology.
#[derive(Debug)]
pub struct ConvIndex {
    conv: Conv2d,
    /// By output channel: the slot of each entry.
    slots: Vec<u32>,
    bound: usize,
    phases: Vec<PhaseIndex>,
}

/// The entries that reach one phase of input pixels, by input channel.
#[derive(Debug)]
pub(crate) struct PhaseIndex {
    rows: Phase,
    cols: Phase,
    ptr: Vec<u32>,
    slots: Vec<u32>,
    bound: usize,
    /// Where the values stand.
    perm: Vec<u32>,
}

fn bound(slots: &[u32]) -> usize {
    slots.iter().max().map_or(0, |last| *last as usize + 1)
}

impl ConvIndex {
    /// The index of `csr`, a topology of `conv`.
    pub fn new(conv: Conv2d, csr: &Csr) -> Self {
        let by_row = csr.by_row();
        let slots: Vec<u32> =
            by_row.index().iter().map(|col| conv.slot(*col as usize) as u32).collect();
        let mut phases = Vec::with_capacity(conv.stride * conv.stride);
        for py in 0..conv.stride {
            for px in 0..conv.stride {
                phases.push(PhaseIndex::new(&conv, csr, [py, px]));
            }
        }
        Self { conv, bound: bound(&slots), slots, phases }
    }

    /// By output channel: the slot of each entry.
    pub(crate) fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// The phases of the stride, `stride²` of them.
    pub(crate) fn phases(&self) -> &[PhaseIndex] {
        &self.phases
    }

    /// Bytes of the index of `nnz` entries.
    pub fn bytes(conv: &Conv2d, nnz: usize) -> usize {
        let ptr = conv.stride * conv.stride * (conv.in_channels + 1);
        (3 * nnz + ptr) * size_of::<u32>()
    }

    fn entries<'a>(&'a self, csr: &'a Csr) -> Entries<'a> {
        // SAFETY: the bounds of `csr`, whose entries are as many as `slots`, of which `bound` is one
        // more than the largest.
        unsafe { Entries::new(csr.by_row().ptr(), &self.slots, self.bound) }
    }
}

impl PhaseIndex {
    /// A column `(channel, ky, kx)` with `ky = py + stride · my` reaches its pixel from the output `my`
    /// rows above; columns likewise.
    fn new(conv: &Conv2d, csr: &Csr, phase: [usize; 2]) -> Self {
        let ([kh, kw], plane) = (conv.kernel, conv.gradient_plane());
        let (by_col, perm) = (csr.by_col(), csr.perm());
        let (mut ptr, mut slots, mut places) = (vec![0], Vec::new(), Vec::new());
        for channel in 0..conv.in_channels {
            for ky in (phase[0]..kh).step_by(conv.stride) {
                for kx in (phase[1]..kw).step_by(conv.stride) {
                    let (my, mx) = (ky / conv.stride, kx / conv.stride);
                    let shift = (plane.border.top - my) * plane.row() + plane.border.left - mx;
                    let col = (channel * kh + ky) * kw + kx;
                    let entries = by_col.ptr()[col] as usize..by_col.ptr()[col + 1] as usize;
                    for k in entries {
                        slots.push((by_col.index()[k] as usize * plane.channel() + shift) as u32);
                        places.push(perm[k]);
                    }
                }
            }
            ptr.push(slots.len() as u32);
        }
        let [rows, cols] = [0, 1].map(|axis| conv.phase(axis, phase[axis]));
        Self { rows, cols, ptr, bound: bound(&slots), slots, perm: places }
    }

    /// Bounds of the input channels, the slot of each entry, and where its value stands.
    pub(crate) fn arrays(&self) -> [&[u32]; 3] {
        [&self.ptr, &self.slots, &self.perm]
    }

    fn entries(&self) -> Entries<'_> {
        // SAFETY: `new` ends every row at a length of `slots`, and `bound` is one more than the
        // largest of them.
        unsafe { Entries::new(&self.ptr, &self.slots, self.bound) }
    }
}

/// `y = act(W ∗ x + b)`, `csr` being what `index` was made of; x through its padding.
pub fn forward(
    index: &ConvIndex,
    csr: &Csr,
    weights: Weights<'_>,
    pass: Pass,
    x: &[f32],
    y: ViewMut<'_>,
) {
    let Weights { values, bias, activation } = weights;
    let (Pass { lanes, par }, ViewMut { data: y, plane: to }) = (pass, y);
    let conv = &index.conv;
    let (walk, from) = (conv.walk(to), conv.input_plane());
    for tile in lanes.tiles() {
        let (x, y) = (tile.of(x, from.slots()), tile.of_mut(y, to.slots()));
        let matrix = (index.entries(csr), values);
        let end = End::Forward { bias, activation };
        let bound = |row: usize| row * to.channel() * tile.width;
        par.rows(conv.out_channels, bound, y, |range, y| {
            gather(tile, &walk, matrix, range, end, x, y);
        });
    }
}

/// `dx = Wᵀ ∗ dy`, through the activation `below`.
pub fn input_grad(
    index: &ConvIndex,
    weights: Reordered<'_>,
    below: Below<'_>,
    pass: Pass,
    dy: &[f32],
    dx: ViewMut<'_>,
) {
    let Reordered { values, scratch } = weights;
    let (Pass { lanes, par }, ViewMut { data: dx, plane: to }) = (pass, dx);
    let conv = &index.conv;
    let (from, input) = (conv.gradient_plane(), conv.input_plane());
    for phase in &index.phases {
        let (rows, cols) = (phase.rows, phase.cols);
        let at = |plane: &Plane| Strides {
            origin: plane.origin() + rows.first * plane.row() + cols.first,
            y: conv.stride * plane.row(),
            x: conv.stride,
            row: plane.channel(),
        };
        let read = rows.output * from.row() + cols.output;
        let walk = Walk {
            ny: rows.count,
            nx: cols.count,
            from: Strides { origin: read, y: from.row(), x: 1, row: 0 },
            to: at(to),
        };
        scratch.clear();
        scratch.extend(phase.perm.iter().map(|k| values[*k as usize]));
        for tile in lanes.tiles() {
            let (x, dy) = (tile.of(below.y, input.slots()), tile.of(dy, from.slots()));
            let matrix = (phase.entries(), scratch.as_slice());
            let end = End::Backward { activation: below.activation, y: x, at: at(&input) };
            let bound = |row: usize| row * to.channel() * tile.width;
            par.rows(conv.in_channels, bound, tile.of_mut(dx, to.slots()), |range, dx| {
                gather(tile, &walk, matrix, range, end, dy, dx);
            });
        }
    }
}

/// `dW = Σ dy x` on the active positions, `(nnz)`.
pub fn weight_grad(index: &ConvIndex, csr: &Csr, pass: Pass, sides: Sides<'_>, dw: &mut [f32]) {
    let Pass { lanes, par } = pass;
    let conv = &index.conv;
    let (to, from) = (conv.gradient_plane(), conv.input_plane());
    let (walk, entries) = (conv.walk(&to), index.entries(csr));
    dw.fill(0.0);
    for tile in lanes.tiles() {
        let (x, dy) = (tile.of(sides.x, from.slots()), tile.of(sides.dy, to.slots()));
        par.rows(
            conv.out_channels,
            |row| entries.ptr()[row] as usize,
            dw,
            |range, dw| {
                sample(tile, &walk, entries, range, Sides { dy, x }, dw);
            },
        );
    }
}
