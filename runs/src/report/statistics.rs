//! The statistics of "Deep RL at the Edge of the Statistical Precipice" (Agarwal et al. 2021), as
//! the library rliable computes them.

use rand::RngExt;
use sparring_sparse::seed::Seed;

/// Resamples of a bootstrap; the ends of the interval then move by less than its last digit shown.
const RESAMPLES: usize = 10_000;

/// The interquartile mean: the mean without the lowest and highest quarter, rounded down, as
/// `scipy.stats.trim_mean(values, 0.25)` cuts them. None without values.
pub fn iqm(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    (!sorted.is_empty()).then(|| iqm_in_place(&mut sorted))
}

fn iqm_in_place(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let cut = values.len() / 4;
    let middle = &values[cut..values.len() - cut];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// The ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The 95 % percentile bootstrap interval of the interquartile mean over seeds. None for fewer than
/// two values, which cannot show how they spread.
pub fn iqm_interval(values: &[f64], seed: &Seed) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let mut rng = seed.rng();
    let mut resample = vec![0.0; values.len()];
    let mut iqms: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            resample.fill_with(|| values[rng.random_range(0..values.len())]);
            iqm_in_place(&mut resample)
        })
        .collect();
    iqms.sort_unstable_by(f64::total_cmp);
    Some(Interval { low: percentile(&iqms, 0.025), high: percentile(&iqms, 0.975) })
}

/// Between neighbours of `sorted` it is linear, as numpy's default.
fn percentile(sorted: &[f64], fraction: f64) -> f64 {
    let place = fraction * (sorted.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + part * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// scipy 1.17.1: `trim_mean(x, 0.25)` on these lists.
    #[test]
    fn iqm_is_scipys_trimmed_mean() {
        assert_eq!(iqm(&[]), None);
        assert_eq!(iqm(&[3.0]), Some(3.0));
        assert_eq!(iqm(&[1.0, 2.0, 9.0]), Some(4.0));
        assert_eq!(iqm(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
        assert_eq!(iqm(&[500.0, 20.0, 480.0, 490.0, 450.0]), Some(1420.0 / 3.0));
        let ten: Vec<_> = (0..10).map(|i| f64::from(i * i)).collect();
        assert_eq!(iqm(&ten), Some(139.0 / 6.0));
    }

    #[test]
    fn percentiles_are_numpys() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert_eq!(percentile(&values, 0.0), 1.0);
        assert_eq!(percentile(&values, 0.5), 4.0);
        assert_eq!(percentile(&values, 0.625), 6.0);
        assert_eq!(percentile(&values, 1.0), 16.0);
    }

    /// numpy 2: 50,000 resamples of these ten, `trim_mean(…, 0.25)` of each, percentiles 2.5 and
    /// 97.5: [359.2, 486.2], [356.7, 486.3], [357.5, 485.7] for three seeds, as rliable does it.
    #[test]
    fn the_interval_is_rliables() {
        let values = [480.0, 500.0, 310.0, 455.0, 490.0, 350.0, 499.0, 420.0, 470.0, 200.0];
        let Interval { low, high } =
            iqm_interval(&values, &Seed::new(0).child("bootstrap")).unwrap();
        assert!((low - 357.8).abs() < 5.0, "{low}");
        assert!((high - 486.1).abs() < 2.0, "{high}");
    }

    #[test]
    fn the_interval_is_the_same_every_time() {
        let values = [480.0, 500.0, 310.0, 455.0, 490.0];
        let seed = Seed::new(0).child("bootstrap");
        assert_eq!(iqm_interval(&values, &seed), iqm_interval(&values, &seed));
        assert_eq!(iqm_interval(&[1.0], &seed), None);
        assert_eq!(iqm_interval(&[7.0; 4], &seed), Some(Interval { low: 7.0, high: 7.0 }));
    }

    proptest! {
        #[test]
        fn iqm_lies_within_and_knows_no_order(mut values in prop::collection::vec(-1e3f64..1e3, 1..40)) {
            let first = iqm(&values).unwrap();
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
            prop_assert!(low - 1e-9 <= first && first <= high + 1e-9);
            values.reverse();
            prop_assert_eq!(iqm(&values).unwrap(), first);
        }

        #[test]
        fn the_interval_lies_within_the_values(values in prop::collection::vec(-1e3f64..1e3, 2..12)) {
            let Interval { low, high } = iqm_interval(&values, &Seed::new(0)).unwrap();
            let least = values.iter().copied().fold(f64::MAX, f64::min);
            let most = values.iter().copied().fold(f64::MIN, f64::max);
            prop_assert!(least - 1e-9 <= low && low <= high && high <= most + 1e-9);
        }
    }
}
