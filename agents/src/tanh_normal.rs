//! The tanh-normal distribution of SAC's actions (Haarnoja et al. 2018, 1812.05905, appendix C).
//!
//! A head gives `(μ, log σ)`. With `ε ~ N(0, 1)`, `u = μ + σ ε` and `a = tanh u`:
//!
//! `log π(a) = Σ_j (−½ ε² − log σ − ½ log 2π − log(1 − a²))`
//!
//! where, from `t = e^(−2|u|)`, `|a| = (1 − t) / (1 + t)` and `log(1 − a²) = log 4 − 2|u| − 2 log(1 + t)`
//! lose nothing where tanh saturates. The gradients, with `ε` held:
//!
//! `∂a/∂u = 1 − a²`, `∂log π/∂u = 2a`, `∂u/∂μ = 1`, `∂u/∂log σ = σ ε`, and `∂log π/∂log σ` has a `−1` of
//! its own.

use sparring_sparse::kernels::vector;

use crate::gaussian::HALF_LOG_TAU;

/// `log 4`.
const LOG_4: f32 = 1.386_294_4;

/// The distribution of actions of `act_dim` numbers in `(−1, 1)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TanhNormal {
    /// Numbers of an action.
    pub act_dim: usize,
    /// `log σ` below it counts as it, and has no gradient.
    pub log_std_min: f32,
    /// `log σ` above it counts as it, and has no gradient.
    pub log_std_max: f32,
}

impl TanhNormal {
    /// `head (n, 2 · act_dim)` and `ε (n, act_dim)` → `(n, act_dim + 1)`: actions, and the
    /// log-probability of each.
    pub fn draw(&self, head: &[f32], noise: &[f32], out: &mut [f32]) {
        let act_dim = self.act_dim;
        let stds = self.stds(head);
        // Lists that know their length: a flat map grows.
        let mut u = Vec::with_capacity(noise.len());
        let spread = stds.chunks_exact(act_dim).zip(noise.chunks_exact(act_dim));
        for (means, (stds, noise)) in head.chunks_exact(2 * act_dim).zip(spread) {
            u.extend((0..act_dim).map(|j| means[j] + stds[j] * noise[j]));
        }
        let mut t: Vec<f32> = u.iter().map(|u| -2.0 * u.abs()).collect();
        vector::map(&mut t, vector::exp);
        let mut logs = t.clone();
        vector::map(&mut logs, vector::log_1p);
        let rows = head.chunks_exact(2 * act_dim).zip(noise.chunks_exact(act_dim));
        for (i, ((head, noise), out)) in rows.zip(out.chunks_exact_mut(act_dim + 1)).enumerate() {
            let mut log_prob = 0.0;
            for j in 0..act_dim {
                let (at, log_std) = (i * act_dim + j, self.clamp(head[act_dim + j]));
                out[j] = ((1.0 - t[at]) / (1.0 + t[at])).copysign(u[at]);
                let by_tanh = 2.0 * u[at].abs() - LOG_4 + 2.0 * logs[at];
                log_prob += by_tanh - 0.5 * noise[j] * noise[j] - log_std - HALF_LOG_TAU;
            }
            out[act_dim] = log_prob;
        }
    }

    /// How a loss changes with the head of what was `drawn`, `∂L/∂head (n, 2 · act_dim)`, from
    /// `∂L/∂a (n, act_dim)` and `∂L/∂log π`, the same for each sample.
    pub fn draw_grad(&self, drawn: Drawn<'_>, by_action: &[f32], by_log_prob: f32) -> Vec<f32> {
        let Drawn { head, noise, out } = drawn;
        let act_dim = self.act_dim;
        let (mut by_head, stds) = (vec![0.0; head.len()], self.stds(head));
        let spread = stds.chunks_exact(act_dim).zip(noise.chunks_exact(act_dim));
        let rows = head.chunks_exact(2 * act_dim).zip(spread);
        let given = out.chunks_exact(act_dim + 1).zip(by_action.chunks_exact(act_dim));
        let each = by_head.chunks_exact_mut(2 * act_dim).zip(rows).zip(given);
        for ((by_head, (head, (stds, noise))), (out, by_action)) in each {
            for j in 0..act_dim {
                let (a, log_std) = (out[j], head[act_dim + j]);
                let by_u = by_action[j] * (1.0 - a * a) + by_log_prob * 2.0 * a;
                by_head[j] = by_u;
                if (self.log_std_min..=self.log_std_max).contains(&log_std) {
                    by_head[act_dim + j] = by_u * stds[j] * noise[j] - by_log_prob;
                }
            }
        }
        by_head
    }

    /// `head (n, 2 · act_dim) → tanh μ (n, act_dim)`, appended to `actions`.
    pub fn modes(&self, head: &[f32], actions: &mut Vec<f32>) {
        let rows = head.chunks_exact(2 * self.act_dim);
        actions.extend(rows.flat_map(|head| head[..self.act_dim].iter().map(|mean| mean.tanh())));
    }

    /// `σ (n, act_dim)` of `head (n, 2 · act_dim)`.
    fn stds(&self, head: &[f32]) -> Vec<f32> {
        let mut stds = Vec::with_capacity(head.len() / 2);
        for head in head.chunks_exact(2 * self.act_dim) {
            stds.extend(head[self.act_dim..].iter().map(|log_std| self.clamp(*log_std)));
        }
        vector::map(&mut stds, vector::exp);
        stds
    }

    fn clamp(&self, log_std: f32) -> f32 {
        log_std.clamp(self.log_std_min, self.log_std_max)
    }
}

/// What was drawn, and from what.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// `(n, 2 · act_dim)`.
    pub head: &'a [f32],
    /// `ε (n, act_dim)`.
    pub noise: &'a [f32],
    /// `(n, act_dim + 1)`: what [`TanhNormal::draw`] gave.
    pub out: &'a [f32],
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FREE: TanhNormal =
        TanhNormal { act_dim: 2, log_std_min: f32::NEG_INFINITY, log_std_max: f32::INFINITY };

    /// The formula of the header in f64, with tanh and logarithms as they stand there.
    fn plain(head: &[f64], noise: &[f64]) -> (Vec<f64>, f64) {
        let n = noise.len();
        let mut log_prob = 0.0;
        let action = (0..n).map(|j| {
            let u = head[j] + head[n + j].exp() * noise[j];
            let a = u.tanh();
            let normal = -0.5 * noise[j].powi(2) - head[n + j] - 0.5 * std::f64::consts::TAU.ln();
            log_prob += normal - (1.0 - a * a).ln();
            a
        });
        (action.collect(), log_prob)
    }

    proptest! {
        #[test]
        fn agrees_with_the_formula(
            head in prop::collection::vec(-2.0f64..2.0, 4), noise in prop::collection::vec(-2.0f64..2.0, 2)
        ) {
            let (action, log_prob) = plain(&head, &noise);
            let [head, noise] = [head, noise].map(|v| v.iter().map(|x| *x as f32).collect::<Vec<_>>());
            let mut out = [0.0; 3];
            FREE.draw(&head, &noise, &mut out);
            // Above 1 − 1e-8 the f64 formula itself has lost its digits.
            if action.iter().all(|a| a.abs() < 1.0 - 1e-8) {
                prop_assert!((f64::from(out[2]) - log_prob).abs() < 1e-4 * (1.0 + log_prob.abs()));
            }
            for (found, a) in out.iter().zip(action) {
                prop_assert!((f64::from(*found) - a).abs() < 1e-6);
            }
        }

        /// The gradient of `c · (a, log π)` against central differences of the f64 formula.
        #[test]
        fn gradients_agree_with_central_differences(
            head in prop::collection::vec(-1.0f64..1.0, 4),
            noise in prop::collection::vec(-1.5f64..1.5, 2),
            weigh in prop::collection::vec(-1.0f64..1.0, 3),
        ) {
            let loss = |head: &[f64]| {
                let (action, log_prob) = plain(head, &noise);
                action.iter().zip(&weigh).map(|(a, w)| a * w).sum::<f64>() + weigh[2] * log_prob
            };
            let as_f32 = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<_>>();
            let ([head_f32, noise_f32, weigh_f32], mut out) =
                ([&head, &noise, &weigh].map(|v| as_f32(v)), [0.0; 3]);
            FREE.draw(&head_f32, &noise_f32, &mut out);
            let drawn = Drawn { head: &head_f32, noise: &noise_f32, out: &out };
            let grad = FREE.draw_grad(drawn, &weigh_f32[..2], weigh_f32[2]);
            for (i, g) in grad.iter().enumerate() {
                let at = |delta: f64| {
                    let mut head = head.clone();
                    head[i] += delta;
                    loss(&head)
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                prop_assert!((difference - f64::from(*g)).abs() < 1e-3 * (1.0 + difference.abs()));
            }
        }
    }

    /// `∫ π(a) da = 1`, with the density that the log-probabilities give.
    #[test]
    fn the_density_integrates_to_one() {
        let one = TanhNormal { act_dim: 1, ..FREE };
        let (mean, log_std) = (0.3f32, -0.5f32);
        let n = 20_000;
        let mut sum = 0.0;
        for i in 0..n {
            let a = -1.0 + (f64::from(i) + 0.5) * 2.0 / f64::from(n);
            let noise = (a.atanh() as f32 - mean) / log_std.exp();
            let mut out = [0.0; 2];
            one.draw(&[mean, log_std], &[noise], &mut out);
            assert!((f64::from(out[0]) - a).abs() < 1e-5);
            sum += f64::from(out[1]).exp() * 2.0 / f64::from(n);
        }
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    }

    #[test]
    fn saturated_actions_have_a_finite_log_probability() {
        let mut out = [0.0; 3];
        FREE.draw(&[40.0, -40.0, 0.0, 0.0], &[0.0, 0.0], &mut out);
        // 2 · (−½ log 2π − log 4 + 2 · 40), nothing being left of t.
        let expected = 2.0 * (80.0 - HALF_LOG_TAU - LOG_4);
        assert_eq!((out[0], out[1]), (1.0, -1.0));
        assert!((out[2] - expected).abs() < 1e-4, "{}", out[2]);
    }

    #[test]
    fn bounds_hold_the_spread_and_stop_its_gradient() {
        let bounded = TanhNormal { act_dim: 1, log_std_min: -2.0, log_std_max: 0.5 };
        let draw = |log_std: f32| {
            let (head, noise, mut out) = ([0.1, log_std], [0.7], [0.0; 2]);
            bounded.draw(&head, &noise, &mut out);
            let drawn = Drawn { head: &head, noise: &noise, out: &out };
            (out, bounded.draw_grad(drawn, &[1.0], 1.0))
        };
        assert_eq!(draw(-9.0).0, draw(-2.0).0);
        assert_eq!(draw(3.0).0, draw(0.5).0);
        assert_eq!((draw(-9.0).1[1], draw(3.0).1[1]), (0.0, 0.0));
        assert!(draw(0.0).1[1] != 0.0);
    }

    #[test]
    fn modes_are_where_the_noise_is_nothing() {
        let (head, mut out, mut modes) = ([0.5, -1.0, 0.3, 0.2], [0.0; 3], Vec::new());
        FREE.draw(&head, &[0.0, 0.0], &mut out);
        FREE.modes(&head, &mut modes);
        assert!(modes.iter().zip(out).all(|(mode, a)| (mode - a).abs() < 1e-6));
    }
}
