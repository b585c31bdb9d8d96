//! The minimum of an objective: trust regions with exact Hessians, from many starts.
//!
//! The objective is divided by its value at the start: losses of 1e-6 would otherwise end an optimiser whose tolerances
//! are absolute before it has begun.

use std::cell::RefCell;

use argmin::core::{
    CostFunction, Error, Executor, Gradient, Hessian, IterState, KV, Problem, Solver, State,
    TerminationReason, TerminationStatus,
};
use argmin::solver::trustregion::{Steihaug, TrustRegion};

use super::objective::{Derivatives, Model, Objective};

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
const TOLERANCE: f64 = 1e-6;

/// The gradient that is let pass where rounding forbids every further step.
const STALLED: f64 = 1e-5;

/// Steps after which an optimiser gives up.
const MOST_STEPS: u64 = 300;

/// Steps without any progress that end it.
const MOST_REJECTED: u32 = 25;

impl<M: Model> Objective<'_, M> {
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
