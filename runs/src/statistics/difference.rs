//! How much better one method's aggregate is than another's.

use super::aggregate::Aggregate;
use super::bootstrap::Bootstrap;
use super::contrast::Contrast;
use super::interval::Estimate;
use super::pairs::Pairs;
use super::scores::{Scores, Versus};

/// Of two aggregates, where the second may be no divisor.
fn ratio(x: f64, y: f64) -> f64 {
    if y > 0.0 { x / y } else { f64::NAN }
}

fn difference(x: f64, y: f64) -> f64 {
    x - y
}

impl Bootstrap {
    /// `of(x) − of(y)`, of the tasks that both have runs of. None where there is no such task, where they differ in
    /// their number of tasks, or where a score is not finite.
    pub fn difference(&self, of: Aggregate, x: &Scores, y: &Scores) -> Option<Estimate> {
        self.independent(of, &Versus::of(x, y)?, difference)
    }

    /// `of(x) / of(y)`; none as for a difference, and where `of(y)` is not positive. Where it is not in some resample,
    /// the ratio has no bounds, so that there is no interval.
    pub fn ratio(&self, of: Aggregate, x: &Scores, y: &Scores) -> Option<Estimate> {
        self.independent(of, &Versus::of(x, y)?, ratio).filter(|it| it.value.is_finite())
    }

    /// `of(x) − of(y)`, where runs of a pair are drawn together: what a seed does to both is no difference.
    pub fn paired_difference(&self, of: Aggregate, pairs: &Pairs) -> Option<Estimate> {
        self.paired(of, pairs, difference)
    }

    /// `of(x) / of(y)`, where runs of a pair are drawn together; none as for [`Self::ratio`].
    pub fn paired_ratio(&self, of: Aggregate, pairs: &Pairs) -> Option<Estimate> {
        self.paired(of, pairs, ratio).filter(|it| it.value.is_finite())
    }

    /// `of(x) − of(y)`, where the scores of all pairs are together on either side, and seeds of a draw are drawn together.
    pub fn difference_of_all(&self, of: Aggregate, contrast: &Contrast) -> Option<Estimate> {
        self.of_all(of, contrast, difference)
    }

    /// `of(x) / of(y)` of the same; none as for [`Self::ratio`].
    pub fn ratio_of_all(&self, of: Aggregate, contrast: &Contrast) -> Option<Estimate> {
        self.of_all(of, contrast, ratio).filter(|it| it.value.is_finite())
    }

    fn independent(
        &self,
        of: Aggregate,
        Versus { x, y }: &Versus,
        relation: fn(f64, f64) -> f64,
    ) -> Option<Estimate> {
        let (of_x, of_y) = (of.prepare(x)?, of.prepare(y)?);
        self.measure([x, y], |[x, y]| relation(of_x.value(x), of_y.value(y)))
    }

    fn paired(
        &self,
        of: Aggregate,
        pairs: &Pairs,
        relation: fn(f64, f64) -> f64,
    ) -> Option<Estimate> {
        let Versus { x, y } = pairs.versus();
        let (of_x, of_y) = (of.prepare(x)?, of.prepare(y)?);
        self.measure([x], |[drawn]| relation(of_x.value(drawn), of_y.value(drawn)))
    }

    fn of_all(
        &self,
        of: Aggregate,
        Contrast { x, y, draws }: &Contrast,
        relation: fn(f64, f64) -> f64,
    ) -> Option<Estimate> {
        let (of_x, of_y) = (of.prepare(&x.scores)?, of.prepare(&y.scores)?);
        self.measure([draws], |[drawn]| {
            relation(of_x.value(&drawn.at(&x.places)), of_y.value(&drawn.at(&y.places)))
        })
    }
}

#[cfg(test)]
mod tests {
    use sparring_sparse::Seed;

    use super::super::interval::Interval;
    use super::super::pairs::Pair;
    use super::*;

    fn bootstrap() -> Bootstrap {
        Bootstrap { resamples: 2_000, seed: Seed::new(3), threads: 1 }
    }

    fn ramp(from: f64) -> Scores {
        Scores::new(
            (0..3).map(|task| (0..8).map(|run| from + f64::from(run + task)).collect()).collect(),
        )
    }

    fn pairs(of: impl Fn(f64) -> f64) -> Pairs {
        let pair = |x: f64| Pair { x: of(x), y: x };
        Pairs::new(
            (0..3)
                .map(|task| (1..9).map(|run| pair(f64::from(run * run + task))).collect())
                .collect(),
        )
    }

    /// Of normal means the variances add up: the interval is √2 times as wide as that of one.
    #[test]
    fn independent_methods_spread_more_than_one() {
        let (x, y) = (ramp(5.0), ramp(1.0));
        let both = bootstrap().difference(Aggregate::Mean, &x, &y).unwrap();
        assert!((both.value - 4.0).abs() < 1e-12);
        let width = |it: Estimate| it.interval.map(|it| it.high - it.low).unwrap();
        let alone = bootstrap().estimate(Aggregate::Mean, &x).unwrap();
        let times = width(both) / width(alone);
        assert!((times - 2f64.sqrt()).abs() < 0.1, "{times}");
    }

    #[test]
    fn what_a_seed_does_to_both_is_no_difference() {
        for of in [Aggregate::Iqm, Aggregate::Mean, Aggregate::Median] {
            let shifted = pairs(|x| x + 2.0);
            let Interval { low, high } =
                bootstrap().paired_difference(of, &shifted).unwrap().interval.unwrap();
            assert!((low - 2.0).abs() < 1e-12 && (high - 2.0).abs() < 1e-12);
            let scaled = pairs(|x| x * 1.5);
            let ratio = bootstrap().paired_ratio(of, &scaled).unwrap();
            let Interval { low, high } = ratio.interval.unwrap();
            assert!((ratio.value - 1.5).abs() < 1e-12);
            assert!((low - 1.5).abs() < 1e-12 && (high - 1.5).abs() < 1e-12);
        }
    }

    #[test]
    fn ratios_want_a_positive_divisor() {
        let ratio = |x: &Scores, y: &Scores| bootstrap().ratio(Aggregate::Mean, x, y);
        let of_two = ratio(&ramp(5.0), &ramp(1.0)).unwrap();
        assert!((of_two.value - 9.5 / 5.5).abs() < 1e-12);
        assert!(of_two.interval.is_some_and(|it| it.low < of_two.value && of_two.value < it.high));
        assert_eq!(ratio(&ramp(5.0), &ramp(-9.0)), None);
        let near_zero = ratio(&ramp(5.0), &ramp(-4.4)).unwrap();
        assert!(near_zero.value > 90.0);
        assert_eq!(near_zero.interval, None);
    }

    #[test]
    fn methods_without_a_common_task_do_not_differ() {
        let x = Scores::new(vec![vec![1.0, 2.0], vec![]]);
        let y = Scores::new(vec![vec![], vec![1.0, 2.0]]);
        assert_eq!(bootstrap().difference(Aggregate::Iqm, &x, &y), None);
        assert_eq!(bootstrap().paired_difference(Aggregate::Iqm, &Pairs::new(vec![])), None);
    }
}
