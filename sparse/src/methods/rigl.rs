//! RigL, the rigged lottery (Evci et al. 2020, 1911.11134; PAPERS 1.6).
//!
//! Drops the active weights of smallest magnitude and grows as many where the magnitude of the dense
//! gradient is largest, among all positions that did not stay, those just dropped included. The
//! gradient is taken at the weights before the change.

//!
//! Differs from the reference implementation in: 1. `grown_moment` starts the first moment only.
//! There every slot of the optimiser starts at `c · g`, which Adam's second moment, a mean of
//! squares, must not be.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::LayerView;
use super::moves::{Drop, Moves, Start};
use crate::config::{GrownValue, Rigl};
use crate::error::SparseError;
use crate::seed::Rng;

/// Replaces `⌊fraction · active⌋` of the units of `layer` by the `dense_grad (out · in)`; `rng` is
/// for grown values that are drawn.
pub fn rewire(
    layer: LayerView<'_>,
    dense_grad: &[f32],
    fraction: f64,
    config: &Rigl,
    rng: &mut Rng,
) -> Result<Moves, SparseError> {
    let mut scores = layer.units.dense_sums(dense_grad.iter().map(|g| g.abs()));
    if config.inverted {
        scores.iter_mut().for_each(|score| *score = -*score);
    }
    let moves = Drop::smallest(layer, fraction).grow_largest(&scores)?;
    let grads = || moves.anew(moves.topology().positions()).map(|p| dense_grad[p as usize]);
    let values = match config.grown_value {
        GrownValue::Zero => Vec::new(),
        GrownValue::Gradient { scale } => grads().map(|g| scale as f32 * g).collect(),
        // Not `signum`, which is 1 at 0.
        GrownValue::Sign { scale } => {
            let sign = |g: f32| if g == 0.0 { 0.0 } else { g.signum() };
            grads().map(|g| scale as f32 * sign(g)).collect()
        }
        GrownValue::Normal { scale } => {
            let std = scale * deviation(layer.values);
            let draw = |_| {
                let z: f64 = StandardNormal.sample(rng);
                (std * z) as f32
            };
            grads().map(draw).collect()
        }
        GrownValue::Uniform { scale } => {
            let limit = scale * mean(layer.values.iter().map(|w| f64::from(w.abs())));
            grads().map(|_| (limit * (2.0 * rng.random::<f64>() - 1.0)) as f32).collect()
        }
    };
    let first = match config.grown_moment {
        0.0 => Vec::new(),
        c => grads().map(|g| c as f32 * g).collect(),
    };
    Ok(moves.starting(Start { values, moments: [first, Vec::new()] }))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

fn deviation(values: &[f32]) -> f64 {
    let center = mean(values.iter().map(|w| f64::from(*w)));
    mean(values.iter().map(|w| (f64::from(*w) - center).powi(2))).sqrt()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Decay, DropGrow, Order, Pattern};
    use crate::methods::{Counts, Units};
    use crate::seed::Seed;
    use crate::topology::Topology;

    fn paper() -> Rigl {
        Rigl::new(DropGrow {
            every: 1,
            until: 1,
            drop_fraction: 0.5,
            decay: Decay::Constant,
            order: Order::BeforeStep,
        })
    }

    fn rewired(
        topology: &Topology,
        values: &[f32],
        grad: &[f32],
        fraction: f64,
        config: &Rigl,
    ) -> Moves {
        let units = &Units::new(Pattern::Unstructured, topology.rows(), topology.cols());
        let topology = &Arc::new(topology.clone());
        let layer = LayerView { topology, units, values };
        rewire(layer, grad, fraction, config, &mut Seed::new(1).rng()).unwrap()
    }

    /// 2×4, entries at 0 1 4 6 with values 0.9 −0.2 0.3 −0.8, worked by hand.
    #[test]
    fn hand_worked_table() {
        let topology = Topology::new(2, 4, &[0, 1, 4, 6]).unwrap();
        let values = [0.9, -0.2, 0.3, -0.8];
        let grad = [9.0, 1.0, -2.0, 0.5, 0.1, -3.0, 9.0, 2.0];
        // fraction → positions, (grown, regrown)
        let table: [(f64, &[u32], usize, usize); 5] = [
            (0.0, &[0, 1, 4, 6], 0, 0),
            (0.25, &[0, 4, 5, 6], 1, 0), // 1 goes, 5 comes
            (0.5, &[0, 2, 5, 6], 2, 0),  // 4 goes; 2 and 7 tie at 2.0, the lower index wins
            (0.75, &[0, 5, 6, 2], 2, 1), // 6 goes and comes again
            (1.0, &[0, 6, 5, 2], 2, 2),  // all go, the four largest gradients come
        ];
        for (fraction, positions, grown, regrown) in table {
            let moves = rewired(&topology, &values, &grad, fraction, &paper());
            let mut expected = positions.to_vec();
            expected.sort_unstable();
            assert_eq!(moves.topology().positions().collect::<Vec<_>>(), expected, "{fraction}");
            let dropped = grown + regrown;
            assert_eq!(moves.counts(), Counts { dropped, grown, regrown }, "{fraction}");
        }
        let moves = rewired(&topology, &values, &grad, 0.75, &paper());
        assert_eq!(moves.remap(&values).collect::<Vec<_>>(), [0.9, 0.0, 0.0, -0.8]);
    }

    #[test]
    fn an_active_zero_stays_before_an_inactive_position() {
        let topology = Topology::new(1, 4, &[2, 3]).unwrap();
        let moves = rewired(&topology, &[0.0, 0.0], &[0.0; 4], 0.5, &paper());
        assert_eq!(moves.topology().nnz(), 2);
        assert!(moves.topology().positions().any(|p| p == 2), "of the two zeros the lower stays");
    }

    /// The table above at a fraction of ½: 1 and 4 go.
    #[test]
    fn variants_by_hand() {
        let topology = Topology::new(2, 4, &[0, 1, 4, 6]).unwrap();
        let values = [0.9, -0.2, 0.3, -0.8];
        let grad = [9.0, 1.0, -2.0, 0.5, 0.1, -3.0, 9.0, 2.0];
        let at = |config: &Rigl| rewired(&topology, &values, &grad, 0.5, config);
        let started = |moves: &Moves| {
            let Start { values: start, moments: [first, second] } = moves.start();
            assert!(second.is_empty());
            let values: Vec<f32> = moves.remap_from(&values, start).collect();
            (values, moves.remap_from(&[0.7; 4], first).collect::<Vec<f32>>())
        };

        // 4 comes again with the smallest gradient, then 3.
        let inverted = at(&Rigl { inverted: true, ..paper() });
        assert_eq!(inverted.topology().positions().collect::<Vec<_>>(), [0, 3, 4, 6]);
        assert_eq!(started(&inverted).0, [0.9, 0.0, 0.3, -0.8]);

        // 2 and 5 come, with the gradients −2 and −3.
        let moves = at(&Rigl { grown_value: GrownValue::Gradient { scale: -0.5 }, ..paper() });
        assert_eq!(started(&moves).0, [0.9, 1.0, 1.5, -0.8]);
        let moves = at(&Rigl { grown_value: GrownValue::Sign { scale: 0.1 }, ..paper() });
        assert_eq!(started(&moves).0, [0.9, -0.1, -0.1, -0.8]);
        let moves = at(&Rigl { grown_moment: 0.1, ..paper() });
        assert_eq!(started(&moves), (vec![0.9, 0.0, 0.0, -0.8], vec![0.7, -0.2, -0.3, 0.7]));

        // σ = √(1.58/4 − (0.2/4)²) = 0.626498, a = 2.2/4.
        let moves = at(&Rigl { grown_value: GrownValue::Normal { scale: 2.0 }, ..paper() });
        let drawn: f64 = StandardNormal.sample(&mut Seed::new(1).rng());
        assert!((f64::from(started(&moves).0[1]) - 2.0 * 0.626_498 * drawn).abs() < 1e-5);
        let moves = at(&Rigl { grown_value: GrownValue::Uniform { scale: 2.0 }, ..paper() });
        let drawn = 2.0 * Seed::new(1).rng().random::<f64>() - 1.0;
        assert!((f64::from(started(&moves).0[1]) - 1.1 * drawn).abs() < 1e-6);
    }
}
