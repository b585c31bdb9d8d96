//! Straight lines: weighted least squares of few columns, with an intercept for each group.

use nalgebra::{DMatrix, DVector};

/// What a row counts for: its group, its columns and what they explain.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// Columns of x, each by row.
    pub x: &'a [Vec<f64>],
    /// What they explain.
    pub y: &'a [f64],
    /// The group of each row, from 0.
    pub group: &'a [usize],
    /// How many groups there are.
    pub groups: usize,
}

/// Slopes that all groups share, and an intercept for each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// One a column.
    pub slopes: Vec<f64>,
    /// One a group; NaN of one without rows.
    pub intercepts: Vec<f64>,
    /// Σ w r².
    pub squares: f64,
}

impl Lines<'_> {
    /// The least squares of rows that count `weights` times; none where they do not tell the slopes apart.
    pub fn fit(&self, weights: &[f64]) -> Option<Line> {
        let mut totals = vec![0.0; self.groups];
        self.group.iter().zip(weights).for_each(|(group, weight)| totals[*group] += weight);
        let means = |of: &[f64]| {
            let mut means = vec![0.0; self.groups];
            for ((group, weight), value) in self.group.iter().zip(weights).zip(of) {
                means[*group] += weight * value / totals[*group];
            }
            means
        };
        let centre: Vec<Vec<f64>> = self.x.iter().map(|column| means(column)).collect();
        let of_y = means(self.y);
        let n = self.x.len();
        let off = |column: usize, row: usize| self.x[column][row] - centre[column][self.group[row]];
        let (mut left, mut right) = (DMatrix::<f64>::zeros(n, n), DVector::<f64>::zeros(n));
        let used = || weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
        for (row, weight) in used() {
            let y = self.y[row] - of_y[self.group[row]];
            for i in 0..n {
                right[i] += weight * off(i, row) * y;
                for j in 0..n {
                    left[(i, j)] += weight * off(i, row) * off(j, row);
                }
            }
        }
        // A column that is a sum of others leaves a pivot of rounding alone.
        let pivots = left.clone().cholesky().map(|it| it.l().diagonal())?;
        let told = |i: usize| pivots[i].powi(2) > 1e-10 * left[(i, i)];
        if !(0..n).all(told) {
            return None;
        }
        let slopes = left.cholesky()?.solve(&right);
        let fitted = |group: usize| {
            let lines = slopes.iter().zip(&centre).map(|(slope, centre)| slope * centre[group]);
            of_y[group] - lines.sum::<f64>()
        };
        let intercepts: Vec<f64> = (0..self.groups).map(fitted).collect();
        let residual = |row: usize| {
            let lines = slopes.iter().zip(self.x).map(|(slope, column)| slope * column[row]);
            self.y[row] - intercepts[self.group[row]] - lines.sum::<f64>()
        };
        let squares = used().map(|(row, weight)| weight * residual(row).powi(2)).sum();
        let slopes: Vec<f64> = slopes.iter().copied().collect();
        slopes.iter().all(|x| x.is_finite()).then_some(Line { slopes, intercepts, squares })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_shared_and_intercepts_are_not() {
        let x = [vec![0.0, 1.0, 2.0, 0.0, 1.0], vec![1.0, 0.0, 5.0, 2.0, 2.0]];
        let group = [0, 0, 0, 1, 1];
        let y: Vec<f64> =
            (0..5).map(|row| 2.0 * x[0][row] - 0.5 * x[1][row] + [3.0, -1.0][group[row]]).collect();
        let lines = Lines { x: &x, y: &y, group: &group, groups: 2 };
        let line = lines.fit(&[1.0; 5]).unwrap();
        assert!((line.slopes[0] - 2.0).abs() < 1e-12 && (line.slopes[1] + 0.5).abs() < 1e-12);
        assert!(
            (line.intercepts[0] - 3.0).abs() < 1e-12 && (line.intercepts[1] + 1.0).abs() < 1e-12
        );
        assert!(line.squares < 1e-20);
    }

    #[test]
    fn columns_that_say_the_same_are_refused() {
        let x = [vec![0.0, 1.0, 2.0], vec![1.0, 3.0, 5.0]];
        let lines = Lines { x: &x, y: &[1.0, 2.0, 4.0], group: &[0; 3], groups: 1 };
        assert_eq!(lines.fit(&[1.0; 3]), None);
        let lines = Lines { x: &[vec![2.0; 3]], ..lines };
        assert_eq!(lines.fit(&[1.0; 3]), None);
    }
}
