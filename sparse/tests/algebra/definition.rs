//! The algebras by their definitions, in f64, knowing nothing of blocks: what the products of layers are checked against.

use sparring_sparse::Algebra;

/// `w · x` of one element each, as textbooks multiply them.
pub fn product(algebra: Algebra, w: &[f64], x: &[f64]) -> Vec<f64> {
    match algebra.row().name {
        "c" => complex([w[0], w[1]], [x[0], x[1]]).to_vec(),
        "dual" => vec![w[0] * x[0], w[1] * x[0] + w[0] * x[1]],
        "h" => quaternion(w, x),
        "m2r" => matrix(2, w, x),
        "m3r" => matrix(3, w, x),
        "m4r" => matrix(4, w, x),
        "m2c" => complex_matrix(w, x),
        "cross" => {
            vec![w[1] * x[2] - w[2] * x[1], w[2] * x[0] - w[0] * x[2], w[0] * x[1] - w[1] * x[0]]
        }
        other => panic!("no definition of {other}"),
    }
}

fn complex([a, b]: [f64; 2], [c, d]: [f64; 2]) -> [f64; 2] {
    [a * c - b * d, a * d + b * c]
}

/// By the table of the units 1, i, j, k: each product is a unit with a sign.
fn quaternion(w: &[f64], x: &[f64]) -> Vec<f64> {
    const TABLE: [[(usize, f64); 4]; 4] = [
        [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0)],
        [(1, 1.0), (0, -1.0), (3, 1.0), (2, -1.0)],
        [(2, 1.0), (3, -1.0), (0, -1.0), (1, 1.0)],
        [(3, 1.0), (2, 1.0), (1, -1.0), (0, -1.0)],
    ];
    let mut y = vec![0.0; 4];
    for (row, w) in TABLE.iter().zip(w) {
        for ((unit, sign), x) in row.iter().zip(x) {
            y[*unit] += sign * w * x;
        }
    }
    y
}

fn matrix(n: usize, w: &[f64], x: &[f64]) -> Vec<f64> {
    let at = |r: usize, c: usize| (0..n).map(|k| w[r * n + k] * x[k * n + c]).sum();
    (0..n * n).map(|i| at(i / n, i % n)).collect()
}

/// Entry `(r, c)` of the matrix has its real part at `(2 r) 2 + c` and its imaginary part at `(2 r + 1) 2 + c`.
fn complex_matrix(w: &[f64], x: &[f64]) -> Vec<f64> {
    let entry = |of: &[f64], r: usize, c: usize| [of[4 * r + c], of[4 * r + 2 + c]];
    let mut y = vec![0.0; 8];
    for (r, c) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        for k in 0..2 {
            let [re, im] = complex(entry(w, r, k), entry(x, k, c));
            y[4 * r + c] += re;
            y[4 * r + 2 + c] += im;
        }
    }
    y
}
