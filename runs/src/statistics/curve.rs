//! Learning curves: points of runs on common steps, the area under them, the band around them.

use super::aggregate::Aggregate;
use super::bootstrap::Bootstrap;
use super::interval::Estimate;
use super::scores::Scores;

/// A point of a run's learning curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Environment steps, operations, seconds, or a part of the run.
    pub step: f64,
    /// What the run had come to.
    pub value: f64,
}

/// The learning curve of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Of rising steps.
    points: Vec<Point>,
}

/// The learning curves of a method's runs on common steps.
///
/// Runs of unequal length go together as far as all of them came: from the last of their first steps to the first of
/// their last steps, at every step that one of them has; in between its points a run is linear. So no run counts at a
/// step that it did not reach, and a run that ended early ends the curve of all: whoever would rather see further
/// leaves it out. A run without points is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// Rising.
    pub steps: Vec<f64>,
    /// At each step the scores of all tasks and runs, in one order at all of them.
    pub at: Vec<Scores>,
}

impl Curve {
    /// Of points in any order. Of several at a step the last counts, as that of a run which was resumed.
    pub fn new(mut points: Vec<Point>) -> Self {
        points.sort_by(|a, b| a.step.total_cmp(&b.step));
        points.reverse();
        points.dedup_by(|later, kept| later.step == kept.step);
        points.reverse();
        Self { points }
    }

    /// Linear between points; none before the first and after the last.
    pub fn at(&self, step: f64) -> Option<f64> {
        let next = self.points.partition_point(|point| point.step < step);
        let above = self.points.get(next)?;
        if above.step == step {
            return Some(above.value);
        }
        let below = self.points.get(next.checked_sub(1)?)?;
        let part = (step - below.step) / (above.step - below.step);
        Some(below.value + part * (above.value - below.value))
    }

    /// The area under it, by the rule of trapeziums, divided by its span: its mean value over steps. None without
    /// points; of one point its value.
    pub fn area(&self) -> Option<f64> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        let of_two = |two: &[Point]| match two {
            [a, b] => (b.step - a.step) * f64::midpoint(a.value, b.value),
            [..] => 0.0,
        };
        let sum: f64 = self.points.windows(2).map(of_two).sum();
        Some(if last.step > first.step { sum / (last.step - first.step) } else { first.value })
    }
}

impl Curves {
    /// Of tasks, and of each task the curves of its runs; empty where they have no step in common.
    pub fn new(tasks: &[Vec<Curve>]) -> Self {
        let runs = || tasks.iter().flatten().filter(|curve| !curve.points.is_empty());
        let points = || runs().flat_map(|curve| &curve.points);
        let begin = runs().filter_map(|curve| curve.points.first()).map(|point| point.step);
        let end = runs().filter_map(|curve| curve.points.last()).map(|point| point.step);
        let common = begin.fold(f64::NEG_INFINITY, f64::max)..=end.fold(f64::INFINITY, f64::min);
        let mut steps: Vec<f64> =
            points().map(|point| point.step).filter(|step| common.contains(step)).collect();
        steps.sort_unstable_by(f64::total_cmp);
        steps.dedup();
        let task = |task: &Vec<Curve>, step| task.iter().filter_map(|run| run.at(step)).collect();
        let scores = |step: &f64| Scores::new(tasks.iter().map(|runs| task(runs, *step)).collect());
        Self { at: steps.iter().map(scores).collect(), steps }
    }

    /// The [area](Curve::area) under each run's curve over the common steps.
    pub fn areas(&self) -> Scores {
        let Some(first) = self.at.first() else {
            return Scores::default();
        };
        let area = |run: usize| {
            let points = self.steps.iter().zip(&self.at);
            let point =
                |(step, at): (&f64, &Scores)| Point { step: *step, value: at.values()[run] };
            Curve { points: points.map(point).collect() }.area()
        };
        let tasks = first.places().iter();
        Scores::new(tasks.map(|task| task.clone().filter_map(area).collect()).collect())
    }
}

impl Bootstrap {
    /// An aggregate at each step of a sample-efficiency curve. Runs are drawn and not single points: a resample has
    /// the same runs at every step. Empty where the steps differ in tasks or runs, which [`Curves`] never do, or where
    /// there is nothing to estimate at one of them.
    pub fn curve(&self, of: Aggregate, at: &[Scores]) -> Vec<Estimate> {
        let Some(first) = at.first() else {
            return Vec::new();
        };
        let same = at.iter().all(|scores| scores.places() == first.places());
        let prepared: Option<Vec<_>> = at.iter().map(|scores| of.prepare(scores)).collect();
        let Some(prepared) = prepared.filter(|_| same) else {
            return Vec::new();
        };
        self.measure_all([first], at.len(), |[resample], values| {
            for (value, of) in values.iter_mut().zip(&prepared) {
                *value = of.value(resample);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use sparring_sparse::Seed;

    use super::*;

    fn curve(points: &[[f64; 2]]) -> Curve {
        Curve::new(
            points.iter().map(|[step, value]| Point { step: *step, value: *value }).collect(),
        )
    }

    fn bootstrap() -> Bootstrap {
        Bootstrap { resamples: 500, seed: Seed::new(2), threads: 2 }
    }

    #[test]
    fn a_curve_is_linear_between_its_points() {
        let curve = curve(&[[10.0, 1.0], [0.0, 0.0], [20.0, 5.0], [10.0, 2.0]]);
        assert_eq!(curve.at(0.0), Some(0.0));
        assert_eq!(curve.at(5.0), Some(1.0));
        assert_eq!(curve.at(10.0), Some(2.0), "the later of two points at a step");
        assert_eq!(curve.at(15.0), Some(3.5));
        assert_eq!(curve.at(20.0), Some(5.0));
        assert_eq!(curve.at(-0.1), None);
        assert_eq!(curve.at(20.1), None);
    }

    /// numpy 2.4.6: `trapezoid([0, 2, 5, 4], [0, 10, 20, 50]) / 50`.
    #[test]
    fn the_area_is_the_mean_over_steps() {
        assert_eq!(curve(&[[0.0, 0.0], [10.0, 2.0], [20.0, 5.0], [50.0, 4.0]]).area(), Some(3.6));
        assert_eq!(curve(&[[3.0, 7.0]]).area(), Some(7.0));
        assert_eq!(curve(&[]).area(), None);
    }

    #[test]
    fn runs_go_together_as_far_as_all_came() {
        let long = curve(&[[0.0, 0.0], [10.0, 10.0], [20.0, 0.0], [30.0, 9.0]]);
        let short = curve(&[[5.0, 1.0], [20.0, 4.0]]);
        let curves = Curves::new(&[vec![long, curve(&[])], vec![], vec![short]]);
        assert_eq!(curves.steps, [5.0, 10.0, 20.0]);
        assert_eq!(curves.at[1], Scores::new(vec![vec![10.0], vec![], vec![2.0]]));
        let areas = Scores::new(vec![vec![(37.5 + 50.0) / 15.0], vec![], vec![2.5]]);
        assert_eq!(curves.areas(), areas);
    }

    #[test]
    fn runs_without_a_common_step_make_no_curve() {
        let curves = Curves::new(&[vec![curve(&[[0.0, 1.0]]), curve(&[[5.0, 1.0]])]]);
        assert_eq!(curves, Curves::default());
        assert_eq!(curves.areas(), Scores::default());
        assert_eq!(Curves::new(&[]), Curves::default());
        assert_eq!(bootstrap().curve(Aggregate::Iqm, &curves.at), []);
    }

    #[test]
    fn each_step_of_a_curve_is_an_estimate_of_the_same_resamples() {
        let run =
            |offset: f64| curve(&[[0.0, offset], [1.0, 3.0 * offset], [2.0, offset * offset]]);
        let curves = Curves::new(&[vec![run(1.0), run(2.0), run(4.0)], vec![run(0.5), run(3.0)]]);
        let of_curve = bootstrap().curve(Aggregate::Mean, &curves.at);
        let alone: Vec<_> =
            curves.at.iter().filter_map(|at| bootstrap().estimate(Aggregate::Mean, at)).collect();
        assert_eq!(of_curve, alone);
        assert_eq!(of_curve.len(), 3);
    }

    #[test]
    fn steps_of_other_runs_are_no_curve() {
        let (two, three) =
            (Scores::new(vec![vec![1.0, 2.0]]), Scores::new(vec![vec![1.0, 2.0, 3.0]]));
        assert_eq!(bootstrap().curve(Aggregate::Iqm, &[two.clone(), three]), []);
        let bad = Scores::new(vec![vec![1.0, f64::NAN]]);
        assert_eq!(bootstrap().curve(Aggregate::Iqm, &[two, bad]), []);
    }
}
