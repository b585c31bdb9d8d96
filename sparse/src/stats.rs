//! Means and deviations: of numbers that are all there, and of rows as they come.

use serde::{Deserialize, Serialize};

/// `1/n Σ x`; 0 of nothing.
pub fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

/// The mean of `values` and their variance `1/n Σ (x − mean)²`, that of the population; 0 of nothing.
pub fn mean_and_variance(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let center = mean(values.clone());
    (center, mean(values.map(|x| (x - center).powi(2))))
}

/// Count, mean and variance of each of a few numbers, row by row (Welford 1962).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welford {
    /// Rows taken in.
    pub count: f64,
    /// The mean of each number.
    pub mean: Vec<f64>,
    /// Sum of squared distances from the mean.
    pub squares: Vec<f64>,
}

impl Welford {
    /// Of nothing yet.
    pub fn new(dim: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; dim], squares: vec![0.0; dim] }
    }

    /// Takes one row in.
    pub fn add(&mut self, row: impl Iterator<Item = f64>) {
        self.count += 1.0;
        for (x, (mean, squares)) in row.zip(self.mean.iter_mut().zip(&mut self.squares)) {
            let distance = x - *mean;
            *mean += distance / self.count;
            *squares += distance * (x - *mean);
        }
    }

    /// Whether `other` is of as many numbers.
    pub fn is_like(&self, other: &Self) -> bool {
        [&other.mean, &other.squares].iter().all(|all| all.len() == self.dim())
    }

    /// The numbers of a row.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The variance of number `i`, that of the population; NaN where no row was taken in.
    pub fn variance(&self, i: usize) -> f64 {
        self.squares[i] / self.count
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn moments_are_those_of_all_rows(rows in prop::collection::vec(-100.0f64..100.0, 2..50)) {
            let mut moments = Welford::new(1);
            rows.iter().for_each(|x| moments.add([*x].into_iter()));
            let (mean, variance) = mean_and_variance(rows.iter().copied());
            prop_assert!((moments.mean[0] - mean).abs() < 1e-9);
            prop_assert!((moments.variance(0) - variance).abs() < 1e-7 * (1.0 + variance));
        }
    }

    #[test]
    fn by_hand() {
        assert_eq!(mean_and_variance([1.0, 2.0, 6.0].into_iter()), (3.0, 14.0 / 3.0));
        assert_eq!(mean_and_variance([].into_iter()), (0.0, 0.0));
    }
}
