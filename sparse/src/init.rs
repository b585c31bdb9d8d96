//! The first weights of a layer, drawn from our own generator (candle's CPU one cannot be seeded).

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

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
}

impl Init {
    /// One weight for each active position, `(nnz)`.
    pub fn draw(self, topology: &Topology, rng: &mut Rng) -> Vec<f32> {
        match self {
            Self::TruncatedNormal { scale } => {
                let std = (scale / topology.cols() as f64).sqrt() / TRUNCATED_STD;
                (0..topology.nnz()).map(|_| (truncated_normal(rng) * std) as f32).collect()
            }
            Self::Uniform { limit } => (0..topology.nnz()).map(|_| uniform(limit, rng)).collect(),
        }
    }
}

/// The sparsity-aware initialiser (PAPERS 1.5, `unit_scaled_init_tf1` with `fanavg_uniform`):
/// `U(−√(3v), √(3v))` with `v = 1 / max(1, (fan_in[o] + fan_out[i]) / 2)`, fans counting active
/// weights only; an input has `area` columns, the kernel of a convolution. It takes the place of the
/// layer's own initialiser. `(nnz)`.
pub fn sparsity_aware(topology: &Topology, area: usize, rng: &mut Rng) -> Vec<f32> {
    let inputs = topology.cols() / area;
    let (mut fan_in, mut fan_out) = (vec![0u32; topology.rows()], vec![0u32; inputs]);
    let ends = |p: u32| (p as usize / topology.cols(), p as usize % topology.cols() / area);
    for (o, i) in topology.positions().map(ends) {
        fan_in[o] += 1;
        fan_out[i] += 1;
    }
    let limit = |(o, i): (usize, usize)| {
        let fan = f64::from(fan_in[o] + fan_out[i]) / 2.0;
        (3.0 / fan.max(1.0)).sqrt()
    };
    topology.positions().map(|p| uniform(limit(ends(p)), rng)).collect()
}

fn uniform(limit: f64, rng: &mut Rng) -> f32 {
    (limit * (2.0 * rng.random::<f64>() - 1.0)) as f32
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
        let weights = init.draw(&topology, &mut Seed::new(1).rng());
        let variance = weights.iter().map(|w| f64::from(w * w)).sum::<f64>() / weights.len() as f64;
        assert!((variance * 512.0 / 2.0 - 1.0).abs() < 0.02, "{variance}");
        let bound = 2.0 * (2.0 / 512.0f64).sqrt() / TRUNCATED_STD;
        assert!(weights.iter().all(|w| f64::from(w.abs()) <= bound * 1.000_001));
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
                let weights = sparsity_aware(&topology, area as usize, &mut rng);
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
