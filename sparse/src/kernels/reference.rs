//! The products as plain loops in `f64`: the oracle of every other kernel.
//!
//! Each result is a pair: the value, and the sum of the magnitudes that went into it, by which a
//! rounding error is to be judged.

use super::Activation;
use crate::topology::Topology;

/// The active entries as `(row, col, index)`.
fn entries(topology: &Topology) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
    let cols = topology.cols();
    topology.positions().enumerate().map(move |(k, p)| (p as usize / cols, p as usize % cols, k))
}

fn add(to: &mut (f64, f64), term: f64) {
    to.0 += term;
    to.1 += term.abs();
}

/// `y (out, batch) = act(W x + b)`.
pub fn forward(
    topology: &Topology,
    values: &[f32],
    bias: &[f32],
    activation: Activation,
    batch: usize,
    x: &[f32],
) -> Vec<(f64, f64)> {
    let mut y = vec![(0.0, 0.0); topology.rows() * batch];
    for (i, y) in y.iter_mut().enumerate() {
        add(y, f64::from(bias[i / batch]));
    }
    for (row, col, k) in entries(topology) {
        for b in 0..batch {
            add(&mut y[row * batch + b], f64::from(values[k]) * f64::from(x[col * batch + b]));
        }
    }
    if activation == Activation::Relu {
        for y in &mut y {
            y.0 = y.0.max(0.0);
        }
    }
    y
}

/// `dx (in, batch) = Wᵀ dy`.
pub fn input_grad(
    topology: &Topology,
    values: &[f32],
    batch: usize,
    dy: &[f32],
) -> Vec<(f64, f64)> {
    let mut dx = vec![(0.0, 0.0); topology.cols() * batch];
    for (row, col, k) in entries(topology) {
        for b in 0..batch {
            add(&mut dx[col * batch + b], f64::from(values[k]) * f64::from(dy[row * batch + b]));
        }
    }
    dx
}

/// `dW (nnz) = dy xᵀ` on the active positions.
pub fn weight_grad(topology: &Topology, batch: usize, dy: &[f32], x: &[f32]) -> Vec<(f64, f64)> {
    let mut dw = vec![(0.0, 0.0); topology.nnz()];
    for (row, col, k) in entries(topology) {
        for b in 0..batch {
            add(&mut dw[k], f64::from(dy[row * batch + b]) * f64::from(x[col * batch + b]));
        }
    }
    dw
}
