//! Resamples of a law's rows: the numbers of a fit again and again, and the intervals of these.
//!
//! Of n rows and p constants the percentile interval of resamples is too short, by √((n − p) / n) and because it takes a
//! normal for a t distribution: of 20 rows it holds the truth in 85 instead of 95 %. The part of resamples beyond each
//! end is therefore Φ(−√(n / (n − p)) t) with t the 97.5 % point of Student's distribution with n − p degrees of freedom
//! (the expanded percentile interval of Hesterberg 2015, "What teachers should know about the bootstrap", section 3.4,
//! with p for his 1), and not 2.5 %.

use std::collections::BTreeMap;

use crate::statistics::{Bootstrap, Interval, Scores};

/// What is drawn, and what among: rows, or several of them at once.
#[derive(Clone, Debug)]
pub struct Strata {
    /// Group after group the rows that are drawn together.
    units: Vec<Vec<usize>>,
    /// As many values a group as it has units.
    scores: Scores,
}

/// What a fit came to on each resample.
#[derive(Clone, Debug, Default)]
pub struct Resamples {
    /// How many were drawn.
    pub drawn: usize,
    /// Of those on which the fit succeeded, each number's values.
    columns: Vec<Vec<f64>>,
    /// The part of them beyond each end of an interval.
    tail: f64,
}

/// The share of resamples that a fit may fail on before the rest of them says nothing of the whole.
const MOST_FAILED: f64 = 0.1;

/// Whether of `drawn` resamples too few were `usable` for them to say anything.
pub fn is_poor(drawn: usize, usable: usize) -> bool {
    (usable as f64) < (1.0 - MOST_FAILED) * drawn as f64
}

impl Strata {
    /// Each of `rows` rows among all of them.
    pub fn whole(rows: usize) -> Self {
        Self::of(vec![(0..rows).collect()])
    }

    /// Each row among those of its group.
    pub fn of(groups: Vec<Vec<usize>>) -> Self {
        let scores = Scores::new(groups.iter().map(|group| vec![0.0; group.len()]).collect());
        Self { units: groups.into_iter().flatten().map(|row| vec![row]).collect(), scores }
    }

    /// Each row among those of its label.
    pub fn by(labels: &[String]) -> Self {
        Self::of(labelled(labels))
    }

    /// All rows of a label at once, among labels.
    pub fn clusters(labels: &[String]) -> Self {
        let units = labelled(labels);
        Self { scores: Scores::new(vec![vec![0.0; units.len()]]), units }
    }

    /// The part of resamples beyond each end of the interval of a fit with `constants`.
    fn tail(&self, constants: usize) -> f64 {
        match self.units.len().checked_sub(constants).filter(|freedom| *freedom > 0) {
            Some(freedom) => {
                let ratio = self.units.len() as f64 / freedom as f64;
                beyond(ratio.sqrt() * student(freedom as f64))
            }
            None => 0.0,
        }
    }

    fn rows(&self) -> usize {
        self.units.iter().map(Vec::len).sum()
    }
}

/// The 97.5 % point of Student's distribution, by its expansion in 1 / `freedom` (Abramowitz and Stegun 1964, 26.7.5),
/// to 0.3 % from 4 on.
fn student(freedom: f64) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    let [first, second, third] = [
        (Z.powi(3) + Z) / 4.0,
        (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0,
        (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0,
    ];
    Z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

/// The normal distribution beyond `x` ≥ 0, to 7.5e-8 (Abramowitz and Stegun 1964, 26.2.17).
fn beyond(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let factors = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = factors.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    (sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()).max(0.0)
}

/// The rows of each label.
fn labelled(labels: &[String]) -> Vec<Vec<usize>> {
    let mut rows: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        rows.entry(label).or_default().push(row);
    }
    rows.into_values().collect()
}

impl Resamples {
    /// The `numbers` that `fit`, of a law with so many `constants`, gives of each resample, of which it is told how often it has each row; where it gives
    /// none, or one that is NaN, the resample is left out.
    pub fn draw(
        bootstrap: &Bootstrap,
        strata: &Strata,
        constants: usize,
        numbers: usize,
        fit: impl Fn(&[f64]) -> Option<Vec<f64>> + Sync,
    ) -> Self {
        if numbers == 0 || bootstrap.resamples == 0 {
            return Self { drawn: 0, columns: vec![Vec::new(); numbers], tail: 0.0 };
        }
        let all = bootstrap.draws([&strata.scores], numbers, |[resample], values| {
            let mut weights = vec![0.0; strata.rows()];
            for (rows, count) in strata.units.iter().zip(resample.counts()) {
                rows.iter().for_each(|row| weights[*row] = f64::from(*count));
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
        Self { drawn: bootstrap.resamples, columns, tail: strata.tail(constants) }
    }

    /// On how many the fit succeeded.
    pub fn usable(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// All values of a number.
    pub fn column(&self, number: usize) -> &[f64] {
        &self.columns[number]
    }

    /// The 95 % interval of a number; none without resamples, or where too many failed. An end among values
    /// that are infinite is infinite.
    pub fn interval(&self, number: usize) -> Option<Interval> {
        /// Beyond every number of a law, and finite, so that percentiles can be taken.
        const FAR: f64 = 1e300;
        let finite = |x: &f64| x.clamp(-FAR, FAR);
        let mut values: Vec<f64> = self.columns[number].iter().map(finite).collect();
        let of = Interval::between(&mut values, self.tail)
            .filter(|_| !is_poor(self.drawn, self.usable()))?;
        // Between a number and what was never reached nothing was reached.
        let infinite = |x: f64| if x.abs() > FAR * 1e-9 { x * f64::INFINITY } else { x };
        Some(Interval { low: infinite(of.low), high: infinite(of.high) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy 1.17.1: `t.ppf(.975, n)`, `norm.sf(x)`.
    #[test]
    fn the_tails_are_scipys() {
        for (freedom, point) in [(4.0, 2.776_445), (15.0, 2.131_450), (60.0, 2.000_298)] {
            assert!((student(freedom) - point).abs() < 1e-2, "{freedom}: {}", student(freedom));
        }
        for (x, part) in [(0.0, 0.5), (1.959_964, 0.025), (3.0, 0.001_349_9)] {
            assert!((beyond(x) - part).abs() < 1e-6, "{x}: {}", beyond(x));
        }
        assert!((Strata::whole(1_000_000).tail(3) - 0.025).abs() < 1e-6);
        assert_eq!(Strata::whole(3).tail(3), 0.0);
    }
}
