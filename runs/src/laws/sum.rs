//! Sum of powers: D_J(σ, N) = C · (1 + (A / σ)^α + (B / N)^β).
//!
//! D_J is the env steps after which an agent first reaches the return J, σ its updates a step (UTD), N the parameters of
//! its critic. C is the data that no updates and no width save, A and B the σ and N at which each doubles it. The mean
//! square of ln D̂ − ln D is minimised ("Compute-Optimal Scaling for Value-Based Deep RL", 2508.14881, and its code);
//! plain residuals, which `--set plain=1` takes, give other constants.
//!
//! A training costs 10 N B σ D operations with batches of B ("Value-Based Deep RL Scales Predictably", 2502.04327). At a
//! budget F = (10 N B σ + δ) D, where δ is what an env step costs, D is least where the last two terms of the sum fall
//! alike: α (A / σ)^α = β (B / N)^β on each line of constant σ N.

use crate::error::Error;

use super::data::Data;
use super::estimate::Estimation;
use super::fit::{Fit, Kind, Number};
use super::objective::{Bounds, Loss, Objective, Residuals};
use super::power_sum::PowerSum;
use super::resamples::Strata;
use super::row::{Input, LawOption, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "sum",
    about: "env steps to a return over updates a step and parameters: a sum of powers",
    formula: "d = C (1 + (A / utd)^alpha + (B / n)^beta)",
    x: &[Input::new("utd", "updates a step"), Input::new("n", "parameters")],
    y: Input::new("d", "env steps to the return"),
    by: None,
    budget: Some("operations, with --set batch_size=B; (10 n B utd + step_cost) d"),
    threshold: None,
    options: &[
        LawOption {
            key: "plain",
            default: 0.0,
            low: 0.0,
            high: 1.0,
            about: "1: residuals of d and not of ln d",
        },
        LawOption {
            key: "batch_size",
            default: 256.0,
            low: 1.0,
            high: 1e9,
            about: "samples of an update, for budgets",
        },
        LawOption {
            key: "step_cost",
            default: 0.0,
            low: 0.0,
            high: 1e30,
            about: "operations that an env step counts as, for budgets",
        },
    ],
    fit,
};

const EXPONENTS: Bounds = Bounds { low: 0.0, high: 10.0 };
const GRID: [f64; 8] = [0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.8, 3.0];
const STARTS: usize = 6;

/// The law's constants.
struct Constants {
    c: f64,
    a: f64,
    alpha: f64,
    b: f64,
    beta: f64,
}

/// What an env step and a parameter's update cost.
struct Prices {
    batch_size: f64,
    step_cost: f64,
}

impl Constants {
    fn of(natural: &[f64]) -> Option<Self> {
        let [c, a, alpha, b, beta] = <[f64; 5]>::try_from(natural).ok()?;
        let scale = |term: f64, exponent: f64| ((term - c) / exponent).exp();
        Some(Self { c: c.exp(), a: scale(a, alpha), alpha, b: scale(b, beta), beta })
    }

    /// σ, N and D where σ N is `product` and D least: both terms then fall alike.
    fn along(&self, product: f64) -> [f64; 3] {
        let sum = self.alpha + self.beta;
        let log = product.ln() * self.beta + self.alpha.ln() + self.alpha * self.a.ln();
        let utd = ((log - self.beta.ln() - self.beta * self.b.ln()) / sum).exp();
        let n = product / utd;
        let terms = (self.a / utd).powf(self.alpha) + (self.b / n).powf(self.beta);
        [utd, n, self.c * (1.0 + terms)]
    }

    /// σ, N and D where D is least of all that `budget` pays; infinite where it does not pay for any.
    fn optimum(&self, budget: f64, prices: &Prices) -> [f64; 3] {
        let cost = |log: f64| {
            let [_, _, d] = self.along(log.exp());
            (10.0 * prices.batch_size * log.exp() + prices.step_cost) * d
        };
        // Beyond the last product that is paid for costs only rise.
        let grid = (-40_i32..=140).rev().map(f64::from);
        let Some(mut low) = grid.map(|log| 0.5 * log).find(|log| cost(*log) <= budget) else {
            return [f64::INFINITY; 3];
        };
        let mut high = low + 0.5;
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if cost(middle) <= budget { low = middle } else { high = middle }
        }
        self.along(low.exp())
    }
}

/// D at σ and N by the constants of a fit; none where it lacks one.
pub fn predict(fit: &Fit, utd: f64, n: f64) -> Option<f64> {
    let updates = (fit.value("A")? / utd).powf(fit.value("alpha")?);
    let size = (fit.value("B")? / n).powf(fit.value("beta")?);
    Some(fit.value("C")? * (1.0 + updates + size))
}

/// N at which D takes `steps` with σ updates a step; none where no N does.
pub fn size_of(fit: &Fit, utd: f64, steps: f64) -> Option<f64> {
    let updates = (fit.value("A")? / utd).powf(fit.value("alpha")?);
    let left = steps / fit.value("C")? - 1.0 - updates;
    let size = fit.value("B")? * left.powf(-1.0 / fit.value("beta")?);
    (left > 0.0).then_some(size)
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    data.at_least(6)?;
    let (utd, n) = (data.log("utd")?, data.log("n")?);
    let terms = [vec![], vec![(utd.as_slice(), EXPONENTS)], vec![(n.as_slice(), EXPONENTS)]];
    let model = PowerSum::new(data.rows(), &terms);
    let residuals = if request.is_set("plain") { Residuals::Plain } else { Residuals::Log };
    let objective = Objective::new(&model, &data.y, residuals, Loss::Squares, model.bounds());
    let mut numbers = vec![
        Number::new("C", Kind::Scale, "env steps that nothing saves"),
        Number::new("A", Kind::Scale, "updates a step that double them"),
        Number::new("alpha", Kind::Exponent, "power of updates a step"),
        Number::new("B", Kind::Scale, "parameters that double them"),
        Number::new("beta", Kind::Exponent, "power of parameters"),
    ];
    for budget in &request.budgets {
        let at = |name: &str, about: &str| {
            Number::new(name, Kind::Scale, about).at("budget", format!("{budget:e}"))
        };
        numbers.push(at("utd_opt", "best updates a step"));
        numbers.push(at("n_opt", "best parameters"));
        numbers.push(at("d_opt", "env steps then"));
    }
    let prices =
        Prices { batch_size: request.option("batch_size"), step_cost: request.option("step_cost") };
    let derive = |at: &[f64]| {
        let Some(of) = Constants::of(&model.natural(at)) else { return Vec::new() };
        let mut values = vec![of.c, of.a, of.alpha, of.b, of.beta];
        values.extend(request.budgets.iter().flat_map(|budget| of.optimum(*budget, &prices)));
        values
    };
    let estimation = Estimation {
        starts: model.starts(&objective, &[&GRID, &GRID], STARTS),
        objective,
        parameters: &["C", "A", "alpha", "B", "beta"],
        numbers,
        derive,
        strata: Strata::whole(data.rows()),
    };
    estimation.fit(&request.bootstrap).ok_or_else(|| data.no_fit())
}
