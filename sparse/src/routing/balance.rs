//! What keeps gates from leaving experts without tokens, over the `T` tokens of a pass that trains.
//!
//! ```text
//! importance of expert e  I_e = Σ_t P_te                        L = (std I / mean I)²
//! load of expert e        p_e = (1/T) Σ_t Φ((z_te − θ_t) / σ)   L = (std p / mean p)²
//! entropy                                                       L = −(1/T) Σ_t H(P_t),  H(P) = −Σ_e P_e ln P_e
//! ```
//!
//! The first two are those of Shazeer et al. 2017 (1701.06538, equations 6 to 11) in the form of Riquelme et al. 2021
//! (2106.05974, appendix A.2): `z` are the logits before a noise of deviation `σ`, `θ_t` is the `k`-th largest of those
//! with it, and `Φ` the normal distribution, so that `p_e` is how often an expert would be chosen if the noise were drawn
//! again. Standard deviations are those of the population. The third is the bonus that keeps a router that draws
//! from settling early (Clark et al. 2022, 2202.01169).

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::load::Load;

/// The coefficients of the losses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Balance {
    /// Of the importance loss.
    pub importance: f64,
    /// Of the load loss.
    pub load: f64,
    /// Of the gates' mean entropy, which is taken from the loss.
    pub entropy: f64,
}

impl Balance {
    /// What a pass with this `load` adds to the loss.
    pub fn of(self, load: &Load) -> f64 {
        let entropy = load.entropy / load.tokens.max(1) as f64;
        self.importance * load.importance + self.load * load.imbalance - self.entropy * entropy
    }

    /// Adds to `by_gate (T, E)` the gradient by `gates (T, E)` of what depends on them alone.
    pub fn add_slopes(self, gates: &[f32], experts: usize, by_gate: &mut [f32]) {
        if self.importance > 0.0 {
            let (coefficient, Spread { slopes, .. }) =
                (self.importance as f32, importance(gates, experts));
            for by_gate in by_gate.chunks_exact_mut(experts) {
                by_gate
                    .iter_mut()
                    .zip(&slopes)
                    .for_each(|(sum, slope)| *sum += coefficient * slope);
            }
        }
        if self.entropy > 0.0 {
            let coefficient = (self.entropy * experts as f64 / gates.len() as f64) as f32;
            for (sum, gate) in by_gate.iter_mut().zip(gates) {
                // A gate of nothing has no part in it: the way through the softmax takes this times the gate.
                *sum += coefficient * (gate.max(f32::MIN_POSITIVE).ln() + 1.0);
            }
        }
    }
}

/// The squared coefficient of variation of some numbers, and its gradient by each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// `(std / mean)²`.
    pub value: f64,
    /// `∂ value / ∂ x_e = (2 / (E mean²)) (x_e − mean − value · mean)`.
    pub slopes: Vec<f32>,
}

impl Spread {
    fn of(x: &[f64]) -> Self {
        let count = x.len() as f64;
        let mean = x.iter().sum::<f64>() / count;
        let value = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count / (mean * mean);
        let slope = |x: &f64| (2.0 * (x - mean - value * mean) / (count * mean * mean)) as f32;
        Self { value, slopes: x.iter().map(slope).collect() }
    }
}

/// The importance loss of `gates (T, E)`, and its gradient by any token's gate for each expert.
pub fn importance(gates: &[f32], experts: usize) -> Spread {
    let mut sums = vec![0.0f64; experts];
    for gates in gates.chunks_exact(experts) {
        sums.iter_mut().zip(gates).for_each(|(sum, gate)| *sum += f64::from(*gate));
    }
    Spread::of(&sums)
}

/// What noise was to the logits of a router.
#[derive(Clone, Copy, Debug)]
pub struct Noisy<'a> {
    /// `z (T, E)`.
    pub logits: &'a [f32],
    /// The same with noise.
    pub noisy: &'a [f32],
    /// Experts of a token.
    pub k: usize,
    /// `σ`.
    pub deviation: f32,
}

impl Noisy<'_> {
    /// The load loss, and its gradient by the logits, `(T, E)`, also by way of `θ`.
    pub fn load(self, experts: usize) -> (f64, Vec<f32>) {
        let Self { logits, noisy, k, deviation } = self;
        let deviation = f64::from(deviation);
        let tokens = (logits.len() / experts) as f64;
        let rows = || logits.chunks_exact(experts).zip(noisy.chunks_exact(experts));
        let mut means = vec![0.0; experts];
        for (logits, noisy) in rows() {
            let threshold = f64::from(noisy[kth(noisy, k)]);
            for (mean, z) in means.iter_mut().zip(logits) {
                let u = (f64::from(*z) - threshold) / deviation;
                *mean += 0.5 * libm::erfc(-u * FRAC_1_SQRT_2) / tokens;
            }
        }
        let Spread { value, slopes } = Spread::of(&means);
        let mut dz = vec![0.0; logits.len()];
        for ((logits, noisy), dz) in rows().zip(dz.chunks_exact_mut(experts)) {
            let at = kth(noisy, k);
            let threshold = f64::from(noisy[at]);
            let mut sum = 0.0;
            for ((z, slope), dz) in logits.iter().zip(&slopes).zip(&mut *dz) {
                let u = (f64::from(*z) - threshold) / deviation;
                let density = (-0.5 * u * u).exp() / (2.0 * PI).sqrt();
                *dz = (f64::from(*slope) * density / (deviation * tokens)) as f32;
                sum += *dz;
            }
            dz[at] -= sum;
        }
        (value, dz)
    }
}

/// Where the `k`-th largest of a row stands; the lower index wins a tie.
fn kth(row: &[f32], k: usize) -> usize {
    let is_before =
        |other: usize, i: usize| row[other] > row[i] || row[other] == row[i] && other < i;
    let rank = |i: usize| (0..row.len()).filter(|other| is_before(*other, i)).count();
    (0..row.len()).find(|i| rank(*i) + 1 == k).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::softmax;
    use super::super::softmax::tests::slopes;
    use super::*;

    fn logits() -> Vec<f64> {
        (0..12).map(|i| f64::from(i * 5 % 7) * 0.4).collect()
    }

    fn gates(z: &[f64]) -> Vec<f64> {
        let of = |z: &[f64]| {
            let sum: f64 = z.iter().map(|z| z.exp()).sum();
            z.iter().map(|z| z.exp() / sum).collect::<Vec<_>>()
        };
        z.chunks_exact(3).flat_map(of).collect()
    }

    fn narrow(of: &[f64]) -> Vec<f32> {
        of.iter().map(|x| *x as f32).collect()
    }

    /// Numbers over three experts by their sums.
    fn spread(all: &[f64]) -> f64 {
        let sums: Vec<f64> = (0..3).map(|e| all.iter().skip(e).step_by(3).sum()).collect();
        let mean = sums.iter().sum::<f64>() / 3.0;
        sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 3.0 / mean / mean
    }

    #[test]
    fn of_gates_by_hand_and_by_central_differences() {
        // Sums 1.5 and 0.5 over a mean of 1.
        let by_hand = importance(&[1.0, 0.0, 0.5, 0.5], 2);
        assert_eq!((by_hand.value, by_hand.slopes), (0.25, vec![0.25, -0.75]));
        assert_eq!(importance(&[0.5; 8], 2), Spread { value: 0.0, slopes: vec![0.0; 2] });
        let z = logits();
        let narrow = narrow(&gates(&z));
        assert!((importance(&narrow, 3).value - spread(&gates(&z))).abs() < 1e-6);
        for balance in [
            Balance { importance: 0.7, ..Balance::default() },
            Balance { entropy: 0.3, ..Balance::default() },
            Balance { importance: 0.2, load: 0.0, entropy: 0.1 },
        ] {
            let value = |z: &[f64]| {
                let gates = gates(z);
                let entropy = -gates.iter().map(|p| p * p.ln()).sum::<f64>();
                let load =
                    Load { tokens: 4, entropy, importance: spread(&gates), ..Load::default() };
                balance.of(&load)
            };
            let (mut by_gate, mut dz) = (vec![0.0; 12], vec![0.0; 12]);
            balance.add_slopes(&narrow, 3, &mut by_gate);
            softmax::rows_back(&narrow, &by_gate, 3, &mut dz);
            for (i, slope) in slopes(&z, value).into_iter().enumerate() {
                assert!((f64::from(dz[i]) - slope).abs() < 1e-5, "{balance:?} {i}");
            }
        }
        let mut none = [0.0; 2];
        Balance { entropy: 1.0, ..Balance::default() }.add_slopes(&[1.0, 0.0], 2, &mut none);
        assert!(none.iter().all(|slope| slope.is_finite()));
    }

    #[test]
    fn of_loads_by_central_differences() {
        let (z, deviation) = (logits(), 0.3);
        let noise: Vec<f64> = (0..12).map(|i| f64::from(i * 7 % 5 - 2) * 0.21).collect();
        for k in [1, 2] {
            let value = |z: &[f64]| {
                let rows = z.chunks_exact(3).zip(noise.chunks_exact(3));
                let of = |(z, noise): (&[f64], &[f64])| {
                    let mut noisy: Vec<f64> = z.iter().zip(noise).map(|(z, n)| z + n).collect();
                    noisy.sort_by(|a, b| b.total_cmp(a));
                    let normal = |z: &f64| {
                        let u = (z - noisy[k - 1]) / deviation;
                        0.5 * libm::erfc(-u / 2f64.sqrt())
                    };
                    z.iter().map(normal).collect::<Vec<_>>()
                };
                spread(&rows.flat_map(of).collect::<Vec<_>>())
            };
            let noisy: Vec<f64> = z.iter().zip(&noise).map(|(z, n)| z + n).collect();
            let (narrow, noisy) = (narrow(&z), narrow(&noisy));
            let of = Noisy { logits: &narrow, noisy: &noisy, k, deviation: deviation as f32 };
            let (found, dz) = of.load(3);
            assert!((found - value(&z)).abs() < 1e-6, "{k}: {found}");
            for (i, slope) in slopes(&z, value).into_iter().enumerate() {
                assert!((f64::from(dz[i]) - slope).abs() < 1e-5, "{k} {i}: {} {slope}", dz[i]);
            }
        }
        assert_eq!([1, 2, 3].map(|k| kth(&[0.5, 2.0, 0.5], k)), [1, 0, 2]);
    }
}
