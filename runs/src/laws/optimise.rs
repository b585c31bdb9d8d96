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

/// A law as a function of its parameters, in natural logarithms. It has P of them wherever it is asked.
pub trait Model: Sync {
    /// How many parameters it has, at most [`MOST_PARAMETERS`].
    fn parameters(&self) -> usize;
    /// How many rows it predicts.
    fn rows(&self) -> usize;
    /// ln ŷ of a row at `at`.
    fn predict<const P: usize>(&self, row: usize, at: &[f64; P]) -> Prediction<P>;
    /// Adds `factor` times the Hessian of ln ŷ to `to`.
    fn bend<const P: usize>(
        &self,
        row: usize,
        at: &[f64; P],
        of: &Prediction<P>,
        factor: f64,
        to: &mut Curvature<P>,
    );
    /// What is left to do to the sum of what [`Self::bend`] added of all rows.
    fn finish<const P: usize>(&self, _: &mut [[f64; P]; P]) {}
}

/// The Hessian of an objective, row by row.
#[derive(Clone, Debug)]
pub struct Curvature<const P: usize> {
    /// What the row at hand counts of its gradient's products with itself.
    pub products: f64,
    /// All that are no such products, of all rows, of which the lower triangle counts.
    pub others: [[f64; P]; P],
}

/// ln ŷ of a row, and its gradient.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<const P: usize> {
    /// ln ŷ.
    pub log: f64,
    /// By each parameter.
    pub gradient: [f64; P],
}

/// The most parameters of a model.
pub const MOST_PARAMETERS: usize = 6;

/// Calls `$method` for as many parameters as `$model` has: loops whose length is known are several times as fast. A model
/// of more is answered with `$none`.
macro_rules! sized {
    ($model:expr, $none:expr, $of:ident . $method:ident ( $($argument:expr),* )) => {
        match $model.parameters() {
            1 => $of.$method::<1>($($argument),*),
            2 => $of.$method::<2>($($argument),*),
            3 => $of.$method::<3>($($argument),*),
            4 => $of.$method::<4>($($argument),*),
            5 => $of.$method::<5>($($argument),*),
            6 => $of.$method::<6>($($argument),*),
            0 | 7.. => $none,
        }
    };
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
const TOLERANCE: f64 = 1e-7;

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

    /// ln ŷ of every row at `at`; none of a model of too many parameters.
    pub fn predictions(&self, at: &[f64]) -> Vec<f64> {
        sized!(self.model, Vec::new(), self.predict_all(at))
    }

    fn predict_all<const P: usize>(&self, at: &[f64]) -> Vec<f64> {
        let Some(at) = at.first_chunk::<P>() else { return Vec::new() };
        (0..self.model.rows()).map(|row| self.model.predict(row, at).log).collect()
    }

    /// The root mean square of ln ŷ − ln y.
    pub fn deviation(&self, at: &[f64]) -> f64 {
        let predictions = self.predictions(at);
        let squares = predictions.iter().zip(&self.logs).map(|(log, own)| (log - own).powi(2));
        (squares.sum::<f64>() / self.logs.len() as f64).sqrt()
    }

    /// The objective at `at`.
    pub fn cost(&self, weights: &[f64], at: &[f64]) -> f64 {
        let mut derivatives = Derivatives::of(self.model.parameters());
        self.derive(weights, at, &mut derivatives);
        derivatives.cost
    }

    /// The mean over rows of the products of ln ŷ's slopes: singular where rows do not tell parameters apart.
    pub fn information(&self, at: &[f64]) -> Vec<f64> {
        sized!(self.model, Vec::new(), self.information_of(at))
    }

    fn information_of<const P: usize>(&self, at: &[f64]) -> Vec<f64> {
        let Some(at) = at.first_chunk::<P>() else { return Vec::new() };
        let mut sums = [[0.0; P]; P];
        let rows = self.model.rows();
        for row in 0..rows {
            let gradient = self.model.predict(row, at).gradient;
            add_products(&mut sums, 1.0 / rows as f64, &gradient);
        }
        sums.concat()
    }

    fn descend(&self, weights: &[f64], start: &[f64]) -> Option<Minimum> {
        let n = self.model.parameters();
        let mut first = Derivatives::of(n);
        self.derive(weights, start, &mut first);
        if !first.cost.is_finite() {
            return None;
        }
        // A start that is the minimum already, as of data without noise, has nothing to be divided by.
        let scale = 1.0 / first.cost.max(1e-20);
        let problem = Scaled { objective: self, weights, scale, last: RefCell::new(first) };
        let subproblem = Steihaug::new().with_epsilon(1e-12).ok()?.with_max_iters(2 * n as u64 + 4);
        let inner = TrustRegion::new(subproblem).with_max_radius(10.0).ok()?;
        let solver = Settling { inner, rejected: 0 };
        let run = Executor::new(problem, solver)
            .configure(|state| state.param(start.to_vec()).max_iters(MOST_STEPS))
            .ctrlc(false)
            .run()
            .ok()?;
        let best = run.state.get_best_param()?;
        let mut end = run.problem.problem?.last.into_inner();
        if end.at != *best {
            self.derive(weights, best, &mut end);
        }
        let converged = length(&end.gradient) * scale <= STALLED;
        Some(Minimum { at: self.within(best), cost: end.cost, converged })
    }

    fn within(&self, at: &[f64]) -> Vec<f64> {
        at.iter().zip(self.bounds).map(|(x, bounds)| bounds.nearest(*x)).collect()
    }

    /// The objective at `at` with its derivatives, which along a parameter beyond its bounds are none.
    fn derive(&self, weights: &[f64], at: &[f64], to: &mut Derivatives) {
        to.cost = f64::NAN;
        sized!(self.model, (), self.derive_of(weights, at, to));
    }

    fn derive_of<const P: usize>(&self, weights: &[f64], at: &[f64], to: &mut Derivatives) {
        let inside = self.within(at);
        let Some(within) = inside.first_chunk::<P>() else { return };
        let scale = match self.residuals {
            Residuals::Log => 1.0,
            Residuals::Plain => self.y.len() as f64 / self.y.iter().sum::<f64>(),
        };
        let (mut cost, mut gradient, mut hessian) = (0.0, [0.0; P], [[0.0; P]; P]);
        let mut curves = Curvature { products: 0.0, others: [[0.0; P]; P] };
        let mut total = 0.0;
        for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let of = self.model.predict(row, within);
            // r, and its first and second derivative by ln ŷ.
            let (r, first, second) = match self.residuals {
                Residuals::Log => (of.log - self.logs[row], 1.0, 0.0),
                Residuals::Plain => {
                    let y = of.log.exp() * scale;
                    (y - self.y[row] * scale, y, y)
                }
            };
            let [rho, slope, curvature] = self.loss.of(r);
            total += weight;
            cost += weight * rho;
            let outer = weight * (curvature * first * first + slope * second);
            let slope = weight * slope * first;
            for (sum, by) in gradient.iter_mut().zip(&of.gradient) {
                *sum += slope * by;
            }
            curves.products = outer;
            self.model.bend(row, within, &of, slope, &mut curves);
            add_products(&mut hessian, curves.products, &of.gradient);
        }
        self.model.finish(&mut curves.others);
        to.cost = cost / total;
        let free: [bool; P] = std::array::from_fn(|place| at[place] == within[place]);
        for place in 0..P {
            to.gradient[place] = if free[place] { gradient[place] / total } else { 0.0 };
        }
        for (row, (products, others)) in hessian.iter().zip(&curves.others).enumerate() {
            for (column, (product, other)) in products.iter().zip(others).take(row + 1).enumerate()
            {
                let told = free[row] && free[column];
                let mean = if told { (product + other) / total } else { 0.0 };
                to.hessian[row * P + column] = mean;
                to.hessian[column * P + row] = mean;
            }
        }
        to.at.clear();
        to.at.extend_from_slice(at);
    }
}

/// Adds `factor` times the product of a gradient with itself.
#[inline]
pub fn add_products<const P: usize>(to: &mut [[f64; P]; P], factor: f64, gradient: &[f64; P]) {
    for (sums, a) in to.iter_mut().zip(gradient) {
        let a = factor * a;
        for (sum, b) in sums.iter_mut().zip(gradient) {
            *sum += a * b;
        }
    }
}

/// An objective's value and derivatives at a place.
#[derive(Clone, Debug)]
struct Derivatives {
    at: Vec<f64>,
    cost: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl Derivatives {
    fn of(n: usize) -> Self {
        Self { at: Vec::new(), cost: 0.0, gradient: vec![0.0; n], hessian: vec![0.0; n * n] }
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

fn length(of: &[f64]) -> f64 {
    of.iter().map(|x| x * x).sum::<f64>().sqrt()
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
        let settled = state.get_gradient().is_some_and(|gradient| length(gradient) <= TOLERANCE);
        match settled || self.rejected >= MOST_REJECTED {
            true => TerminationStatus::Terminated(TerminationReason::SolverConverged),
            false => TerminationStatus::NotTerminated,
        }
    }
}
