//! The probability that a run of one method is better than one of another.

use super::bootstrap::Bootstrap;
use super::interval::Estimate;
use super::resample::Resample;
use super::scores::{Scores, Versus};

/// One task: where each score of X stands among those of Y.
struct Task {
    places: Vec<Place>,
    /// The runs of Y, the lowest first.
    ascending: Vec<usize>,
}

/// Of a run of X.
struct Place {
    run: usize,
    /// Runs of Y below it.
    below: usize,
    /// Runs of Y below or equal to it.
    upto: usize,
}

impl Bootstrap {
    /// `P(X > Y)`: the mean, over the tasks that both have runs of, of the share of pairs of a run of X and one of Y in
    /// which X is better, where equal scores count half: `U / (n · m)` of Mann and Whitney. None where there is no such
    /// task, where they differ in their number of tasks, or where a score is not finite.
    pub fn improvement(&self, x: &Scores, y: &Scores) -> Option<Estimate> {
        let Versus { x, y } = Versus::of(x, y)?;
        let tasks: Vec<_> = (0..x.places().len()).map(|task| Task::of(task, &x, &y)).collect();
        self.measure([&x, &y], |[x, y]| {
            let won = tasks.iter().map(|task| task.won(x, y));
            won.sum::<f64>() / tasks.len() as f64
        })
    }
}

impl Task {
    fn of(task: usize, x: &Scores, y: &Scores) -> Self {
        let others = y.ranked(y.places()[task].clone());
        let place = |run: usize| {
            let score = x.values()[run];
            Place {
                run,
                below: others.partition_point(|other| other.score < score),
                upto: others.partition_point(|other| other.score <= score),
            }
        };
        Self {
            places: x.places()[task].clone().map(place).collect(),
            ascending: others.iter().map(|other| other.run).collect(),
        }
    }

    /// `U / (n · m)` of resamples.
    fn won(&self, x: &Resample, y: &Resample) -> f64 {
        let mut sums = Vec::with_capacity(self.ascending.len() + 1);
        let mut sum = 0;
        sums.push(sum);
        for run in &self.ascending {
            sum += u64::from(y.counts()[*run]);
            sums.push(sum);
        }
        let twice = |at: &Place| u64::from(x.counts()[at.run]) * (sums[at.below] + sums[at.upto]);
        let won: u64 = self.places.iter().map(twice).sum();
        won as f64 / (2 * self.places.len() * self.ascending.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sparring_sparse::Seed;

    use super::*;

    fn improvement(x: &[Vec<f64>], y: &[Vec<f64>]) -> Option<Estimate> {
        let bootstrap = Bootstrap { resamples: 200, seed: Seed::new(1), threads: 1 };
        bootstrap.improvement(&Scores::new(x.to_vec()), &Scores::new(y.to_vec()))
    }

    #[test]
    fn ties_count_half() {
        let value = |x: &[f64], y: &[f64]| improvement(&[x.to_vec()], &[y.to_vec()]).unwrap().value;
        assert_eq!(value(&[1.0, 2.0, 3.0], &[2.0]), 0.5);
        assert_eq!(value(&[1.0, 1.0], &[1.0, 0.0]), 0.75);
        assert_eq!(value(&[0.0, -0.0], &[-0.0, 0.0]), 0.5);
        assert_eq!(value(&[5.0, 6.0], &[1.0, 2.0, 3.0]), 1.0);
    }

    #[test]
    fn tasks_count_the_same_whatever_their_runs() {
        let x = [vec![2.0; 4], vec![0.0], vec![9.0]];
        let y = [vec![1.0; 9], vec![1.0, 1.0], vec![]];
        assert_eq!(improvement(&x, &y).unwrap().value, 0.5);
        assert_eq!(improvement(&x, &y).unwrap().interval, None);
        assert_eq!(improvement(&x, &y[..2]), None);
    }

    fn tasks() -> impl Strategy<Value = Vec<Vec<f64>>> {
        prop::collection::vec(prop::collection::vec((0..6).prop_map(f64::from), 1..8), 3)
    }

    proptest! {
        #[test]
        fn it_is_the_share_of_won_pairs(x in tasks(), y in tasks()) {
            let value = improvement(&x, &y).unwrap().value;
            let won = |x: &[f64], y: &[f64]| {
                let pairs = x.iter().flat_map(|x| y.iter().map(move |y| (x, y)));
                let won = pairs.map(|(x, y)| if x > y { 1.0 } else if x == y { 0.5 } else { 0.0 });
                won.sum::<f64>() / (x.len() * y.len()) as f64
            };
            let expected = x.iter().zip(&y).map(|(x, y)| won(x, y)).sum::<f64>() / 3.0;
            prop_assert!((value - expected).abs() < 1e-12);
        }

        #[test]
        fn one_of_both_is_better(x in tasks(), y in tasks()) {
            let (there, back) = (improvement(&x, &y).unwrap(), improvement(&y, &x).unwrap());
            prop_assert!((there.value + back.value - 1.0).abs() < 1e-12);
            if let Some(interval) = there.interval {
                prop_assert!(0.0 <= interval.low && interval.low <= interval.high && interval.high <= 1.0);
            }
        }
    }
}
