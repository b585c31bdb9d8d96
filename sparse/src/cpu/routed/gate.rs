//! The layer of a router over all tokens.
//!
//! Where the tokens of a sample lie side by side, number by number, it reads them where they stand: lanes of tokens in
//! place of lanes of samples. Others are brought side by side first. Tokens of length 1, `x̂ = x / |x|`, are never
//! written down: `W x̂ = W x / |x|`, and with `d` the gradient by the logits
//!
//! ```text
//! dW = Σ (d / |x|) xᵀ        dx = (Wᵀ d − x̂ (d · W x̂)) / |x|
//! ```

use std::ops::Range;

use super::run::{Back, With};
use super::tokens::Standing;
use crate::error::SparseError;
use crate::kernels::lanes::{LINE, Tile};
use crate::kernels::{Below, Buffer, Lanes, Pass, Reordered, Sides, Weights, linear};
use crate::layers::Activation;
use crate::routing::Block;

/// What the layer reads and gives in a pass, in slots.
#[derive(Debug)]
pub(super) struct Gate {
    /// Of the tokens.
    lanes: Lanes,
    /// Tokens of a lane's sample.
    tokens: usize,
    /// The tokens side by side, number by number, where they are not so already.
    x: Buffer,
    z: Buffer,
    dz: Buffer,
    dx: Buffer,
    /// `1 / |x|` of each lane, where it reads tokens of length 1.
    rates: Vec<f32>,
}

impl Default for Gate {
    fn default() -> Self {
        let lanes = Lanes::new(0);
        let [x, z, dz, dx] = [(); 4].map(|()| lanes.zeros(0));
        Self { lanes, tokens: 1, x, z, dz, dx, rates: Vec::new() }
    }
}

impl Gate {
    /// The logits `(tokens, logits)` of the tokens of `x` by `layer`, and the operations that it took.
    pub fn forward(
        &mut self,
        with: With<'_>,
        layer: usize,
        (x, standing): (&[f32], &Standing),
    ) -> (Vec<f32>, u64) {
        let block = with.block;
        let (size, of) = (block.size, with.layers[layer].of());
        let logits = of.shape().rows();
        self.tokens = block.tokens;
        self.lanes = standing.lanes.with_columns(block.tokens);
        if block.between > 1 {
            self.x.resize(size * self.lanes.width(), 0.0);
            for [stands, turned] in strips(standing.lanes, block) {
                self.x[turned].copy_from_slice(&x[stands]);
            }
        }
        let Self { lanes, x: moved, z, rates, .. } = self;
        let x = if block.between == 1 { x } else { moved };
        z.resize(logits * lanes.width(), 0.0);
        let (values, bias) = (&with.params[of.weights()], &with.params[of.biases()]);
        let weights = Weights { values, bias, activation: Activation::Identity };
        linear::forward(of.topology(), weights, Pass { lanes: *lanes, par: with.par }, x, z);
        rates.clear();
        if block.routing.normalize {
            for tile in lanes.tiles() {
                let start = rates.len();
                lengths(tile, tile.of(x, size), rates);
                scale(tile, tile.of_mut(z, logits), &rates[start..]);
            }
        }
        (self.logits(), of.flops(standing.count))
    }

    /// What the layer gave, `(tokens, logits)`, sample by sample.
    pub fn logits(&self) -> Vec<f32> {
        let Self { lanes, tokens, z, .. } = self;
        let count = z.len() / lanes.width().max(1);
        let mut rows = vec![0.0; count * lanes.batch() * tokens];
        for tile in lanes.tiles() {
            let (z, rows) = (tile.of(z, count), &mut rows[count * tile.first..]);
            by_line(tile, *tokens, count, |of_row, at| {
                let slots = z[at..].iter().step_by(tile.width);
                rows[of_row].iter_mut().zip(slots).for_each(|(to, z)| *to = *z);
            });
        }
        rows
    }

    /// From `dz (tokens, logits)` all gradients, that of the tokens to where they stand in `to`. The biases have
    /// none.
    pub fn backward(
        &mut self,
        with: With<'_>,
        layer: usize,
        (x, standing): (&[f32], &Standing),
        (by_logit, to): (&[f32], &mut [f32]),
        back: &mut Back<'_>,
    ) -> Result<(), SparseError> {
        let (size, of) = (with.block.size, with.layers[layer].of());
        let Self { lanes, tokens, x: moved, z, dz, dx, rates } = self;
        let (lanes, logits, flops) = (*lanes, of.shape().rows(), of.flops(standing.count));
        let x = if with.block.between == 1 { x } else { moved };
        dz.clear();
        dz.resize(z.len(), 0.0);
        for tile in lanes.tiles() {
            let (dz, rows) = (tile.of_mut(dz, logits), &by_logit[logits * tile.first..]);
            by_line(tile, *tokens, logits, |of_row, at| {
                let slots = dz[at..].iter_mut().step_by(tile.width);
                slots.zip(&rows[of_row]).for_each(|(to, dz)| *to = *dz);
            });
        }
        let mut along = Vec::new();
        if with.block.routing.normalize {
            for tile in lanes.tiles() {
                let (z, dz) = (tile.of(z, logits), tile.of_mut(dz, logits));
                let start = along.len();
                products(tile, z, dz, &mut along);
                scale(tile, dz, &rates[start..]);
            }
        }
        let (pass, sides) = (Pass { lanes, par: with.par }, Sides { dy: dz, x });
        if !back.grads.is_empty() {
            linear::weight_grad(of.topology(), pass, sides, &mut back.grads[of.weights()]);
            back.grads[of.biases()].fill(0.0);
            back.flops += flops;
        }
        if let Some(pattern) = back.patterns.get(layer) {
            let mut probe = vec![0.0; pattern.nnz()];
            linear::weight_grad(pattern, pass, sides, &mut probe);
            back.probes[layer] = probe;
            back.flops += of.flops_of(pattern.nnz(), standing.count);
        }
        let turned = with.block.between > 1;
        dx.resize(if turned { size * lanes.width() } else { 0 }, 0.0);
        let dx = if turned { &mut **dx } else { &mut *to };
        let values = &with.params[of.weights()];
        let weights = Reordered { values, scratch: &mut back.scratch.gradient };
        let below = Below { activation: Activation::Identity, y: x };
        linear::input_grad(of.topology(), weights, below, pass, dz, dx);
        back.flops += flops;
        if with.block.routing.normalize {
            let mut start = 0;
            for tile in lanes.tiles() {
                let of = start..start + tile.width;
                let (along, rates) = (&along[of.clone()], &rates[of.clone()]);
                start = of.end;
                across(tile, tile.of(x, size), tile.of_mut(dx, size), along, rates);
            }
        }
        if turned {
            for [stands, turned] in strips(standing.lanes, with.block) {
                to[stands].copy_from_slice(&self.dx[turned]);
            }
        }
        Ok(())
    }
}

/// Runs `each` over the logits of the tokens of a tile, in rows `(sample, token, logit)` and in slots, of which it is told
/// where the first one is: as many of a row at a time as a line of the cache has, so that few lines of both are near.
fn by_line(tile: Tile, tokens: usize, logits: usize, mut each: impl FnMut(Range<usize>, usize)) {
    let [width, samples] = [tile.width, tile.samples].map(|lanes| lanes / tokens);
    for token in 0..tokens {
        for first in (0..logits).step_by(LINE) {
            for sample in 0..samples {
                let row = (sample * tokens + token) * logits;
                let of_row = row + first..row + logits.min(first + LINE);
                each(of_row, first * tile.width + token * width + sample);
            }
        }
    }
}

/// Where each number of each token of the samples of `lanes` stands, and where it is among that of the sample's others.
fn strips(lanes: Lanes, block: &Block) -> impl Iterator<Item = [Range<usize>; 2]> {
    let Block { tokens, size, between, within, .. } = *block;
    lanes.tiles().flat_map(move |tile| {
        let strip = move |i: usize| {
            let (token, j) = (i / size, i % size);
            [token * between + j * within, j * tokens + token].map(|slot| {
                let first = tokens * size * tile.start + slot * tile.width;
                first..first + tile.width
            })
        };
        (0..tokens * size).map(strip)
    })
}

/// Appends `1 / |x|` of each lane; 0 of one of zeros.
fn lengths(tile: Tile, x: &[f32], rates: &mut Vec<f32>) {
    let mut squares = vec![0.0f32; tile.width];
    for slot in x.chunks_exact(tile.width) {
        squares.iter_mut().zip(slot).for_each(|(sum, x)| *sum += x * x);
    }
    rates.extend(squares.iter().map(|sum| if *sum > 0.0 { 1.0 / sum.sqrt() } else { 0.0 }));
}

/// Each lane times its rate.
fn scale(tile: Tile, slots: &mut [f32], rates: &[f32]) {
    for slot in slots.chunks_exact_mut(tile.width) {
        slot.iter_mut().zip(rates).for_each(|(z, rate)| *z *= rate);
    }
}

/// Appends `d · W x̂` of each lane.
fn products(tile: Tile, z: &[f32], dz: &[f32], along: &mut Vec<f32>) {
    let mut sums = vec![0.0f32; tile.width];
    for (z, dz) in z.chunks_exact(tile.width).zip(dz.chunks_exact(tile.width)) {
        sums.iter_mut().zip(z.iter().zip(dz)).for_each(|(sum, (z, dz))| *sum += z * dz);
    }
    along.extend(sums);
}

/// `dx − x (d · W x̂) / |x|²`.
fn across(tile: Tile, x: &[f32], dx: &mut [f32], along: &[f32], rates: &[f32]) {
    for (x, dx) in x.chunks_exact(tile.width).zip(dx.chunks_exact_mut(tile.width)) {
        for (((dx, x), along), rate) in dx.iter_mut().zip(x).zip(along).zip(rates) {
            *dx -= x * (along * rate * rate);
        }
    }
}
