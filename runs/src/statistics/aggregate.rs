//! One number of all scores of a method.

use super::resample::Resample;
use super::scores::{Ranked, Scores};

/// The score above which more is no gain to the optimality gap.
const GAMMA: f64 = 1.0;

/// How all scores of a method become one number, as rliable 1.2.0 does it.
///
/// Where tasks differ in their number of runs, which rliable does not take, the interquartile mean and the optimality
/// gap are of all scores, each counting the same, and the mean and the median are of the means of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// The mean without the lowest and the highest quarter of all scores, each rounded down: `scipy.stats.trim_mean(…,
    /// 0.25)` of runs and tasks together.
    Iqm,
    /// The mean of the tasks' means.
    Mean,
    /// The median of the tasks' means.
    Median,
    /// `1 − mean(min(score, 1))`: how far the scores are from 1 on average, where those above are as good as 1.
    OptimalityGap,
}

/// An aggregate of certain scores, ready to be taken of many resamples of them.
#[derive(Clone, Debug)]
pub(super) struct Prepared<'a> {
    of: Aggregate,
    scores: &'a Scores,
    ranked: Vec<Ranked>,
}

impl Aggregate {
    /// Of the scores as they are. None without scores, or with one that is not finite.
    pub fn of(self, scores: &Scores) -> Option<f64> {
        self.of_resample(scores, &Resample::whole(scores))
    }

    /// Of a resample of `scores`; none as for [`Self::of`].
    pub fn of_resample(self, scores: &Scores, resample: &Resample) -> Option<f64> {
        Some(self.prepare(scores)?.value(resample))
    }

    pub(super) fn prepare(self, scores: &Scores) -> Option<Prepared<'_>> {
        let ranked = || scores.ranked(0..scores.runs());
        scores.is_usable().then(|| Prepared { of: self, scores, ranked: ranked() })
    }
}

impl Prepared<'_> {
    /// Of a resample of its scores.
    pub fn value(&self, resample: &Resample) -> f64 {
        let counts = resample.counts();
        match self.of {
            Aggregate::Iqm => interquartile_mean(&self.ranked, counts),
            Aggregate::Mean => mean(&self.means(counts)),
            Aggregate::Median => median(&mut self.means(counts)),
            Aggregate::OptimalityGap => {
                let values = self.scores.values().iter().map(|score| score.min(GAMMA));
                GAMMA - weighted(values, counts) / counts.len() as f64
            }
        }
    }

    /// The means of tasks that have runs.
    fn means(&self, counts: &[u32]) -> Vec<f64> {
        let tasks = self.scores.places().iter().filter(|task| !task.is_empty());
        let mean = |task: &std::ops::Range<usize>| {
            let values = self.scores.values()[task.clone()].iter().copied();
            weighted(values, &counts[task.clone()]) / task.len() as f64
        };
        tasks.map(mean).collect()
    }
}

/// `Σ count · value`.
fn weighted(values: impl Iterator<Item = f64>, counts: &[u32]) -> f64 {
    values.zip(counts).map(|(value, count)| f64::from(*count) * value).sum()
}

fn interquartile_mean(ranked: &[Ranked], counts: &[u32]) -> f64 {
    let runs = ranked.len() as u32;
    let (mut below, mut left) = (runs / 4, runs - 2 * (runs / 4));
    let (middle, mut sum) = (left, 0.0);
    for at in ranked {
        let count = counts[at.run];
        let cut = count.min(below);
        let taken = (count - cut).min(left);
        below -= cut;
        left -= taken;
        sum += f64::from(taken) * at.score;
    }
    sum / f64::from(middle)
}

fn mean(values: &[f64]) -> f64 {
    sparring_sparse::stats::mean(values.iter().copied())
}

/// The middle value, or the mean of both; of at least one.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    f64::midpoint(values[(n - 1) / 2], values[n / 2])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Aggregate; 4] =
        [Aggregate::Iqm, Aggregate::Mean, Aggregate::Median, Aggregate::OptimalityGap];

    fn iqm(values: &[f64]) -> Option<f64> {
        Aggregate::Iqm.of(&Scores::new(vec![values.to_vec()]))
    }

    /// scipy 1.17.1: `trim_mean(x, 0.25)` on these lists.
    #[test]
    fn the_interquartile_mean_is_scipys_trimmed_mean() {
        assert_eq!(iqm(&[]), None);
        assert_eq!(iqm(&[3.0]), Some(3.0));
        assert_eq!(iqm(&[1.0, 2.0, 9.0]), Some(4.0));
        assert_eq!(iqm(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
        assert_eq!(iqm(&[500.0, 20.0, 480.0, 490.0, 450.0]), Some(1420.0 / 3.0));
        let ten: Vec<_> = (0..10).map(|i| f64::from(i * i)).collect();
        assert_eq!(iqm(&ten), Some(139.0 / 6.0));
    }

    #[test]
    fn tasks_of_other_numbers_of_runs() {
        let scores = Scores::new(vec![vec![0.0, 2.0], vec![], vec![4.0], vec![0.5, 0.5, 0.5, 6.5]]);
        assert_eq!(Aggregate::Mean.of(&scores), Some(7.0 / 3.0));
        assert_eq!(Aggregate::Median.of(&scores), Some(2.0));
        assert_eq!(Aggregate::Iqm.of(&scores), Some((0.5 + 0.5 + 0.5 + 2.0 + 4.0) / 5.0));
        let gap: f64 = 1.0 - (0.0 + 1.0 + 1.0 + 0.5 + 0.5 + 0.5 + 1.0) / 7.0;
        assert!((Aggregate::OptimalityGap.of(&scores).unwrap() - gap).abs() < 1e-15);
    }

    #[test]
    fn nothing_is_made_of_nothing_nor_of_what_is_no_number() {
        for of in ALL {
            assert_eq!(of.of(&Scores::new(vec![vec![], vec![]])), None);
            assert_eq!(of.of(&Scores::new(vec![vec![1.0], vec![2.0, f64::NAN]])), None);
            assert_eq!(of.of(&Scores::new(vec![vec![1.0, f64::INFINITY]])), None);
        }
    }

    fn tasks() -> impl Strategy<Value = Vec<Vec<f64>>> {
        prop::collection::vec(prop::collection::vec(-1e3f64..1e3, 1..12), 1..6)
    }

    proptest! {
        #[test]
        fn the_order_of_runs_does_not_matter(mut tasks in tasks()) {
            let before = ALL.map(|of| of.of(&Scores::new(tasks.clone())).unwrap());
            tasks.iter_mut().for_each(|task| task.reverse());
            let after = ALL.map(|of| of.of(&Scores::new(tasks.clone())).unwrap());
            for (before, after) in before.iter().zip(after) {
                prop_assert!((before - after).abs() < 1e-9);
            }
        }

        #[test]
        fn aggregates_lie_within_the_scores_and_move_with_them(
            tasks in tasks(), by in -10.0f64..10.0, times in 0.1f64..10.0,
        ) {
            let scores = Scores::new(tasks.clone());
            let moved = Scores::new(
                tasks.iter().map(|task| task.iter().map(|score| by + times * score).collect()).collect(),
            );
            let low = tasks.iter().flatten().copied().fold(f64::MAX, f64::min);
            let high = tasks.iter().flatten().copied().fold(f64::MIN, f64::max);
            for of in [Aggregate::Iqm, Aggregate::Mean, Aggregate::Median] {
                let value = of.of(&scores).unwrap();
                prop_assert!(low - 1e-9 <= value && value <= high + 1e-9);
                prop_assert!((of.of(&moved).unwrap() - (by + times * value)).abs() < 1e-8);
            }
        }
    }
}
