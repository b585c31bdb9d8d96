//! The slope of scores along an axis.

use super::bootstrap::Bootstrap;
use super::interval::Estimate;
use super::scores::Scores;

/// The slope of the straight line of least squares through `points`, x and y; NaN where no two x differ.
pub fn slope(points: impl Iterator<Item = [f64; 2]> + Clone) -> f64 {
    let n = points.clone().count() as f64;
    let mean = |of: usize| points.clone().map(|point| point[of]).sum::<f64>() / n;
    let (x, y) = (mean(0), mean(1));
    let products = points.clone().map(|[a, b]| (a - x) * (b - y)).sum::<f64>();
    let squares = points.map(|[a, _]| (a - x).powi(2)).sum::<f64>();
    if squares > 0.0 { products / squares } else { f64::NAN }
}

impl Bootstrap {
    /// The slope of the means of tasks, of which each stands at its place `x`: each counts the same, whatever its number of
    /// runs. None where scores are missing or not finite, or no two x differ.
    pub fn slope(&self, x: &[f64], scores: &Scores) -> Option<Estimate> {
        let usable = scores.is_finite() && scores.tasks().all(|task| !task.is_empty());
        let of = |means: &[f64]| slope(x.iter().zip(means).map(|(x, y)| [*x, *y]));
        let all = self.measure_all([scores], 1, |[resample], values| {
            values.fill(of(&resample.means(scores)));
        });
        all.into_iter().next().filter(|it| usable && it.value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use sparring_sparse::Seed;

    use super::*;

    fn bootstrap() -> Bootstrap {
        Bootstrap { resamples: 2_000, seed: Seed::new(4), threads: 1 }
    }

    /// By hand, of the means 1, 2 and 2.5 at 0, 1 and 3: 13 / 28.
    #[test]
    fn it_is_that_of_the_means() {
        let scores = Scores::new(vec![vec![0.5, 1.5], vec![2.0, 1.0, 3.0], vec![2.5, 2.5]]);
        let of = bootstrap().slope(&[0.0, 1.0, 3.0], &scores).unwrap();
        assert!((of.value - 13.0 / 28.0).abs() < 1e-12);
        let interval = of.interval.unwrap();
        assert!(interval.low < of.value && of.value < interval.high);
        let sure = Scores::new(vec![vec![1.0; 3], vec![2.0; 3]]);
        let sure = bootstrap().slope(&[0.0, 2.0], &sure).unwrap();
        assert_eq!(
            (sure.value, sure.interval.map(|it| (it.low, it.high))),
            (0.5, Some((0.5, 0.5)))
        );
    }

    #[test]
    fn what_lies_at_one_place_or_is_missing_has_none() {
        let scores = Scores::new(vec![vec![1.0], vec![2.0]]);
        assert_eq!(bootstrap().slope(&[1.0, 1.0], &scores), None);
        assert_eq!(bootstrap().slope(&[1.0, 2.0], &Scores::new(vec![vec![1.0], vec![]])), None);
        assert_eq!(bootstrap().slope(&[], &Scores::new(vec![])), None);
    }
}
