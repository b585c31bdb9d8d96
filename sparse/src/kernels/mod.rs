//! The three products of a linear layer and their oracle.
//!
//! Activations are feature-major, `x (in, batch)`: one weight meets a contiguous row of batch lanes,
//! so that nothing is gathered. With the weights `W (out, in)` of a [`Topology`],
//!
//! ```text
//! forward     y (out, batch) = act(W x + b)        SpMM
//! input_grad  dx (in, batch) = Wᵀ dy               SpMM through the transposed order
//! weight_grad dW (nnz)       = dy xᵀ sampled on the active positions      SDDMM
//! ```
//!
//! Each costs `2 · nnz · batch` floating-point operations. A layer whose weights are all active goes
//! through dense products. Every function overwrites its output and panics where a slice does not
//! fit, which its callers have checked.

pub mod dense;
pub mod reference;
pub mod sparse;

use serde::Serialize;

use crate::topology::Topology;

/// The function after a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `y = x`.
    Identity,
    /// `y = max(x, 0)`.
    Relu,
}

impl Activation {
    /// Turns `dL/dy` into `dL/dx` given `y`; the gradient of ReLU at 0 is 0.
    pub fn backward(self, y: &[f32], dy: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => {
                for (dy, y) in dy.iter_mut().zip(y) {
                    *dy = if *y > 0.0 { *dy } else { 0.0 };
                }
            }
        }
    }

    #[inline(always)]
    fn apply(self, y: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => {
                for y in y {
                    *y = if *y > 0.0 { *y } else { 0.0 };
                }
            }
        }
    }
}

/// `y = act(W x + b)`: values `(nnz)`, bias `(out)`, x `(in, batch)`, y `(out, batch)`.
pub fn forward(
    topology: &Topology,
    values: &[f32],
    bias: &[f32],
    activation: Activation,
    batch: usize,
    x: &[f32],
    y: &mut [f32],
) {
    match topology.csr() {
        Some(csr) => sparse::forward(csr, values, bias, activation, batch, x, y),
        None => dense::forward(topology.cols(), values, bias, activation, batch, x, y),
    }
}

/// `dx = Wᵀ dy`: values `(nnz)`, dy `(out, batch)`, dx `(in, batch)`.
pub fn input_grad(topology: &Topology, values: &[f32], batch: usize, dy: &[f32], dx: &mut [f32]) {
    match topology.csr() {
        Some(csr) => sparse::input_grad(csr, values, batch, dy, dx),
        None => dense::input_grad(topology.rows(), topology.cols(), values, batch, dy, dx),
    }
}

/// `dW = dy xᵀ` on the active positions: dy `(out, batch)`, x `(in, batch)`, dw `(nnz)`.
pub fn weight_grad(topology: &Topology, batch: usize, dy: &[f32], x: &[f32], dw: &mut [f32]) {
    match topology.csr() {
        Some(csr) => sparse::weight_grad(csr, topology.rows(), batch, dy, x, dw),
        None => dense::weight_grad(topology.rows(), topology.cols(), batch, dy, x, dw),
    }
}

/// `db = Σ_batch dy`: dy `(out, batch)`, db `(out)`.
pub fn bias_grad(batch: usize, dy: &[f32], db: &mut [f32]) {
    for (db, dy) in db.iter_mut().zip(dy.chunks_exact(batch)) {
        *db = dy.iter().sum();
    }
}

/// `to (cols, rows) = from (rows, cols)ᵀ`, row-major.
pub fn transpose(rows: usize, cols: usize, from: &[f32], to: &mut [f32]) {
    for (r, row) in from.chunks_exact(cols).enumerate() {
        for (c, value) in row.iter().enumerate() {
            to[c * rows + r] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::sample::distinct;
    use crate::seed::Seed;

    /// Largest difference over the largest magnitude that went into the sums.
    fn error(found: &[f32], expected: &[(f64, f64)]) -> f64 {
        assert_eq!(found.len(), expected.len());
        let relative =
            |(f, (e, scale)): (&f32, &(f64, f64))| (f64::from(*f) - e).abs() / scale.max(1e-30);
        found.iter().zip(expected).map(relative).fold(0.0, f64::max)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn agree_with_the_reference(
            rows in 1usize..40, cols in 1usize..40, batch in 1usize..301, density in 0.001f64..1.0, seed in any::<u64>(), relu in any::<bool>()
        ) {
            let mut rng = Seed::new(seed).rng();
            let nnz = if density > 0.95 { rows * cols } else { (density * (rows * cols) as f64) as usize };
            let positions = distinct(rows * cols, nnz, &mut rng);
            let topology = Topology::new(rows, cols, &positions).unwrap();
            let mut draw = |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
            let (values, bias, x, dy) = (draw(nnz), draw(rows), draw(cols * batch), draw(rows * batch));
            let activation = if relu { Activation::Relu } else { Activation::Identity };

            let mut y = vec![f32::NAN; rows * batch];
            forward(&topology, &values, &bias, activation, batch, &x, &mut y);
            prop_assert!(error(&y, &reference::forward(&topology, &values, &bias, activation, batch, &x)) < 1e-5);

            let mut dx = vec![f32::NAN; cols * batch];
            input_grad(&topology, &values, batch, &dy, &mut dx);
            prop_assert!(error(&dx, &reference::input_grad(&topology, &values, batch, &dy)) < 1e-5);

            let mut dw = vec![f32::NAN; nnz];
            weight_grad(&topology, batch, &dy, &x, &mut dw);
            prop_assert!(error(&dw, &reference::weight_grad(&topology, batch, &dy, &x)) < 1e-5);
        }
    }

    #[test]
    fn an_empty_row_gives_its_bias_and_an_empty_column_no_gradient() {
        let topology = Topology::new(2, 2, &[0]).unwrap();
        let (mut y, mut dx) = ([f32::NAN; 2], [f32::NAN; 2]);
        forward(&topology, &[2.0], &[0.5, -3.0], Activation::Identity, 1, &[4.0, 5.0], &mut y);
        assert_eq!(y, [8.5, -3.0]);
        input_grad(&topology, &[2.0], 1, &[1.0, 1.0], &mut dx);
        assert_eq!(dx, [2.0, 0.0]);
    }

    #[test]
    fn relu_passes_no_gradient_at_zero() {
        let mut dy = [1.0; 3];
        Activation::Relu.backward(&[1.0, 0.0, 2.0], &mut dy);
        assert_eq!(dy, [1.0, 0.0, 1.0]);
    }

    #[test]
    fn transpose_turns_rows_into_columns() {
        let mut to = [0.0; 6];
        transpose(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut to);
        assert_eq!(to, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
