//! The layer of a router over all tokens.

use super::super::layer::Scratch;
use super::expert::rows;
use super::run::{Back, Run, With};
use super::tokens::{Move, Place, gather, scatter};
use crate::error::SparseError;
use crate::kernels::lanes::Tile;
use crate::kernels::{Buffer, Lanes, Plane, Sides};
use crate::layers::Activation;

/// What the layer reads and gives in a pass, in slots.
#[derive(Debug)]
pub(super) struct Gate {
    lanes: Lanes,
    moves: Vec<Move>,
    x: Buffer,
    z: Buffer,
    dz: Buffer,
    dx: Buffer,
    all: Vec<f32>,
    /// `1 / |x|` of each token, where it reads tokens of length 1.
    rates: Vec<f32>,
}

impl Default for Gate {
    fn default() -> Self {
        let lanes = Lanes::new(0);
        let [x, z, dz, dx] = [(); 4].map(|()| lanes.zeros(0));
        let moves = Vec::new();
        Self { lanes, moves, x, z, dz, dx, all: Vec::new(), rates: Vec::new() }
    }
}

impl Gate {
    /// The logits `(tokens, logits)` of the tokens at `places` in `x` by `layer`, and the operations that it took.
    pub fn forward(
        &mut self,
        with: With<'_>,
        layer: usize,
        (x, places): (&[f32], &[Place]),
        scratch: &mut Scratch,
    ) -> (Vec<f32>, u64) {
        let size = with.block.size;
        self.lanes = Lanes::new(places.len());
        let rows = Place::rows(0, self.lanes, size).zip(places);
        self.moves.clear();
        self.moves.extend(rows.map(|(row, token)| Move { token: *token, row, weight: 1.0 }));
        self.x.clear();
        self.x.resize(size * self.lanes.width(), 0.0);
        gather(x, &self.moves, (&mut self.x, size));
        self.rates.clear();
        if with.block.routing.normalize {
            for tile in self.lanes.tiles() {
                normalize(tile, tile.of_mut(&mut self.x, size), &mut self.rates);
            }
        }
        let Self { lanes, x, z, all, .. } = self;
        z.resize(with.rows(layer) * lanes.width(), 0.0);
        let flops = with.forward(layer, *lanes, all, scratch, (x, z));
        (self.logits(), flops)
    }

    /// What the layer gave, `(tokens, logits)`.
    pub fn logits(&self) -> Vec<f32> {
        rows(self.lanes, &self.z)
    }

    /// From `dz (tokens, logits)` all gradients, that of the tokens added to where they stand in `to`. The biases have
    /// none.
    pub fn backward(
        &mut self,
        with: With<'_>,
        layer: usize,
        (dz, to): (&[f32], &mut [f32]),
        back: &mut Back<'_>,
    ) -> Result<(), SparseError> {
        let size = with.block.size;
        let Self { lanes, moves, x, z, dz: slots, dx, all, rates } = self;
        slots.resize(z.len(), 0.0);
        dx.resize(x.len(), 0.0);
        Plane::flat(z.len() / lanes.width().max(1)).from_rows(*lanes, dz, slots);
        let (sides, below) = (Sides { dy: slots, x }, Activation::Identity);
        back.run(with, Run { layer, lanes: *lanes, all, sides, below }, dx)?;
        if let Some(biases) = back.grads.get_mut(with.layers[layer].of().biases()) {
            biases.fill(0.0);
        }
        if with.block.routing.normalize {
            for tile in lanes.tiles() {
                let (x, rates) = (tile.of(x, size), &rates[tile.first..]);
                normalize_back(tile, x, rates, tile.of_mut(dx, size));
            }
        }
        scatter((dx, size), moves, to);
        Ok(())
    }
}

/// `x̂ = x / |x|`, in the place of `x`; a token of zeros stays.
fn normalize(tile: Tile, x: &mut [f32], rates: &mut Vec<f32>) {
    let mut squares = vec![0.0f32; tile.samples];
    for slot in x.chunks_exact(tile.width) {
        squares.iter_mut().zip(slot).for_each(|(sum, x)| *sum += x * x);
    }
    let start = rates.len();
    rates.extend(squares.iter().map(|sum| if *sum > 0.0 { 1.0 / sum.sqrt() } else { 0.0 }));
    for slot in x.chunks_exact_mut(tile.width) {
        slot.iter_mut().zip(&rates[start..]).for_each(|(x, rate)| *x *= rate);
    }
}

/// `dx = (dx̂ − x̂ Σ x̂ dx̂) / |x|`, in the place of `dx̂`.
fn normalize_back(tile: Tile, x: &[f32], rates: &[f32], dx: &mut [f32]) {
    let mut along = vec![0.0f32; tile.samples];
    for (x, dx) in x.chunks_exact(tile.width).zip(dx.chunks_exact(tile.width)) {
        along.iter_mut().zip(x.iter().zip(dx)).for_each(|(sum, (x, dx))| *sum += x * dx);
    }
    for (x, dx) in x.chunks_exact(tile.width).zip(dx.chunks_exact_mut(tile.width)) {
        for (((dx, x), along), rate) in dx.iter_mut().zip(x).zip(&along).zip(rates) {
            *dx = (*dx - x * along) * rate;
        }
    }
}
