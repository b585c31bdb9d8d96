//! The signal to noise of the gradient (Graesser et al. 2022, figure 5).
//!
//! With `g` the gradient of one sample's loss, each parameter has `|mean g| / (std g + 10⁻¹⁰)` over the
//! batch; what is logged is the mean of these ratios over the parameters, and their deviation. Both
//! deviations are of the population, as `log_snr` in the paper's code has them. The form `dense` averages
//! over all weights and biases, masked weights with the gradient that they would have: the paper's
//! figure. The form `active` leaves the masked ones out.

use sparring_sparse::stats::{Welford, mean_and_variance};

use super::gradients::{Form, Gradients};

/// The ratios of a network's parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snr {
    /// Their mean.
    pub mean: f64,
    /// Their deviation.
    pub std: f64,
}

/// `|mean g| / (std g + 10⁻¹⁰)` of each parameter, from the moments of its gradients.
pub fn ratios(gradients: &Welford) -> Vec<f64> {
    let ratio = |i: usize| gradients.mean[i].abs() / (gradients.variance(i).sqrt() + 1e-10);
    (0..gradients.dim()).map(ratio).collect()
}

impl Snr {
    /// Over `ratios`; 0 where there is none.
    pub fn of(ratios: &[f64]) -> Self {
        let (mean, variance) = mean_and_variance(ratios.iter().copied());
        Self { mean, std: variance.sqrt() }
    }
}

/// The forms `of` the signal to noise of `gradients`.
pub fn snr(gradients: &Gradients, of: &[Form]) -> Vec<(Form, Snr)> {
    let one = |form: &Form| (*form, Snr::of(&ratios(&gradients.over(*form).moments)));
    of.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sparring_sparse::{
        Activation, Algebra, Compute, Init, Layer, LayerSpec, Network, Shape, Topology,
    };

    use super::*;

    /// `(samples, parameters)`, one sample after the other.
    fn ratios(samples: &[Vec<f32>]) -> Vec<f64> {
        let mut gradients = Welford::new(samples[0].len());
        samples.iter().for_each(|one| gradients.add(one.iter().map(|g| f64::from(*g))));
        super::ratios(&gradients)
    }

    fn near(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance * (1.0 + b.abs())
    }

    #[test]
    fn a_known_set_of_gradients() {
        let samples =
            [vec![1.0, 2.0, -1.0, 0.0], vec![3.0, 2.0, 1.0, 0.0], vec![5.0, 2.0, -3.0, 0.0]];
        // Means 3, 2, −1, 0; variances 8/3, 0, 8/3, 0.
        let root = (8f64 / 3.0).sqrt();
        let expected = [3.0 / root, 2e10, 1.0 / root, 0.0];
        let found = ratios(&samples);
        assert!(found.iter().zip(expected).all(|(a, b)| near(*a, b, 1e-9)), "{found:?}");
        // Of 1, 3, 5, 7: mean 4, deviation √5.
        let snr = Snr::of(&[1.0, 3.0, 5.0, 7.0]);
        assert_eq!((snr.mean, snr.std), (4.0, 5f64.sqrt()));
        assert_eq!(Snr::of(&[]), Snr { mean: 0.0, std: 0.0 });
        // One sample has no noise.
        assert_eq!(ratios(&[vec![0.5]]), [0.5 / 1e-10]);
    }

    proptest! {
        #[test]
        fn agrees_with_two_plain_passes(
            samples in prop::collection::vec(prop::collection::vec(-3f32..3.0, 4), 2..40)
        ) {
            let n = samples.len() as f64;
            for (at, found) in ratios(&samples).into_iter().enumerate() {
                let g = || samples.iter().map(|sample| f64::from(sample[at]));
                let mean = g().sum::<f64>() / n;
                let std = (g().map(|g| (g - mean).powi(2)).sum::<f64>() / n).sqrt();
                prop_assert!(near(found, mean.abs() / (std + 1e-10), 1e-6));
            }
        }
    }

    const ACTIVE: [&[u32]; 2] = [&[0, 2, 3, 7, 8], &[1, 2]];
    const PARAMS: [f32; 12] = [0.6, -0.9, 0.8, 1.1, -0.4, 0.1, -0.2, 0.3, 0.7, -1.2, 0.5, 0.05];

    /// `3 → 4 → 1`, a tanh between.
    fn network(active: [&[u32]; 2], params: &[f32]) -> Network {
        let mut offset = 0;
        let layers = [(3, 4, Activation::Tanh), (4, 1, Activation::Identity)];
        let layers =
            layers.into_iter().zip(active).map(|((inputs, outputs, activation), active)| {
                let spec = LayerSpec {
                    name: outputs.to_string(),
                    shape: Shape::Linear { inputs, outputs },
                    activation,
                    init: Init::Uniform { limit: 0.1 },
                    bias: 0.0,
                    weight_decay: 0.0,
                    algebra: Algebra::REAL,
                    then: Vec::new(),
                };
                let topology = Topology::new(outputs, inputs, active).unwrap();
                let layer = Layer::new(&spec, topology.into(), Compute::Sparse, offset).unwrap();
                offset = layer.biases().end;
                layer
            });
        Network::new(layers.collect(), params.to_vec()).unwrap()
    }

    /// The loss `½ (y − t)²` of each of six samples in f64, from all weights and then all biases.
    fn losses(weights: &[f64]) -> Vec<f64> {
        let (first, rest) = weights.split_at(12);
        let (second, biases) = rest.split_at(4);
        let sample = |i: usize| {
            let x: Vec<f64> = input(i).iter().map(|x| f64::from(*x)).collect();
            let hidden = |h: usize| {
                let sum: f64 = (0..3).map(|j| first[3 * h + j] * x[j]).sum();
                (sum + biases[h]).tanh()
            };
            let y = (0..4).map(|h| second[h] * hidden(h)).sum::<f64>() + biases[4];
            0.5 * (y - f64::from(target(i))).powi(2)
        };
        (0..6).map(sample).collect()
    }

    fn input(sample: usize) -> [f32; 3] {
        [0, 1, 2].map(|j| ((3 * sample + j) as f32 * 0.9).sin())
    }

    fn target(sample: usize) -> f32 {
        (sample as f32 * 1.3).cos()
    }

    fn found(network: &Network) -> Vec<(Form, Snr)> {
        let x: Vec<f32> = (0..6).flat_map(input).collect();
        let loss_grad = |sample: usize, y: &[f32]| Ok(vec![y[0] - target(sample)]);
        let gradients = Gradients::of(network, &x, loss_grad, true).unwrap();
        snr(&gradients, &[Form::Active, Form::Dense])
    }

    /// Central differences of a plain network, masked weights at 0.
    #[test]
    fn both_forms_agree_with_finite_differences() {
        let mut all = vec![0.0f64; 12 + 4 + 5];
        let mut active = vec![false; 12 + 4].into_iter().chain(vec![true; 5]).collect::<Vec<_>>();
        let first = ACTIVE[0].iter().map(|p| *p as usize).zip(&PARAMS[..5]);
        let second = ACTIVE[1].iter().map(|p| 12 + *p as usize).zip(&PARAMS[9..11]);
        for (at, value) in first.chain(second) {
            (all[at], active[at]) = (f64::from(*value), true);
        }
        let biases = PARAMS[5..9].iter().chain(&PARAMS[11..]);
        all[16..].iter_mut().zip(biases).for_each(|(to, from)| *to = f64::from(*from));

        let mut gradients = vec![Vec::new(); 6];
        for at in 0..all.len() {
            let shifted = |delta: f64| {
                let mut all = all.clone();
                all[at] += delta;
                losses(&all)
            };
            let (up, down) = (shifted(1e-5), shifted(-1e-5));
            for (sample, gradient) in gradients.iter_mut().enumerate() {
                gradient.push(((up[sample] - down[sample]) / 2e-5) as f32);
            }
        }
        let ratios = ratios(&gradients);
        let of_active: Vec<f64> =
            ratios.iter().zip(&active).filter(|(_, active)| **active).map(|(r, _)| *r).collect();
        let expected = [Snr::of(&of_active), Snr::of(&ratios)];
        assert!((expected[0].mean - expected[1].mean).abs() > 1e-3, "the forms differ");
        let found = found(&network(ACTIVE, &PARAMS));
        for ((form, found), expected) in found.into_iter().zip(expected) {
            assert!(near(found.mean, expected.mean, 1e-4), "{form:?} {found:?} {expected:?}");
            assert!(near(found.std, expected.std, 1e-4), "{form:?} {found:?} {expected:?}");
        }
    }

    #[test]
    fn without_masked_weights_the_forms_are_one() {
        let all: [Vec<u32>; 2] = [(0..12).collect(), (0..4).collect()];
        let params: Vec<f32> = (0..21).map(|i| (i as f32).sin()).collect();
        let found = found(&network([&all[0], &all[1]], &params));
        assert_eq!(found[0].1, found[1].1);
        assert!(found[0].1.mean > 0.0);
    }

    #[test]
    fn a_loss_without_the_network_has_no_signal() {
        let network = network(ACTIVE, &PARAMS);
        let gradients = Gradients::of(&network, &[0.0; 6], |_, _| Ok(vec![0.0]), true).unwrap();
        let found = snr(&gradients, &[Form::Active, Form::Dense]);
        assert!(found.iter().all(|(_, snr)| *snr == Snr { mean: 0.0, std: 0.0 }));
    }
}
