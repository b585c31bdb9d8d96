//! The minimum of a function of two numbers without derivatives: Nelder and Mead's simplex, from the best place of a grid.

use argmin::core::{CostFunction, Error, Executor, State};
use argmin::solver::neldermead::NelderMead;

/// Where the simplex ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corner {
    /// The place.
    pub at: [f64; 2],
    /// The function there.
    pub cost: f64,
    /// Whether it had shrunk to a point.
    pub converged: bool,
}

/// The spread of the function over the simplex, as a part of its value at the start, at which it is a point.
const TOLERANCE: f64 = 1e-13;

const MOST_STEPS: u64 = 400;

struct Function<F> {
    of: F,
    scale: f64,
}

impl<F: Fn([f64; 2]) -> f64> CostFunction for Function<F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, at: &Vec<f64>) -> Result<f64, Error> {
        let cost = match at[..] {
            [x, y] => self.scale * (self.of)([x, y]),
            _ => f64::MAX,
        };
        // A simplex sorts its corners, which NaN has no place among.
        Ok(if cost.is_finite() { cost } else { f64::MAX })
    }
}

/// The minimum of `of`, which rounding blurs by `blur`, near `start`, with a first simplex of `size`; none where it is
/// not finite at the start.
pub fn descend(
    of: impl Fn([f64; 2]) -> f64,
    blur: f64,
    start: [f64; 2],
    size: [f64; 2],
) -> Option<Corner> {
    let cost = of(start);
    if !cost.is_finite() {
        return None;
    }
    let scale = TOLERANCE / (TOLERANCE * cost).max(blur);
    let [x, y] = start;
    let corners = vec![vec![x, y], vec![x + size[0], y], vec![x, y + size[1]]];
    let solver = NelderMead::new(corners).with_sd_tolerance(TOLERANCE).ok()?;
    let run = Executor::new(Function { of: &of, scale }, solver)
        .configure(|state| state.max_iters(MOST_STEPS))
        .ctrlc(false)
        .run()
        .ok()?;
    let best = run.state.get_best_param()?;
    let [x, y] = *best.first_chunk::<2>()?;
    let converged = run.state.get_iter() < MOST_STEPS;
    Some(Corner { at: [x, y], cost: of([x, y]), converged })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_rosenbrocks_valley() {
        let of = |[x, y]: [f64; 2]| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        let found = descend(of, 1e-30, [-1.2, 1.0], [0.5, 0.5]).unwrap();
        assert!(found.converged && (found.at[0] - 1.0).abs() < 1e-5, "{found:?}");
        assert_eq!(descend(|_| f64::NAN, 1e-30, [0.0; 2], [1.0; 2]), None);
    }
}
