//! Resamples of runs, as counts.

use std::ops::Range;

use rand::RngExt;
use sparring_sparse::seed::Rng;

use super::scores::Scores;

/// A resample of [`Scores`]: how often it has each run. Of every task it has as many runs as the scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resample {
    counts: Vec<u32>,
}

impl Resample {
    /// Every run once.
    pub fn whole(scores: &Scores) -> Self {
        Self { counts: vec![1; scores.runs()] }
    }

    /// Of each task the runs `drawn`. None where a task has another number of runs, or none of such a number.
    pub fn of(scores: &Scores, drawn: &[Vec<usize>]) -> Option<Self> {
        let mut counts = vec![0; scores.runs()];
        if drawn.len() != scores.places().len() {
            return None;
        }
        for (task, drawn) in scores.places().iter().zip(drawn) {
            let counts = &mut counts[task.clone()];
            if drawn.len() != counts.len() {
                return None;
            }
            for run in drawn {
                *counts.get_mut(*run)? += 1;
            }
        }
        Some(Self { counts })
    }

    /// Draws the runs of each of `tasks` anew, independently of those of others.
    pub(super) fn draw(&mut self, tasks: &[Range<usize>], rng: &mut Rng) {
        self.counts.fill(0);
        for task in tasks {
            let counts = &mut self.counts[task.clone()];
            let runs = counts.len() as u32;
            for _ in 0..runs {
                counts[rng.random_range(0..runs) as usize] += 1;
            }
        }
    }

    /// The mean of each task of `scores`, whose runs it counts; NaN of one without runs.
    pub(crate) fn means(&self, scores: &Scores) -> Vec<f64> {
        let of = |(runs, task): (&[f64], &Range<usize>)| {
            let counted = runs.iter().zip(&self.counts[task.clone()]);
            counted.map(|(run, count)| run * f64::from(*count)).sum::<f64>() / runs.len() as f64
        };
        scores.tasks().zip(scores.places()).map(of).collect()
    }

    /// How often it has each of the runs at `places`.
    pub(super) fn at(&self, places: &[usize]) -> Self {
        Self { counts: places.iter().map(|run| self.counts[*run]).collect() }
    }

    /// How often it has each run, in the order of [`Scores::values`].
    pub(crate) fn counts(&self) -> &[u32] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use sparring_sparse::Seed;

    use super::*;

    #[test]
    fn runs_are_counted() {
        let scores = Scores::new(vec![vec![1.0, 2.0, 3.0], vec![], vec![4.0]]);
        let resample = Resample::of(&scores, &[vec![2, 0, 2], vec![], vec![0]]).unwrap();
        assert_eq!(resample.counts(), [1, 0, 2, 1]);
        assert_eq!(
            Resample::of(&scores, &[vec![0, 1, 2], vec![], vec![0]]),
            Some(Resample::whole(&scores))
        );
        assert_eq!(Resample::of(&scores, &[vec![0, 1], vec![], vec![0]]), None);
        assert_eq!(Resample::of(&scores, &[vec![0, 1, 3], vec![], vec![0]]), None);
        assert_eq!(Resample::of(&scores, &[vec![0, 1, 2]]), None);
    }

    #[test]
    fn every_run_is_drawn_as_often_and_tasks_keep_their_sizes() {
        let scores = Scores::new(vec![vec![0.0; 3], vec![], vec![0.0; 5], vec![0.0]]);
        let (mut rng, mut resample) = (Seed::new(1).rng(), Resample::whole(&scores));
        let mut sums = [0; 9];
        for _ in 0..30_000 {
            resample.draw(scores.places(), &mut rng);
            let counts = resample.counts();
            assert_eq!(counts[..3].iter().sum::<u32>(), 3);
            assert_eq!(counts[3..8].iter().sum::<u32>(), 5);
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        // Five standard deviations are 710 for the three and 780 for the five.
        assert!(sums.iter().all(|sum| sum.abs_diff(30_000) < 800), "{sums:?}");
    }
}
