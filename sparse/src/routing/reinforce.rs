//! A draw from the gates, learned by REINFORCE: RL-R (Clark et al. 2022, 2202.01169, section 3; Williams 1992).
//!
//! In training the expert `e` of a token is drawn from its gates, elsewhere it is the largest of them. What the expert
//! gives does not depend on the gate, whose gradient is that of
//!
//! ```text
//! −(1/T) Σ_t (R_t − b_t) log P_t,e(t)        R = −loss of the token's sample,  b = mean R of the other samples
//! ```
//!
//! The loss of a sample is what an agent says it is ([`Vjp::tell_losses`](crate::Vjp::tell_losses)); a pass that is told
//! none teaches the router nothing but its balance.

use rand::RngExt;

use super::row::{Asked, RouterRow, Way};
use super::softmax::largest;
use crate::seed::Rng;

/// The row of RL-R.
pub static ROW: RouterRow = RouterRow {
    name: "rlr",
    about: "drawn from the gates in training and learned by REINFORCE, the largest gate elsewhere",
    way: Way::Chooses { choose, gated: false },
};

fn choose(asked: &Asked<'_>, mut training: Option<&mut Rng>) -> Vec<Option<u32>> {
    let mut one = |gates: &[f32]| match training.as_deref_mut() {
        None => largest(gates),
        Some(rng) => {
            let mut left = rng.random::<f32>();
            let within = |gate: &f32| {
                left -= gate;
                left < 0.0
            };
            // Rounding may leave a little after the last.
            gates.iter().position(within).unwrap_or(gates.len() - 1)
        }
    };
    asked.gates.chunks_exact(asked.experts).map(|gates| Some(one(gates) as u32)).collect()
}

/// `R − b (samples)` of samples with these `losses`.
fn advantages(losses: &[f32]) -> Vec<f32> {
    let others = losses.len() as f32 - 1.0;
    if others < 1.0 {
        return vec![0.0; losses.len()];
    }
    let sum: f32 = losses.iter().sum();
    losses.iter().map(|loss| (sum - loss) / others - loss).collect()
}

/// `dz (T, E) += …` of the loss above by the logits of `gates`, for the `chosen (T)`, `T` a multiple of the samples.
pub fn gradient(gates: &[f32], chosen: &[Option<u32>], losses: &[f32], dz: &mut [f32]) {
    let (count, advantages) = (chosen.len() as f32, advantages(losses));
    let (experts, tokens) = (gates.len() / chosen.len().max(1), chosen.len() / losses.len().max(1));
    let rows = gates.chunks_exact(experts.max(1)).zip(dz.chunks_exact_mut(experts.max(1)));
    for (t, ((gates, dz), chosen)) in rows.zip(chosen).enumerate() {
        let Some(advantage) = advantages.get(t / tokens.max(1)) else { return };
        for (e, (gate, dz)) in gates.iter().zip(dz).enumerate() {
            let is = if *chosen == Some(e as u32) { 1.0 } else { 0.0 };
            *dz += advantage / count * (gate - is);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::softmax;
    use super::super::softmax::tests::slopes;
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn draws_follow_gates_and_slopes_agree_with_central_differences() {
        let (experts, n) = (3, 30_000);
        let gates = [0.2f32, 0.5, 0.3];
        let many = gates.repeat(n);
        let asked = Asked { gates: &many, experts, k: 1, capacity: None };
        let drawn = choose(&asked, Some(&mut Seed::new(1).rng()));
        for (e, gate) in gates.iter().enumerate() {
            let count = drawn.iter().filter(|d| **d == Some(e as u32)).count();
            // Four standard deviations are at most 0.012.
            assert!((count as f32 / n as f32 - gate).abs() < 0.012);
        }
        assert!(choose(&asked, None).iter().all(|d| *d == Some(1)));

        // Two samples of two tokens: R = −1 and −4, so that R − b is 3 and −3.
        let z: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 7) * 0.3).collect();
        let chosen = [Some(0), Some(2), Some(1), Some(1)];
        let value = |z: &[f64]| -> f64 {
            let rows = z.chunks_exact(3).zip(chosen).zip([3.0, 3.0, -3.0, -3.0]);
            let of = |((z, chosen), advantage): ((&[f64], Option<u32>), f64)| {
                let sum: f64 = z.iter().map(|z| z.exp()).sum();
                -advantage * (z[chosen.unwrap() as usize] - sum.ln())
            };
            rows.map(of).sum::<f64>() / 4.0
        };
        let mut gates: Vec<f32> = z.iter().map(|z| *z as f32).collect();
        softmax::rows(&mut gates, 3);
        let mut dz = vec![0.0; 12];
        gradient(&gates, &chosen, &[1.0, 4.0], &mut dz);
        for (i, slope) in slopes(&z, value).into_iter().enumerate() {
            assert!((f64::from(dz[i]) - slope).abs() < 1e-5, "{i}");
        }
        // One sample has no others, and losses may be unknown.
        let mut none = vec![0.0; 3];
        gradient(&[0.2, 0.5, 0.3], &[Some(1)], &[2.0], &mut none);
        gradient(&[0.2, 0.5, 0.3], &[Some(1)], &[], &mut none);
        assert_eq!(none, [0.0; 3]);
    }
}
