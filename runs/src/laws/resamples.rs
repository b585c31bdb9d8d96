//! Resamples of a law's rows: the numbers of a fit again and again, and the intervals of these.

use crate::statistics::{Bootstrap, Interval, Scores};

/// Rows that are drawn among each other: all of them, or those of one group.
#[derive(Clone, Debug)]
pub struct Strata {
    /// Group after group.
    rows: Vec<usize>,
    /// As many values a group as it has rows.
    scores: Scores,
}

/// What a fit came to on each resample.
#[derive(Clone, Debug, Default)]
pub struct Resamples {
    /// How many were drawn.
    pub drawn: usize,
    /// Of those on which the fit succeeded, each number's values.
    columns: Vec<Vec<f64>>,
}

/// The share of resamples that a fit may fail on before the rest of them says nothing of the whole.
const MOST_FAILED: f64 = 0.1;

/// Whether of `drawn` resamples too few were `usable` for them to say anything.
pub fn is_poor(drawn: usize, usable: usize) -> bool {
    (usable as f64) < (1.0 - MOST_FAILED) * drawn as f64
}

impl Strata {
    /// All of `rows` rows among each other.
    pub fn whole(rows: usize) -> Self {
        Self::of(vec![(0..rows).collect()])
    }

    /// The rows of each group among each other.
    pub fn of(groups: Vec<Vec<usize>>) -> Self {
        let scores = Scores::new(groups.iter().map(|group| vec![0.0; group.len()]).collect());
        Self { rows: groups.concat(), scores }
    }

    /// The rows of each label among each other.
    pub fn by(labels: &[String]) -> Self {
        let mut names: Vec<&String> = labels.iter().collect();
        names.sort_unstable();
        names.dedup();
        let of = |name: &&String| {
            let rows = labels.iter().enumerate().filter(|(_, label)| label == name);
            rows.map(|(row, _)| row).collect()
        };
        Self::of(names.iter().map(of).collect())
    }
}

impl Resamples {
    /// The numbers that `fit` gives of each resample, of which it is told how often it has each row; where it gives
    /// none, or one that is NaN, the resample is left out.
    pub fn draw(
        bootstrap: &Bootstrap,
        strata: &Strata,
        numbers: usize,
        fit: impl Fn(&[f64]) -> Option<Vec<f64>> + Sync,
    ) -> Self {
        if numbers == 0 || bootstrap.resamples == 0 {
            return Self { drawn: 0, columns: vec![Vec::new(); numbers] };
        }
        let all = bootstrap.draws([&strata.scores], numbers, |[resample], values| {
            let mut weights = vec![0.0; strata.rows.len()];
            for (row, count) in strata.rows.iter().zip(resample.counts()) {
                weights[*row] = f64::from(*count);
            }
            match fit(&weights) {
                Some(found) => values.copy_from_slice(&found),
                None => values.fill(f64::NAN),
            }
        });
        let mut columns = vec![Vec::new(); numbers];
        for row in all.chunks_exact(numbers).filter(|row| !row.iter().any(|x| x.is_nan())) {
            columns.iter_mut().zip(row).for_each(|(column, x)| column.push(*x));
        }
        Self { drawn: bootstrap.resamples, columns }
    }

    /// On how many the fit succeeded.
    pub fn usable(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// All values of a number.
    pub fn column(&self, number: usize) -> &[f64] {
        &self.columns[number]
    }

    /// The 95 % percentile interval of a number; none without resamples, or where too many failed. An end among values
    /// that are infinite is infinite.
    pub fn interval(&self, number: usize) -> Option<Interval> {
        /// Beyond every number of a law, and finite, so that percentiles can be taken.
        const FAR: f64 = 1e300;
        let finite = |x: &f64| x.clamp(-FAR, FAR);
        let mut values: Vec<f64> = self.columns[number].iter().map(finite).collect();
        let of = Interval::of(&mut values).filter(|_| !is_poor(self.drawn, self.usable()))?;
        // Between a number and what was never reached nothing was reached.
        let infinite = |x: f64| if x.abs() > FAR * 1e-9 { x * f64::INFINITY } else { x };
        Some(Interval { low: infinite(of.low), high: infinite(of.high) })
    }
}
