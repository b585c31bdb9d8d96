//! The noise scale of the gradient (McCandlish et al. 2018, "An Empirical Model of Large-Batch Training",
//! 1812.06162): the batch size up to which a larger batch pays.
//!
//! With `G` the mean gradient of all samples and `Σ` the covariance of single ones, `B_simple = tr Σ / |G|²`
//! (equation 2.9). Both are measured without bias on a batch of `n` samples, in two ways:
//!
//! - from single samples: `tr Σ = n/(n − 1) Σ_i var_i`, with the population's variance of each parameter, and
//!   `|G|² = |ḡ|² − tr Σ / n`;
//! - from two batch sizes (appendix A.1): `|G|² = (B₂|g₂|² − B₁|g₁|²)/(B₂ − B₁)` and
//!   `tr Σ = (|g₁|² − |g₂|²)/(1/B₁ − 1/B₂)`, where `g₂` is the gradient of the whole batch and `|g₁|²` the mean over
//!   small batches of an eighth of it. With small batches of one sample the two ways are one.
//!
//! The ratio of two unbiased numbers is biased, and `|G|²` of a batch that is far smaller than `B_simple` may fall
//! below 0: there the batch cannot tell, and no scale is given. Over several measurements, take the means of
//! `tr Σ` and of `|G|²` and divide then.

use sparring_sparse::stats::{Welford, mean};

use super::gradients::Sums;

/// What a batch says of its noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// `tr Σ`.
    pub trace: f64,
    /// `|G|²`.
    pub signal: f64,
}

/// The gradient of a batch of some size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchGradient {
    /// Its samples.
    pub samples: usize,
    /// The square of its norm, or the mean of several such.
    pub square: f64,
}

impl Noise {
    /// From the moments of the gradients of single samples; none of fewer than two.
    pub fn of_samples(moments: &Welford) -> Option<Self> {
        let n = moments.count;
        let sum: f64 = moments.squares.iter().sum();
        let trace = (n > 1.0).then(|| sum / (n - 1.0))?;
        Some(Self { trace, signal: square(&moments.mean) - trace / n })
    }

    /// From two batch sizes, the smaller one first; none where neither is larger.
    pub fn of_two_sizes(small: BatchGradient, large: BatchGradient) -> Option<Self> {
        if small.samples >= large.samples {
            return None;
        }
        let [b1, b2] = [small, large].map(|of| of.samples as f64);
        let [g1, g2] = [small.square, large.square];
        let signal = (b2 * g2 - b1 * g1) / (b2 - b1);
        Some(Self { trace: (g1 - g2) / (1.0 / b1 - 1.0 / b2), signal })
    }

    /// From the small batches of `sums` and all of its samples.
    pub fn of_small_batches(sums: &Sums) -> Option<Self> {
        let small =
            BatchGradient { samples: sums.small, square: mean(sums.squares().iter().copied()) };
        let samples = sums.moments.count as usize;
        Self::of_two_sizes(small, BatchGradient { samples, square: square(&sums.moments.mean) })
    }

    /// `B_simple`, in samples; none where the batch cannot tell `G` from nothing.
    pub fn scale(&self) -> Option<f64> {
        (self.signal > 0.0).then(|| self.trace / self.signal)
    }
}

fn square(values: &[f64]) -> f64 {
    values.iter().map(|value| value.powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};
    use sparring_sparse::seed::Rng;
    use sparring_sparse::stats::mean_and_variance;
    use sparring_sparse::{
        Activation, Algebra, Compute, Init, Layer, LayerSpec, Network, Seed, Shape, Topology,
    };

    use super::*;
    use crate::diagnostics::gradients::{Form, Gradients};

    const OUTPUTS: usize = 6;
    const ACTIVE: [u32; 2] = [1, 4];
    const SIGMA: f64 = 1.5;

    /// `1 → 6`, of whose six weights two are active.
    fn network() -> Network {
        let spec = LayerSpec {
            name: "head".into(),
            shape: Shape::Linear { inputs: 1, outputs: OUTPUTS },
            activation: Activation::Identity,
            init: Init::Uniform { limit: 0.1 },
            bias: 0.0,
            weight_decay: 0.0,
            algebra: Algebra::REAL,
            then: Vec::new(),
        };
        let topology = Topology::new(OUTPUTS, 1, &ACTIVE).unwrap();
        let layer = Layer::new(&spec, topology.into(), Compute::Sparse, 0).unwrap();
        let params = (0..ACTIVE.len() + OUTPUTS).map(|i| 0.1 * i as f32).collect();
        Network::new(vec![layer], params).unwrap()
    }

    fn normal(rng: &mut Rng) -> f64 {
        StandardNormal.sample(rng)
    }

    /// `½ |y − t|²` with `t = y − g + σ z` of each sample: the gradient in `y` is `g − σ z`, and with an input of
    /// 1 that of a weight is the same as that of its bias.
    fn measured(samples: usize, seed: u64) -> (Gradients, [f64; OUTPUTS]) {
        let mean_grad: [f64; OUTPUTS] = [0.5, -0.3, 0.2, 0.0, 0.4, -0.1];
        let mut rng = Seed::new(seed).rng();
        let noise: Vec<f64> = (0..samples * OUTPUTS).map(|_| normal(&mut rng)).collect();
        let loss_grad = |sample: usize, _: &[f32]| {
            let of = |i: usize| mean_grad[i] - SIGMA * noise[sample * OUTPUTS + i];
            Ok((0..OUTPUTS).map(|i| of(i) as f32).collect())
        };
        let input = vec![1.0; samples];
        (Gradients::of(&network(), &input, loss_grad, true).unwrap(), mean_grad)
    }

    /// Over biases and active weights, and over biases and all weights.
    #[test]
    fn a_planted_quadratic_has_the_scale_that_was_planted() {
        let samples = 4_096;
        let (gradients, g) = measured(samples, 3);
        let of_biases: f64 = g.iter().map(|g| g * g).sum();
        let of_active: f64 = ACTIVE.iter().map(|i| g[*i as usize].powi(2)).sum();
        for (form, parameters, signal) in [
            (Form::Active, OUTPUTS + ACTIVE.len(), of_biases + of_active),
            (Form::Dense, 2 * OUTPUTS, 2.0 * of_biases),
        ] {
            let sums = gradients.over(form);
            let trace = SIGMA * SIGMA * parameters as f64;
            let singly = Noise::of_samples(&sums.moments).unwrap();
            let in_two = Noise::of_small_batches(sums).unwrap();
            // A variance of n samples has a deviation of √(2/n), and a weight shares its bias's noise.
            assert!((singly.trace / trace - 1.0).abs() < 0.05, "{form:?} {singly:?} {trace}");
            // |ḡ|² has one of about 2 |G| σ √(2/n).
            assert!((singly.signal / signal - 1.0).abs() < 0.25, "{form:?} {singly:?} {signal}");
            assert!((in_two.signal / singly.signal - 1.0).abs() < 0.1, "{in_two:?} {singly:?}");
            // Eight small batches say little of a variance: √(2/(8·6)) of it.
            assert!((in_two.trace / trace - 1.0).abs() < 1.0, "{form:?} {in_two:?} {trace}");
            let scale = singly.scale().unwrap();
            assert!((scale / (trace / signal) - 1.0).abs() < 0.3, "{scale} {}", trace / signal);
        }
    }

    /// The means of many measurements against what was planted, within four of their standard errors.
    #[test]
    fn both_estimators_are_unbiased() {
        let (batches, batch, small) = (1_500, 24, 3);
        let mut rng = Seed::new(11).rng();
        let g = [0.3, -0.2, 0.1];
        let deviations = [1.0, 0.5, 2.0];
        let (trace, signal) = (5.25, 0.14);
        let mut found: [Vec<Noise>; 2] = [Vec::new(), Vec::new()];
        for _ in 0..batches {
            let mut sums = Sums::new(3, batch);
            assert_eq!(sums.small, small);
            for _ in 0..batch {
                let sample: Vec<f32> = g
                    .iter()
                    .zip(deviations)
                    .map(|(g, s)| (g + s * normal(&mut rng)) as f32)
                    .collect();
                sums.add(sample.iter().copied());
            }
            found[0].push(Noise::of_samples(&sums.moments).unwrap());
            found[1].push(Noise::of_small_batches(&sums).unwrap());
        }
        for noises in &found {
            for (values, planted) in [
                (noises.iter().map(|n| n.trace).collect::<Vec<_>>(), trace),
                (noises.iter().map(|n| n.signal).collect(), signal),
            ] {
                let (mean, variance) = mean_and_variance(values.iter().copied());
                let error = (variance / f64::from(batches)).sqrt();
                assert!((mean - planted).abs() < 4.0 * error, "{mean} {planted} {error}");
            }
        }
        // Single samples tell more.
        let spread = |of: &[Noise]| mean_and_variance(of.iter().map(|n| n.trace)).1;
        assert!(spread(&found[0]) < spread(&found[1]));
    }

    proptest! {
        #[test]
        fn small_batches_of_one_say_what_single_samples_say(
            samples in prop::collection::vec(prop::collection::vec(-3f32..3.0, 4), 2..16)
        ) {
            let mut sums = Sums::new(4, samples.len());
            samples.iter().for_each(|sample| sums.add(sample.iter().copied()));
            let singly = Noise::of_samples(&sums.moments).unwrap();
            let in_two = Noise::of_small_batches(&sums).unwrap();
            let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + a.abs());
            prop_assert!(near(singly.trace, in_two.trace) && near(singly.signal, in_two.signal));
        }
    }

    #[test]
    fn ends() {
        // One sample has no variance, and a batch of the same samples no noise.
        let mut sums = Sums::new(2, 1);
        sums.add([1.0, 2.0].into_iter());
        assert_eq!(Noise::of_samples(&sums.moments), None);
        assert_eq!(Noise::of_small_batches(&sums), None);
        sums.add([1.0, 2.0].into_iter());
        let noise = Noise::of_samples(&sums.moments).unwrap();
        assert_eq!((noise, noise.scale()), (Noise { trace: 0.0, signal: 5.0 }, Some(0.0)));
        // Opposite samples have no signal.
        let mut sums = Sums::new(1, 2);
        [1.0, -1.0].into_iter().for_each(|g| sums.add([g].into_iter()));
        let noise = Noise::of_samples(&sums.moments).unwrap();
        assert_eq!((noise, noise.scale()), (Noise { trace: 2.0, signal: -1.0 }, None));
    }
}
