//! Balanced assignment by Sinkhorn's algorithm: S-BASE (Clark et al. 2022, 2202.01169, section 3).
//!
//! In training, rows and columns of the gates `(T, E)` are scaled in turn until rows sum to 1 and columns to `T/E`,
//! within [`TOLERANCE`] or [`MOST`] rounds; a token goes to the largest entry of its row. What the expert gives counts by
//! the gate before the scaling. Elsewhere a token goes to its largest gate: the balance of a batch would make the value of
//! one sample depend on the others, and how many tokens go elsewhere in training is told as the share that was shifted.

use super::row::{Asked, RouterRow, Way};
use super::softmax::largest;
use crate::seed::Rng;

/// Columns that are by at most this part off their sum end it.
pub const TOLERANCE: f64 = 1e-2;
/// The most rounds.
pub const MOST: usize = 100;
/// What a gate is at least, so that no column is empty.
const LEAST: f32 = 1e-30;

/// The row of S-BASE.
pub static ROW: RouterRow = RouterRow {
    name: "sbase",
    about: "balanced by Sinkhorn's algorithm in training, the largest gate elsewhere",
    way: Way::Chooses { choose, gated: true },
};

fn choose(asked: &Asked<'_>, training: Option<&mut Rng>) -> Vec<Option<u32>> {
    let best = |row: &[f32]| Some(largest(row) as u32);
    let rows = |gates: &[f32]| gates.chunks_exact(asked.experts).map(best).collect();
    match training {
        Some(_) => {
            let balanced = sinkhorn(asked.gates, asked.experts);
            rows(&balanced.into_iter().map(|b| b as f32).collect::<Vec<_>>())
        }
        None => rows(asked.gates),
    }
}

/// The scales `c (E)` of the columns of `gates (T, E)`: rows of `g c` sum to 1 when divided by their sums, and then columns
/// to `T/E`.
fn scales(gates: &[f32], experts: usize) -> Vec<f64> {
    let wanted = gates.len() as f64 / (experts * experts) as f64;
    let mut scales = vec![1.0; experts];
    let mut row = vec![0.0; experts];
    for _ in 0..MOST {
        let mut sums = vec![0.0; experts];
        for gates in gates.chunks_exact(experts) {
            for ((entry, gate), scale) in row.iter_mut().zip(gates).zip(&scales) {
                *entry = f64::from(gate.max(LEAST)) * scale;
            }
            let rate = 1.0 / row.iter().sum::<f64>();
            sums.iter_mut().zip(&row).for_each(|(sum, entry)| *sum += entry * rate);
        }
        if sums.iter().all(|sum| (sum / wanted - 1.0).abs() < TOLERANCE) {
            break;
        }
        scales.iter_mut().zip(&sums).for_each(|(scale, sum)| *scale *= wanted / sum);
    }
    scales
}

/// `gates (T, E)` with rows that sum to 1 and columns that sum to `T/E`.
pub fn sinkhorn(gates: &[f32], experts: usize) -> Vec<f64> {
    let scales = scales(gates, experts);
    let entry = |i: usize| f64::from(gates[i].max(LEAST)) * scales[i % experts];
    let mut all: Vec<f64> = (0..gates.len()).map(entry).collect();
    for row in all.chunks_exact_mut(experts) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|entry| *entry /= sum);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use rand::RngExt;

    #[test]
    fn sums_are_within_a_token_and_acting_is_greedy() {
        let (tokens, experts) = (96, 8);
        let mut rng = Seed::new(1).rng();
        // Most tokens like the first expert best.
        let mut gates: Vec<f32> = (0..tokens * experts)
            .map(|i| rng.random::<f32>() * 3.0 + if i % experts == 0 { 2.0 } else { 0.0 })
            .collect();
        super::super::softmax::rows(&mut gates, experts);
        let balanced = sinkhorn(&gates, experts);
        for e in 0..experts {
            let sum: f64 = balanced.iter().skip(e).step_by(experts).sum();
            assert!((sum - 12.0).abs() <= 1.0, "{e}: {sum}");
        }
        for row in balanced.chunks_exact(experts) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 0.02);
        }
        let asked = Asked { gates: &gates, experts, k: 1, capacity: None };
        let load = |chosen: &[Option<u32>], e| chosen.iter().filter(|c| **c == Some(e)).count();
        let [acting, training] = [choose(&asked, None), choose(&asked, Some(&mut rng))];
        assert!(load(&training, 0) < 24 && load(&acting, 0) > 48);
        for (chosen, row) in acting.iter().zip(gates.chunks_exact(experts)) {
            assert_eq!(*chosen, Some(largest(row) as u32));
        }
        // A gate of nothing, and a single token.
        assert!(sinkhorn(&[1.0, 0.0, 1.0, 0.0], 2).iter().all(|entry| entry.is_finite()));
        assert_eq!(choose(&Asked { gates: &[0.2, 0.8], ..asked_of_two() }, None), [Some(1)]);
    }

    fn asked_of_two() -> Asked<'static> {
        Asked { gates: &[], experts: 2, k: 1, capacity: None }
    }
}
