//! Performance profiles: which share of runs comes how far.

use super::bootstrap::Bootstrap;
use super::interval::Estimate;
use super::scores::Scores;

impl Bootstrap {
    /// The share of all scores above each of `taus`, strictly; empty without scores, or with one that is not finite.
    pub fn profile(&self, scores: &Scores, taus: &[f64]) -> Vec<Estimate> {
        if !scores.is_usable() {
            return Vec::new();
        }
        let runs = scores.runs();
        let ranked = scores.ranked(0..runs);
        let above = |tau: &f64| ranked.iter().filter(|at| at.score > *tau).count();
        let not_above: Vec<_> = taus.iter().map(|tau| runs - above(tau)).collect();
        self.measure_all([scores], taus.len(), |[resample], shares| {
            let mut sums = Vec::with_capacity(runs + 1);
            let mut sum = 0;
            sums.push(sum);
            for at in &ranked {
                sum += resample.counts()[at.run];
                sums.push(sum);
            }
            for (share, not_above) in shares.iter_mut().zip(&not_above) {
                *share = f64::from(sum - sums[*not_above]) / runs as f64;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sparring_sparse::Seed;

    use super::*;

    fn profile(tasks: Vec<Vec<f64>>, taus: &[f64]) -> Vec<Estimate> {
        let bootstrap = Bootstrap { resamples: 300, seed: Seed::new(1), threads: 2 };
        bootstrap.profile(&Scores::new(tasks), taus)
    }

    fn values(tasks: Vec<Vec<f64>>, taus: &[f64]) -> Vec<f64> {
        profile(tasks, taus).iter().map(|share| share.value).collect()
    }

    #[test]
    fn above_is_strict_and_taus_have_any_order() {
        let tasks = vec![vec![0.0, 1.0], vec![1.0, 2.0, 3.0, -1.0], vec![]];
        let taus = [1.0, -2.0, 0.5, 3.0, 0.0, 1.0];
        let sixth = 1.0 / 6.0;
        assert_eq!(
            values(tasks, &taus),
            [2.0 * sixth, 1.0, 4.0 * sixth, 0.0, 4.0 * sixth, 2.0 * sixth]
        );
        assert_eq!(values(vec![vec![1.0, 2.0]], &[]), [0.0; 0]);
    }

    #[test]
    fn of_nothing_there_is_none() {
        assert_eq!(profile(vec![], &[0.0]), []);
        assert_eq!(profile(vec![vec![1.0, f64::NAN]], &[0.0]), []);
        assert_eq!(profile(vec![vec![1.0]], &[0.0]), [Estimate { value: 1.0, interval: None }]);
    }

    proptest! {
        #[test]
        fn it_falls_and_its_interval_is_a_share(
            tasks in prop::collection::vec(prop::collection::vec(0.0f64..1.0, 2..6), 1..4),
        ) {
            let shares = profile(tasks, &[-0.1, 0.2, 0.4, 0.6, 1.0]);
            prop_assert_eq!(shares[0].value, 1.0);
            prop_assert_eq!(shares[4].value, 0.0);
            prop_assert!(shares.windows(2).all(|two| two[0].value >= two[1].value));
            for interval in shares.iter().map(|share| share.interval.unwrap()) {
                prop_assert!(0.0 <= interval.low && interval.low <= interval.high && interval.high <= 1.0);
            }
        }
    }
}
