//! What Chinchilla's first two approaches share: from the best sizes at some budgets to N_opt = G · C^a.

use super::fit::{Kind, Number};
use super::linear::Lines;

/// The best size at a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// Operations of a training, as a natural logarithm.
    pub budget: f64,
    /// Parameters, as a natural logarithm.
    pub n: f64,
}

/// The lowest point of the parabola through least squares of `points`, x and y with weights; none where it opens
/// downward or fewer than three x differ.
pub fn vertex(points: &[[f64; 3]]) -> Option<f64> {
    let total: f64 = points.iter().map(|[_, _, weight]| weight).sum();
    let mean = points.iter().map(|[x, _, weight]| weight * x).sum::<f64>() / total;
    let columns: [Vec<f64>; 2] =
        [1, 2].map(|power| points.iter().map(|[x, _, _]| (x - mean).powi(power)).collect());
    let y: Vec<f64> = points.iter().map(|[_, y, _]| *y).collect();
    let weights: Vec<f64> = points.iter().map(|[_, _, weight]| *weight).collect();
    let group = vec![0; points.len()];
    let line = Lines { x: &columns, y: &y, group: &group, groups: 1 }.fit(&weights)?;
    match line.slopes[..] {
        [slope, bend] if bend > 0.0 => Some(mean - slope / (2.0 * bend)),
        _ => None,
    }
}

/// What the law is told by, with optima at `budgets`.
pub fn numbers(budgets: &[f64]) -> Vec<Number> {
    let mut numbers = vec![
        Number::new("a", Kind::Exponent, "n_opt = G budget^a"),
        Number::new("G", Kind::Scale, "parameters · operations^-a"),
    ];
    for budget in budgets {
        let at = |name: &str, about: &str| {
            Number::new(name, Kind::Scale, about).at("budget", format!("{budget:e}"))
        };
        numbers.push(at("n_opt", "best parameters"));
        numbers.push(at("d_opt", "best samples, budget / (6 n_opt)"));
    }
    numbers
}

/// The values of these; none of fewer than two budgets.
pub fn values(best: &[Best], budgets: &[f64]) -> Option<Vec<f64>> {
    let x = [best.iter().map(|best| best.budget).collect()];
    let y: Vec<f64> = best.iter().map(|best| best.n).collect();
    let group = vec![0; y.len()];
    let line = Lines { x: &x, y: &y, group: &group, groups: 1 }.fit(&vec![1.0; y.len()])?;
    let (slope, level) = (*line.slopes.first()?, *line.intercepts.first()?);
    let mut values = vec![slope, level.exp()];
    for budget in budgets {
        let n = (level + slope * budget.ln()).exp();
        values.extend([n, budget / (6.0 * n)]);
    }
    Some(values)
}

/// The root mean square by which the line misses the best sizes.
pub fn deviation(best: &[Best], values: &[f64]) -> f64 {
    let miss = |best: &Best| match values {
        [slope, level, ..] => (best.n - level.ln() - slope * best.budget).powi(2),
        [..] => f64::NAN,
    };
    (best.iter().map(miss).sum::<f64>() / best.len() as f64).sqrt()
}
