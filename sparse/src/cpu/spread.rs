//! Linear layers of elements in batches of few samples.
//!
//! A tile is never narrower than [`GRAIN`](crate::kernels::lanes::GRAIN) lanes, most of which a small batch leaves
//! empty, and the real matrix of a layer of elements is larger than its weights are. Here weights stay as they are: with
//! `L(w)_rj = Σ_i s_rji w_i`,
//!
//! ```text
//! y (k; r, col) = Σ_c Σ_i w_kci · x̃ (c, i; r, col)      x̃ (c, i; r, col) = Σ_j s_rji x (c; j, col)
//! ```
//!
//! a product of the weights `(K, C n)` themselves with an input that stands spread out, once for each component of the
//! output: as lanes, `n` times as many as there are samples.

use std::sync::Arc;

use super::products::Scratch;
use crate::algebra::Algebra;
use crate::kernels::lanes::TILE;
use crate::kernels::{Lanes, Pass, ViewMut, Weights, activation, linear};
use crate::layers::{Activation, Layer, Shape};
use crate::topology::Topology;

/// How a linear layer of elements is computed in small batches.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    algebra: Algebra,
    topology: Arc<Topology>,
    /// As many as there are rows of elements.
    no_bias: Arc<[f32]>,
}

impl Spread {
    /// Of `layer`; none of a real one, or a convolution.
    pub fn of(layer: &Layer) -> Option<Self> {
        let (algebra, topology) = (layer.algebra(), layer.topology().clone());
        match layer.shape() {
            Shape::Linear { .. } if !algebra.is_real() => {
                let no_bias = vec![0.0; topology.rows()].into();
                Some(Self { algebra, topology, no_bias })
            }
            Shape::Linear { .. } | Shape::Conv2d(_) => None,
        }
    }

    /// The lanes of the product for a batch in `lanes`.
    fn lanes(&self, lanes: Lanes) -> Lanes {
        Lanes::new(lanes.batch() * self.algebra.order())
    }

    /// Whether it is the way with fewer multiplications, empty lanes among them, and within one tile.
    pub fn takes(&self, lanes: Lanes) -> bool {
        let (side, columns) = (self.algebra.side(), self.algebra.columns());
        let spread = self.lanes(lanes);
        let folded = side * side * columns * lanes.width();
        (1..=TILE).contains(&spread.batch()) && self.algebra.order() * spread.width() <= folded
    }

    /// `y = act(W x + b)`.
    pub fn forward(
        &self,
        weights: Weights<'_>,
        pass: Pass,
        scratch: &mut Scratch,
        x: &[f32],
        y: ViewMut<'_>,
    ) {
        let Weights { values, bias, activation } = weights;
        let (order, topology) = (self.algebra.order(), &*self.topology);
        let (batch, width) = (pass.lanes.batch(), pass.lanes.width());
        let lanes = self.lanes(pass.lanes);
        let Scratch { spread, sums, features, .. } = scratch;
        spread.clear();
        spread.resize(topology.cols() * lanes.width(), 0.0);
        let elements = x.chunks_exact(order * width);
        for (x, to) in elements.zip(spread.chunks_exact_mut(order * lanes.width())) {
            self.spread(x, width, batch, to, lanes.width());
        }
        sums.resize(topology.rows() * lanes.width(), 0.0);
        let plain = Weights { values, bias: &self.no_bias, activation: Activation::Identity };
        linear::forward(topology, plain, Pass { lanes, par: pass.par }, spread, sums);
        y.plane.fill(pass.lanes, features, y.data, |y| {
            for (sums, y) in sums.chunks_exact(lanes.width()).zip(y.chunks_exact_mut(order * width))
            {
                for (sums, y) in sums.chunks_exact(batch).zip(y.chunks_exact_mut(width)) {
                    y[..batch].copy_from_slice(sums);
                    y[batch..].fill(0.0);
                }
            }
            activation::apply(activation, bias, width, y);
        });
    }

    /// One element `x`, `n` slots of `width` lanes, into `n` slots of `to_width` lanes.
    fn spread(&self, x: &[f32], width: usize, batch: usize, to: &mut [f32], to_width: usize) {
        let (side, columns) = (self.algebra.side(), self.algebra.columns());
        for (r, j) in (0..side).flat_map(|r| (0..side).map(move |j| (r, j))) {
            let Some(term) = self.algebra.term(r, j) else { continue };
            let to = &mut to[term.part * to_width..][..to_width];
            for col in 0..columns {
                let to = &mut to[(r * columns + col) * batch..][..batch];
                let from = &x[(j * columns + col) * width..][..batch];
                match term.negative {
                    true => to.iter_mut().zip(from).for_each(|(to, from)| *to = -from),
                    false => to.copy_from_slice(from),
                }
            }
        }
    }
}
