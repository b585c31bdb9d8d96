//! The minimum of a law's objective: trust regions with exact Hessians, from many starts.
//!
//! The objective is the weighted mean over rows of ρ(r) with r = ln ŷ − ln y, or (ŷ − y) / ȳ where residuals are
//! plain, and ρ half the square or Huber's. It is divided by its value at the start: losses of 1e-6 would otherwise
//! end an optimiser whose tolerances are absolute before it has begun.

use std::cell::RefCell;

use argmin::core::{
    CostFunction, Error, Executor, Gradient, Hessian, IterState, KV, Problem, Solver, State,
    TerminationReason, TerminationStatus,
};
use argmin::solver::trustregion::{Steihaug, TrustRegion};

use super::fit::Measured;

/// A law as a function of its parameters, in natural logarithms.
pub trait Model: Sync {
    /// How many parameters it has.
    fn parameters(&self) -> usize;
    /// How many rows it predicts.
    fn rows(&self) -> usize;
    /// ln ŷ of a row at `at`, with its gradient and its Hessian, of which the lower triangle counts, row by row.
    fn predict(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64;
}

/// What a residual is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residuals {
    /// ln ŷ − ln y.
    Log,
    /// (ŷ − y) / ȳ.
    Plain,
}

/// What a residual costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// r² / 2.
    Squares,
    /// r² / 2 up to |r| = δ, δ (|r| − δ / 2) beyond.
    Huber(f64),
}

/// Where a parameter may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
}

/// What is minimised.
#[derive(Clone, Debug)]
pub struct Objective<'a, M> {
    /// The law.
    pub model: &'a M,
    /// y of each row.
    pub y: &'a [f64],
    /// ln y of each row.
    logs: Vec<f64>,
    /// What a residual is.
    pub residuals: Residuals,
    /// What it costs.
    loss: Loss,
    /// Of each parameter.
    pub bounds: &'a [Bounds],
}

/// Where an optimiser ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The parameters, within their bounds.
    pub at: Vec<f64>,
    /// The objective there: the weighted mean of ρ.
    pub cost: f64,
    /// Whether the gradient vanished, along bounds at least.
    pub converged: bool,
}

/// The gradient, of an objective that was 1 at the start, below which it is a minimum.
const TOLERANCE: f64 = 1e-9;

/// The gradient that is let pass where rounding forbids every further step.
const STALLED: f64 = 1e-5;

/// Steps after which an optimiser gives up.
const MOST_STEPS: u64 = 300;

/// Steps without any progress that end it.
const MOST_REJECTED: u32 = 25;

impl Bounds {
    /// All that does not overflow an exponential.
    pub const FREE: Self = Self { low: -300.0, high: 300.0 };

    /// The value within that is nearest to `x`.
    pub fn nearest(self, x: f64) -> f64 {
        x.clamp(self.low, self.high)
    }

    /// Whether `x` is at an end.
    pub fn holds_back(self, x: f64) -> bool {
        let near = 1e-9 * (self.high - self.low);
        x <= self.low + near || x >= self.high - near
    }
}

impl Loss {
    /// ρ, ρ′ and ρ″.
    fn of(self, r: f64) -> [f64; 3] {
        match self {
            Self::Huber(delta) if r.abs() > delta => {
                [delta * (r.abs() - 0.5 * delta), delta.copysign(r), 0.0]
            }
            Self::Squares | Self::Huber(_) => [0.5 * r * r, r, 1.0],
        }
    }
}

impl<'a, M: Model> Objective<'a, M> {
    /// Of rows of `y` that `model` predicts with parameters within `bounds`.
    pub fn new(
        model: &'a M,
        y: &'a [f64],
        residuals: Residuals,
        loss: Loss,
        bounds: &'a [Bounds],
    ) -> Self {
        Self { model, y, logs: y.iter().map(|y| y.ln()).collect(), residuals, loss, bounds }
    }

    /// Its least minimum among those that `starts` lead to; each row counts `weights` times. None without a start at
    /// which it is finite.
    pub fn minimise(&self, weights: &[f64], starts: &[Vec<f64>]) -> Option<Minimum> {
        let found: Vec<_> =
            starts.iter().filter_map(|start| self.descend(weights, start)).collect();
        let least = |of: &mut dyn Iterator<Item = &Minimum>| {
            of.min_by(|a, b| a.cost.total_cmp(&b.cost)).cloned()
        };
        let lowest = least(&mut found.iter())?;
        // One that stopped on the way is no better for a last digit.
        let settled = least(&mut found.iter().filter(|minimum| minimum.converged));
        Some(settled.filter(|it| it.cost <= lowest.cost * (1.0 + 1e-6)).unwrap_or(lowest))
    }

    /// The objective at `at`.
    pub fn cost(&self, weights: &[f64], at: &[f64]) -> f64 {
        let mut derivatives = Derivatives::of(self.model.parameters());
        self.derive(weights, at, &mut derivatives);
        derivatives.cost
    }

    /// What is minimised, as papers tell it: mean squares, and sums of Huber's losses.
    pub fn told(&self, cost: f64) -> Measured {
        let of = match self.residuals {
            Residuals::Log => "ln ŷ − ln y",
            Residuals::Plain => "(ŷ − y) / mean y",
        };
        match self.loss {
            Loss::Squares => Measured::new(&format!("mean square of {of}"), 2.0 * cost),
            Loss::Huber(_) => {
                Measured::new(&format!("sum of Huber's losses of {of}"), cost * self.y.len() as f64)
            }
        }
    }

    /// The root mean square of ln ŷ − ln y.
    pub fn deviation(&self, at: &[f64]) -> f64 {
        let n = self.model.parameters();
        let (mut gradient, mut hessian) = (vec![0.0; n], vec![0.0; n * n]);
        let mut square = |row: usize| {
            (self.model.predict(row, at, &mut gradient, &mut hessian) - self.logs[row]).powi(2)
        };
        let rows = self.model.rows();
        ((0..rows).map(&mut square).sum::<f64>() / rows as f64).sqrt()
    }

    /// The weighted means over rows of ln ŷ's gradient's products: singular where rows do not tell parameters apart.
    pub fn information(&self, weights: &[f64], at: &[f64]) -> Vec<Vec<f64>> {
        let n = self.model.parameters();
        let (mut gradient, mut hessian) = (vec![0.0; n], vec![0.0; n * n]);
        let mut sums = vec![vec![0.0; n]; n];
        let total: f64 = weights.iter().sum();
        for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            self.model.predict(row, at, &mut gradient, &mut hessian);
            for (sums, a) in sums.iter_mut().zip(&gradient) {
                for (sum, b) in sums.iter_mut().zip(&gradient) {
                    *sum += weight / total * a * b;
                }
            }
        }
        sums
    }

    fn descend(&self, weights: &[f64], start: &[f64]) -> Option<Minimum> {
        let cost = self.cost(weights, &self.within(start));
        if !cost.is_finite() {
            return None;
        }
        // A start that is the minimum already, as of data without noise, has nothing to be divided by.
        let scale = 1.0 / cost.max(1e-20);
        let n = self.model.parameters();
        let problem =
            Scaled { objective: self, weights, scale, last: RefCell::new(Derivatives::of(n)) };
        let subproblem = Steihaug::new().with_epsilon(1e-12).ok()?.with_max_iters(2 * n as u64 + 4);
        let inner = TrustRegion::new(subproblem).with_max_radius(10.0).ok()?;
        let solver = Settling { inner, rejected: 0 };
        let run = Executor::new(problem, solver)
            .configure(|state| state.param(start.to_vec()).max_iters(MOST_STEPS))
            .ctrlc(false)
            .run()
            .ok()?;
        let at = self.within(run.state.get_best_param()?);
        let mut end = Derivatives::of(n);
        self.derive(weights, &at, &mut end);
        let norm = end.gradient.iter().map(|x| x * x).sum::<f64>().sqrt() * scale;
        Some(Minimum { at, cost: end.cost, converged: norm <= STALLED })
    }

    fn within(&self, at: &[f64]) -> Vec<f64> {
        at.iter().zip(self.bounds).map(|(x, bounds)| bounds.nearest(*x)).collect()
    }

    /// The objective at `at` with its derivatives, which along a parameter beyond its bounds are none.
    fn derive(&self, weights: &[f64], at: &[f64], to: &mut Derivatives) {
        let n = self.model.parameters();
        let within = self.within(at);
        to.clear();
        let scale = match self.residuals {
            Residuals::Log => 1.0,
            Residuals::Plain => self.y.len() as f64 / self.y.iter().sum::<f64>(),
        };
        let mut total = 0.0;
        for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let log = self.model.predict(row, &within, &mut to.row_gradient, &mut to.row_hessian);
            // r, and its first and second derivative by ln ŷ.
            let (r, first, second) = match self.residuals {
                Residuals::Log => (log - self.logs[row], 1.0, 0.0),
                Residuals::Plain => {
                    let y = log.exp() * scale;
                    (y - self.y[row] * scale, y, y)
                }
            };
            let [rho, slope, curvature] = self.loss.of(r);
            total += weight;
            to.cost += weight * rho;
            let outer = weight * (curvature * first * first + slope * second);
            let slope = weight * slope * first;
            let rows = to.hessian.chunks_exact_mut(n).zip(to.row_hessian.chunks_exact(n));
            for (i, (sums, hessian)) in rows.enumerate() {
                let a = to.row_gradient[i];
                to.gradient[i] += slope * a;
                let lower = sums[..=i].iter_mut().zip(&to.row_gradient).zip(hessian);
                for ((sum, b), curved) in lower {
                    *sum += outer * a * b + slope * curved;
                }
            }
        }
        to.finish(total, at, &within);
    }
}

/// An objective's value and derivatives, and room for those of a row.
#[derive(Clone, Debug)]
struct Derivatives {
    at: Vec<f64>,
    cost: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    row_gradient: Vec<f64>,
    row_hessian: Vec<f64>,
}

impl Derivatives {
    fn of(n: usize) -> Self {
        Self {
            at: Vec::new(),
            cost: 0.0,
            gradient: vec![0.0; n],
            hessian: vec![0.0; n * n],
            row_gradient: vec![0.0; n],
            row_hessian: vec![0.0; n * n],
        }
    }

    fn clear(&mut self) {
        self.cost = 0.0;
        self.gradient.fill(0.0);
        self.hessian.fill(0.0);
    }

    /// Makes means of sums, and fills the upper triangle.
    fn finish(&mut self, total: f64, at: &[f64], within: &[f64]) {
        let n = within.len();
        self.cost /= total;
        for i in 0..n {
            self.gradient[i] = if at[i] == within[i] { self.gradient[i] / total } else { 0.0 };
            for j in 0..=i {
                let free = at[i] == within[i] && at[j] == within[j];
                let mean = if free { self.hessian[i * n + j] / total } else { 0.0 };
                self.hessian[i * n + j] = mean;
                self.hessian[j * n + i] = mean;
            }
        }
        self.at.clear();
        self.at.extend_from_slice(at);
    }
}

/// An objective as argmin takes one. It asks for value, gradient and Hessian one by one, which cost little more together
/// than one of them.
struct Scaled<'a, 'b, M> {
    objective: &'a Objective<'b, M>,
    weights: &'a [f64],
    scale: f64,
    last: RefCell<Derivatives>,
}

impl<M: Model> Scaled<'_, '_, M> {
    fn at<T>(&self, at: &[f64], take: impl Fn(&Derivatives, f64) -> T) -> T {
        let mut last = self.last.borrow_mut();
        if last.at != at {
            self.objective.derive(self.weights, at, &mut last);
        }
        take(&last, self.scale)
    }
}

impl<M: Model> CostFunction for Scaled<'_, '_, M> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, at: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.at(at, |of, scale| scale * of.cost))
    }
}

impl<M: Model> Gradient for Scaled<'_, '_, M> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, at: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.at(at, |of, scale| of.gradient.iter().map(|x| scale * x).collect()))
    }
}

impl<M: Model> Hessian for Scaled<'_, '_, M> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, at: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        Ok(self.at(at, |of, scale| {
            let rows = of.hessian.chunks_exact(at.len());
            rows.map(|row| row.iter().map(|x| scale * x).collect()).collect()
        }))
    }
}

type Place = IterState<Vec<f64>, Vec<f64>, (), Vec<Vec<f64>>, (), f64>;

/// argmin's trust regions, which know no end but a number of steps, with one where the gradient vanishes or rounding
/// forbids every step.
struct Settling {
    inner: TrustRegion<Steihaug<Vec<f64>, f64>, f64>,
    rejected: u32,
}

impl<O> Solver<O, Place> for Settling
where
    O: CostFunction<Param = Vec<f64>, Output = f64>
        + Gradient<Param = Vec<f64>, Gradient = Vec<f64>>
        + Hessian<Param = Vec<f64>, Hessian = Vec<Vec<f64>>>,
{
    fn name(&self) -> &str {
        "trust regions"
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        state: Place,
    ) -> Result<(Place, Option<KV>), Error> {
        self.inner.init(problem, state)
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        state: Place,
    ) -> Result<(Place, Option<KV>), Error> {
        let before = state.get_cost();
        let (state, _) = self.inner.next_iter(problem, state)?;
        self.rejected = if state.get_cost() < before { 0 } else { self.rejected + 1 };
        Ok((state, None))
    }

    fn terminate(&mut self, state: &Place) -> TerminationStatus {
        let norm = |gradient: &Vec<f64>| gradient.iter().map(|x| x * x).sum::<f64>().sqrt();
        let settled = state.get_gradient().is_some_and(|gradient| norm(gradient) <= TOLERANCE);
        match settled || self.rejected >= MOST_REJECTED {
            true => TerminationStatus::Terminated(TerminationReason::SolverConverged),
            false => TerminationStatus::NotTerminated,
        }
    }
}
