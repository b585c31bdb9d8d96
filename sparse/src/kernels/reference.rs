//! The products as plain loops in `f64` over rows of samples: the oracle of every other kernel.
//!
//! Each result is a pair: the value, and the sum of the magnitudes that went into it, by which a
//! rounding error is to be judged.

use super::norm::EPSILON;
use super::plane::Plane;
use crate::layers::{Activation, MaxPool};
use crate::stats::mean_and_variance;
use crate::topology::Topology;

/// A value and the magnitudes that went into it.
pub type Sum = (f64, f64);

/// The active entries as `(row, col, index)`.
fn entries(topology: &Topology) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
    let cols = topology.cols();
    topology.positions().enumerate().map(move |(k, p)| (p as usize / cols, p as usize % cols, k))
}

fn add(to: &mut Sum, a: f32, b: f32) {
    let term = f64::from(a) * f64::from(b);
    to.0 += term;
    to.1 += term.abs();
}

/// The largest difference, over the magnitudes that went into the sums.
pub fn error(found: &[f32], expected: &[Sum]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let relative = |(f, (e, scale)): (&f32, &Sum)| (f64::from(*f) - e).abs() / scale.max(1e-30);
    // `max` would pass over a NaN.
    let worst = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
    found.iter().zip(expected).map(relative).fold(0.0, worst)
}

/// `y (batch, out) = act(W x + b)`, x `(batch, in)`.
pub fn forward(
    topology: &Topology,
    values: &[f32],
    bias: &[f32],
    activation: Activation,
    batch: usize,
    x: &[f32],
) -> Vec<Sum> {
    let (rows, cols) = (topology.rows(), topology.cols());
    let mut y = vec![(0.0, 0.0); rows * batch];
    for (i, y) in y.iter_mut().enumerate() {
        add(y, bias[i % rows], 1.0);
    }
    for (row, col, k) in entries(topology) {
        for b in 0..batch {
            add(&mut y[b * rows + row], values[k], x[b * cols + col]);
        }
    }
    for y in &mut y {
        activate(activation, y);
    }
    y
}

/// Applies `activation` to a sum; its slope is at most 1, so the magnitudes stay a bound.
pub fn activate(activation: Activation, y: &mut Sum) {
    match activation {
        Activation::Identity => {}
        Activation::Relu => y.0 = y.0.max(0.0),
        // A bounded function: its own rounding counts beside what comes in.
        Activation::Tanh => *y = (y.0.tanh(), y.1 + 1.0),
    }
}

/// Multiplies a gradient by `act'` of the activation that gave `y`.
pub fn chain(activation: Activation, y: f32, dx: &mut Sum) {
    let (slope, magnitude) = match activation {
        Activation::Identity => (1.0, 1.0),
        Activation::Relu => (f64::from(u8::from(y > 0.0)), 1.0),
        Activation::Tanh => (1.0 - f64::from(y).powi(2), 1.0 + f64::from(y).powi(2)),
    };
    *dx = (dx.0 * slope, dx.1 * magnitude);
}

/// `dx (batch, in) = (Wᵀ dy) · act'(x)`, where `below` made `x (batch, in)`.
pub fn input_grad(
    topology: &Topology,
    values: &[f32],
    below: Activation,
    batch: usize,
    x: &[f32],
    dy: &[f32],
) -> Vec<Sum> {
    let (rows, cols) = (topology.rows(), topology.cols());
    let mut dx = vec![(0.0, 0.0); cols * batch];
    for (row, col, k) in entries(topology) {
        for b in 0..batch {
            add(&mut dx[b * cols + col], values[k], dy[b * rows + row]);
        }
    }
    for (dx, x) in dx.iter_mut().zip(x) {
        chain(below, *x, dx);
    }
    dx
}

/// `dW (nnz) = dy xᵀ` on the active positions: x `(batch, in)`, dy `(batch, out)`.
pub fn weight_grad(topology: &Topology, batch: usize, x: &[f32], dy: &[f32]) -> Vec<Sum> {
    let (rows, cols) = (topology.rows(), topology.cols());
    let mut dw = vec![(0.0, 0.0); topology.nnz()];
    for (row, col, k) in entries(topology) {
        for b in 0..batch {
            add(&mut dw[k], dy[b * rows + row], x[b * cols + col]);
        }
    }
    dw
}

/// `db (out) = Σ dy`: dy `(batch, out)`.
pub fn bias_grad(rows: usize, batch: usize, dy: &[f32]) -> Vec<Sum> {
    let mut db = vec![(0.0, 0.0); rows];
    for b in 0..batch {
        for (db, dy) in db.iter_mut().zip(&dy[b * rows..][..rows]) {
            add(db, *dy, 1.0);
        }
    }
    db
}

/// `y (batch, n) = γ ⊙ (x − mean) / √(var + ε) + β` over the features of each sample of x `(batch, n)`: params `γ
/// (n)`, then `β (n)`.
pub fn layer_norm(params: &[f64], x: &[f64]) -> Vec<f64> {
    let (scale, shift) = params.split_at(params.len() / 2);
    let one = |x: &[f64]| {
        let (mean, variance) = mean_and_variance(x.iter().copied());
        let root = (variance + f64::from(EPSILON)).sqrt();
        let each = x.iter().zip(scale.iter().zip(shift));
        each.map(|(x, (scale, shift))| scale * (x - mean) / root + shift).collect::<Vec<f64>>()
    };
    x.chunks_exact(scale.len()).flat_map(one).collect()
}

/// For each output of `pool` over the images of `plane`, `(batch, out)`, the input in x `(batch, in)`
/// that is its largest, the first of those that tie.
pub fn max_pool(pool: &MaxPool, plane: &Plane, batch: usize, x: &[f32]) -> Vec<usize> {
    let to = pool.output(&plane.features());
    // Where the first window begins: half of what the windows reach over the image.
    let before = |out: usize, size: usize, kernel: usize| {
        ((out - 1) * pool.stride + kernel).saturating_sub(size) / 2
    };
    let top = before(to.height, plane.height, pool.kernel[0]);
    let left = before(to.width, plane.width, pool.kernel[1]);
    let mut from = Vec::with_capacity(batch * to.size());
    for image in 0..batch * plane.channels {
        for (oy, ox) in (0..to.height).flat_map(|oy| (0..to.width).map(move |ox| (oy, ox))) {
            let mut best: Option<usize> = None;
            for ky in 0..pool.kernel[0] {
                for kx in 0..pool.kernel[1] {
                    let (y, x_at) = (oy * pool.stride + ky, ox * pool.stride + kx);
                    let (Some(y), Some(col)) = (y.checked_sub(top), x_at.checked_sub(left)) else {
                        continue;
                    };
                    if y < plane.height && col < plane.width {
                        let at = (image * plane.height + y) * plane.width + col;
                        best = best.filter(|best| x[*best] >= x[at]).or(Some(at));
                    }
                }
            }
            from.extend(best);
        }
    }
    from
}
