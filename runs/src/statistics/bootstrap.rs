//! The stratified bootstrap: intervals of whatever can be taken of a resample.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use sparring_sparse::Seed;

use super::aggregate::Aggregate;
use super::interval::{Estimate, Interval};
use super::resample::Resample;
use super::scores::Scores;

/// Resamples of one stream of random numbers, which one thread draws.
const CHUNK: usize = 100;

/// Draws resamples from a seed: the same numbers whatever the threads.
///
/// The resamples of two calls are the same where their scores have the same tasks and runs, so that one bootstrap has
/// the same resamples for each aggregate of a method.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// How many; without any, estimates have no intervals.
    pub resamples: usize,
    /// Where its streams begin.
    pub seed: Seed,
    /// Threads at work, of which the caller's is one.
    pub threads: usize,
}

impl Bootstrap {
    /// More resamples than this tell nothing more, and have to be kept.
    const MOST: usize = 1_000_000;

    /// How many resamples, as they are typed.
    pub fn parse_resamples(text: &str) -> Result<usize, String> {
        let count = text.replace('_', "").parse().ok().filter(|count| *count <= Self::MOST);
        count.ok_or_else(|| format!("write a whole number from 0 to {}", Self::MOST))
    }

    /// An aggregate; none where there is none ([`Aggregate::of`]).
    pub fn estimate(&self, of: Aggregate, scores: &Scores) -> Option<Estimate> {
        let of = of.prepare(scores)?;
        self.measure([scores], |[resample]| of.value(resample))
    }

    /// What `value` gives of the scores and of their resamples, which are independent of each other.
    pub(super) fn measure<const N: usize>(
        &self,
        of: [&Scores; N],
        value: impl Fn(&[Resample; N]) -> f64 + Sync,
    ) -> Option<Estimate> {
        self.measure_all(of, 1, |resamples, values| values.fill(value(resamples))).pop()
    }

    /// Like [`Self::measure`] for many numbers of the same resamples.
    pub(crate) fn measure_all<const N: usize>(
        &self,
        of: [&Scores; N],
        numbers: usize,
        values: impl Fn(&[Resample; N], &mut [f64]) + Sync,
    ) -> Vec<Estimate> {
        if numbers == 0 {
            return Vec::new();
        }
        let mut whole = vec![0.0; numbers];
        values(&of.map(Resample::whole), &mut whole);
        let mut estimates: Vec<_> =
            whole.into_iter().map(|value| Estimate { value, interval: None }).collect();
        if of.iter().all(|scores| scores.shows_spread()) {
            let all = self.draws(of, numbers, values);
            self.share(estimates.iter_mut().enumerate(), |(n, estimate)| {
                let mut column: Vec<_> = all.iter().skip(n).step_by(numbers).copied().collect();
                estimate.interval = Interval::of(&mut column);
            });
        }
        estimates
    }

    /// What `values` writes of each resample: the numbers of one after those of another.
    pub(crate) fn draws<const N: usize>(
        &self,
        of: [&Scores; N],
        numbers: usize,
        values: impl Fn(&[Resample; N], &mut [f64]) + Sync,
    ) -> Vec<f64> {
        let mut all = vec![0.0; self.resamples * numbers];
        self.share(all.chunks_mut(CHUNK * numbers).enumerate(), |(chunk, all)| {
            let mut rng = self.seed.child(&chunk.to_string()).rng();
            let mut drawn = of.map(Resample::whole);
            for all in all.chunks_mut(numbers) {
                for (drawn, scores) in drawn.iter_mut().zip(of) {
                    drawn.draw(scores.places(), &mut rng);
                }
                values(&drawn, all);
            }
        });
        all
    }

    /// Does `work` on all `parts`, on its threads or on as many as the system gives.
    fn share<T>(&self, parts: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
        let parts = Mutex::new(parts);
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            while let Some(part) = next() {
                work(part);
            }
        };
        thread::scope(|scope| {
            let started = |_: &usize| Builder::new().spawn_scoped(scope, work).is_ok();
            (1..self.threads).take_while(started).for_each(drop);
            work();
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bootstrap(resamples: usize, threads: usize) -> Bootstrap {
        Bootstrap { resamples, seed: Seed::new(0).child("bootstrap"), threads }
    }

    fn one(values: &[f64]) -> Scores {
        Scores::new(vec![values.to_vec()])
    }

    /// numpy 2: 50,000 resamples of these ten, `trim_mean(…, 0.25)` of each, percentiles 2.5 and
    /// 97.5: [359.2, 486.2], [356.7, 486.3], [357.5, 485.7] for three seeds, as rliable does it.
    #[test]
    fn the_interval_is_rliables() {
        let scores = one(&[480.0, 500.0, 310.0, 455.0, 490.0, 350.0, 499.0, 420.0, 470.0, 200.0]);
        let estimate = bootstrap(10_000, 2).estimate(Aggregate::Iqm, &scores).unwrap();
        let Interval { low, high } = estimate.interval.unwrap();
        assert!((low - 357.8).abs() < 5.0, "{low}");
        assert!((high - 486.1).abs() < 2.0, "{high}");
    }

    #[test]
    fn what_shows_no_spread_has_no_interval() {
        let interval = |resamples, tasks: Vec<Vec<f64>>| {
            let scores = Scores::new(tasks);
            bootstrap(resamples, 1).estimate(Aggregate::Iqm, &scores).unwrap().interval
        };
        let same = Some(Interval { low: 7.0, high: 7.0 });
        assert_eq!(interval(100, vec![vec![7.0; 4]]), same);
        assert_eq!(interval(100, vec![vec![7.0; 4], vec![]]), same);
        assert_eq!(interval(1, vec![vec![7.0; 4]]), same);
        assert_eq!(interval(0, vec![vec![7.0; 4]]), None);
        assert_eq!(interval(100, vec![vec![7.0]]), None);
        assert_eq!(interval(100, vec![vec![7.0; 4], vec![7.0]]), None);
        assert_eq!(bootstrap(100, 1).estimate(Aggregate::Mean, &one(&[1.0, f64::NAN])), None);
    }

    #[test]
    fn threads_do_not_change_it() {
        let scores = Scores::new(vec![vec![1.0, 5.0, 2.0], vec![0.5, 9.0, 3.0, 4.0]]);
        let estimate = |threads| bootstrap(1_234, threads).estimate(Aggregate::Iqm, &scores);
        let first = estimate(1);
        assert!(first.is_some_and(|it| it.interval.is_some()));
        assert_eq!(estimate(2), first);
        assert_eq!(estimate(5), first);
        assert_eq!(estimate(0), first);
        let other = Bootstrap { seed: Seed::new(1), ..bootstrap(1_234, 2) };
        assert_ne!(other.estimate(Aggregate::Iqm, &scores), first);
    }

    proptest! {
        #[test]
        fn the_interval_lies_within_the_values_and_moves_with_them(
            values in prop::collection::vec(-1e3f64..1e3, 2..12), by in -10.0f64..10.0, times in 0.1f64..10.0,
        ) {
            let interval = |values: &[f64]| {
                bootstrap(200, 1).estimate(Aggregate::Iqm, &one(values)).unwrap().interval.unwrap()
            };
            let Interval { low, high } = interval(&values);
            let least = values.iter().copied().fold(f64::MAX, f64::min);
            let most = values.iter().copied().fold(f64::MIN, f64::max);
            prop_assert!(least - 1e-9 <= low && low <= high && high <= most + 1e-9);
            let moved: Vec<_> = values.iter().map(|score| by + times * score).collect();
            let moved = interval(&moved);
            prop_assert!((moved.low - (by + times * low)).abs() < 1e-8);
            prop_assert!((moved.high - (by + times * high)).abs() < 1e-8);
        }
    }
}
