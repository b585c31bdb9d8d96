//! The first weights of a layer, drawn from our own generator (candle's CPU one cannot be seeded).

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

use crate::algebra::Algebra;
use crate::seed::Rng;
use crate::topology::Topology;

/// Standard deviation of a standard normal variable truncated to ±2, by which variance scaling
/// divides (`jax.nn.initializers.variance_scaling`; the TensorFlow one agrees).
const TRUNCATED_STD: f64 = 0.879_625_661_034_239_8;

/// How the weights of a dense layer are drawn. Under a sparse topology the active ones are kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Init {
    /// Normal of variance `scale / n_in`, truncated at two standard deviations of the untruncated
    /// one; `scale` 2 is He's.
    TruncatedNormal {
        /// `scale`.
        scale: f64,
    },
    /// `U(−limit, limit)`.
    Uniform {
        /// `limit`.
        limit: f64,
    },
    /// Glorot's `U(−√(6 / (n_in + n_out)), √(6 / (n_in + n_out)))`; the weights of a kernel count in
    /// both fans.
    GlorotUniform,
    /// `gain` times a random matrix with orthonormal rows, or columns where there are fewer of them
    /// (Saxe et al. 2014, 1312.6120): Gram–Schmidt on normal draws.
    Orthogonal {
        /// `gain`.
        gain: f64,
    },
}

/// What the numbers of inputs and outputs of a unit go by, beside a topology.
#[derive(Clone, Copy, Debug)]
pub struct Fans {
    /// Columns of one input: the weights of a kernel's image.
    pub area: usize,
    /// What the weights are elements of.
    pub algebra: Algebra,
}

impl Fans {
    /// Of real weights, an input of which has `area` columns.
    pub fn real(area: usize) -> Self {
        Self { area, algebra: Algebra::REAL }
    }

    /// `n_in` and `n_out` of a component where every weight of `topology` is active; the weights of a kernel count in
    /// both.
    fn dense(self, topology: &Topology) -> [f64; 2] {
        let outputs = topology.rows() * self.algebra.order();
        [topology.cols(), outputs * self.area].map(|ends| self.algebra.fan(ends))
    }
}

impl Init {
    /// One weight for each active position, `(nnz)`. Over an algebra, where no matrix of elements is orthogonal in the
    /// sense of the real one, orthogonal weights are normal ones of the same variance.
    pub fn draw(self, topology: &Topology, fans: Fans, rng: &mut Rng) -> Vec<f32> {
        let (rows, cols) = (topology.rows(), topology.cols());
        let [n_in, n_out] = fans.dense(topology);
        match self {
            Self::TruncatedNormal { scale } => {
                let std = (scale / n_in).sqrt() / TRUNCATED_STD;
                (0..topology.nnz()).map(|_| (truncated_normal(rng) * std) as f32).collect()
            }
            Self::Uniform { limit } => (0..topology.nnz()).map(|_| uniform(limit, rng)).collect(),
            Self::GlorotUniform => {
                let limit = (6.0 / (n_in + n_out)).sqrt();
                (0..topology.nnz()).map(|_| uniform(limit, rng)).collect()
            }
            Self::Orthogonal { gain } if !fans.algebra.is_real() => {
                let std = gain / n_in.max(n_out / fans.area as f64).sqrt();
                let draw = |_| -> f64 { StandardNormal.sample(rng) };
                (0..topology.nnz()).map(draw).map(|draw| (std * draw) as f32).collect()
            }
            Self::Orthogonal { gain } => {
                let (count, len) = (rows.min(cols), rows.max(cols));
                let basis = orthonormal(count, len, rng);
                let at = |row: usize, col: usize| match rows <= cols {
                    true => basis[row][col],
                    false => basis[col][row],
                };
                let weight = |p: u32| (gain * at(p as usize / cols, p as usize % cols)) as f32;
                topology.positions().map(weight).collect()
            }
        }
    }
}

/// The sparsity-aware initialiser (`unit_scaled_init_tf1` of the code of Graesser et al. 2022, with
/// `fanavg_uniform`):
/// `U(−√(3v), √(3v))` with `v = 1 / max(1, (fan_in[o] + fan_out[i]) / 2)`, fans counting active
/// weights only. It takes the place of the layer's own initialiser. `(nnz)`.
pub fn sparsity_aware(topology: &Topology, fans: Fans, rng: &mut Rng) -> Vec<f32> {
    let Fans { area, algebra } = fans;
    // An element of weights is one, with a fan of as many components as a row of its block.
    let (order, each) = (algebra.order(), algebra.fan(algebra.order()));
    let inputs = topology.cols() / area / order;
    let (mut fan_in, mut fan_out) = (vec![0u32; topology.rows()], vec![0u32; inputs]);
    let ends = |p: u32| (p as usize / topology.cols(), p as usize % topology.cols() / area / order);
    for (o, i) in topology.positions().step_by(order).map(ends) {
        fan_in[o] += 1;
        fan_out[i] += 1;
    }
    let limit = |(o, i): (usize, usize)| {
        let fan = each * f64::from(fan_in[o] + fan_out[i]) / 2.0;
        (3.0 / fan.max(1.0)).sqrt()
    };
    topology.positions().map(|p| uniform(limit(ends(p)), rng)).collect()
}

fn uniform(limit: f64, rng: &mut Rng) -> f32 {
    (limit * (2.0 * rng.random::<f64>() - 1.0)) as f32
}

/// `count ≤ len` random vectors of length 1 that stand at right angles, `(count, len)`.
fn orthonormal(count: usize, len: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut v: Vec<f64> = (0..len).map(|_| StandardNormal.sample(rng)).collect();
        // Twice is enough (Giraud et al. 2005).
        for _ in 0..2 {
            for b in &basis {
                let along = dot(&v, b);
                v.iter_mut().zip(b).for_each(|(v, b)| *v -= along * b);
            }
        }
        let norm = dot(&v, &v).sqrt();
        v.iter_mut().for_each(|v| *v /= norm);
        basis.push(v);
    }
    basis
}

fn truncated_normal(rng: &mut Rng) -> f64 {
    loop {
        let draw: f64 = StandardNormal.sample(rng);
        if draw.abs() <= 2.0 {
            return draw;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::distinct;
    use crate::seed::Seed;

    #[test]
    fn truncated_normal_has_the_variance_of_its_fan_in() {
        let topology = Topology::dense(512, 512).unwrap();
        let init = Init::TruncatedNormal { scale: 2.0 };
        let weights = init.draw(&topology, Fans::real(1), &mut Seed::new(1).rng());
        let variance = weights.iter().map(|w| f64::from(w * w)).sum::<f64>() / weights.len() as f64;
        assert!((variance * 512.0 / 2.0 - 1.0).abs() < 0.02, "{variance}");
        let bound = 2.0 * (2.0 / 512.0f64).sqrt() / TRUNCATED_STD;
        assert!(weights.iter().all(|w| f64::from(w.abs()) <= bound * 1.000_001));
    }

    #[test]
    fn glorot_fills_its_bounds() {
        for (area, fans) in [(1, 48 + 64), (12, 48 + 64 * 12)] {
            let topology = Topology::dense(64, 48).unwrap();
            let weights =
                Init::GlorotUniform.draw(&topology, Fans::real(area), &mut Seed::new(1).rng());
            let largest = weights.iter().fold(0f32, |largest, w| largest.max(w.abs()));
            let limit = (6.0 / fans as f64).sqrt();
            assert!((0.99..=1.000_001).contains(&(f64::from(largest) / limit)), "{largest}");
        }
    }

    #[test]
    fn orthogonal_rows_or_columns_have_the_gain_as_length_and_stand_at_right_angles() {
        for (rows, cols) in [(16, 16), (5, 40), (40, 5), (1, 7)] {
            let topology = Topology::dense(rows, cols).unwrap();
            let init = Init::Orthogonal { gain: 2.0 };
            let weights = init.draw(&topology, Fans::real(1), &mut Seed::new(1).rng());
            let at = |row: usize, col: usize| f64::from(weights[row * cols + col]);
            let few = rows.min(cols);
            for (a, b) in (0..few).flat_map(|a| (0..few).map(move |b| (a, b))) {
                let product: f64 = match rows <= cols {
                    true => (0..cols).map(|k| at(a, k) * at(b, k)).sum(),
                    false => (0..rows).map(|k| at(k, a) * at(k, b)).sum(),
                };
                let expected = if a == b { 4.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-5, "{rows}x{cols}: {product}");
            }
            // What a sparse layer keeps of it stands where it stood.
            let sparse = Topology::new(rows, cols, &[(rows * cols - 1) as u32]).unwrap();
            let kept = init.draw(&sparse, Fans::real(1), &mut Seed::new(1).rng());
            assert_eq!(kept, weights[rows * cols - 1..]);
        }
    }

    /// A linear layer of 48 inputs, and a convolution of 4 with 3 × 4 kernels.
    #[test]
    fn sparsity_aware_weights_fill_the_bounds_of_their_units() {
        for area in [1, 12] {
            let mut rng = Seed::new(2).rng();
            let positions = distinct(64 * 48, 300, &mut rng);
            let topology = Topology::new(64, 48, &positions).unwrap();
            let mut nearest = 0.0f64;
            for _ in 0..50 {
                let weights = sparsity_aware(&topology, Fans::real(area as usize), &mut rng);
                for (k, p) in positions.iter().enumerate() {
                    let (o, i) = (p / 48, p % 48 / area);
                    let fan_in = positions.iter().filter(|q| **q / 48 == o).count();
                    let fan_out = positions.iter().filter(|q| **q % 48 / area == i).count();
                    let bound = (3.0 / (((fan_in + fan_out) as f64) / 2.0).max(1.0)).sqrt();
                    nearest = nearest.max(f64::from(weights[k].abs()) / bound);
                }
            }
            assert!(nearest <= 1.000_001 && nearest > 0.99, "{nearest}");
        }
    }
}
