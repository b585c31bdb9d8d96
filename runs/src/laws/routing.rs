//! Routed networks: log₁₀ L = a log₁₀ N + b log₁₀ Ê + c log₁₀ N log₁₀ Ê + d.
//!
//! L is a loss, N the parameters of the dense network that experts were added to, E how many experts there are (1 for the
//! dense network itself). Ê saturates: 1 / Ê = 1 / (E − 1 + 1 / (1 / E_start − 1 / E_max)) + 1 / E_max, from E_start of
//! one expert to E_max of many ("Unified scaling laws for routed language models", 2202.01169, equation 1 and its data's
//! notebook). a and b are powers of size and of experts, c says how the one wanes with the other, d is the level. The
//! mean square of log₁₀ L̂ − log₁₀ L is minimised; given E_start and E_max the law is linear, so that only these two are
//! searched for: a grid, then a simplex.
//!
//! The effective parameter count is the dense N̄ of the same loss: N̄ = N^(α(Ê) / α(E_start)) · (Ê / E_start)^(b /
//! α(E_start)) with α(x) = a + c log₁₀ x.

use nalgebra::{Matrix4, Vector4};

use crate::error::Error;

use super::data::Data;
use super::fit::{Constant, Fit, Kind, Measured, Number};
use super::resamples::{Resamples, Strata};
use super::row::{Input, LawRow, Request};
use super::simplex::{Corner, descend};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "routing",
    about: "loss of routed networks over parameters and experts, which saturate",
    formula: "log10 L = a log10 n + b log10 E^ + c log10 n log10 E^ + d",
    x: &[
        Input::new("n", "parameters of the dense network below"),
        Input::new("experts", "how many experts; 1 where it is dense"),
    ],
    y: Input::new("loss", "loss"),
    by: None,
    budget: Some("parameters of a dense network: the effective count of it with experts"),
    threshold: None,
    options: &[],
    fit,
};

/// The search, in natural logarithms: of E_start, and of E_max / E_start.
const START: [f64; 2] = [-2.0, 4.0];
const RATIO: [f64; 2] = [0.05, 12.0];
const GRID: usize = 24;

/// Rows of one number of experts: the sums that a fit needs of them, with x = log₁₀ N − mean and y = log₁₀ L − mean.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    w: f64,
    x: f64,
    xx: f64,
    y: f64,
    xy: f64,
    yy: f64,
}

/// Rows in logarithms.
struct Rows {
    experts: Vec<f64>,
    /// Which of these each row has.
    group: Vec<usize>,
    x: Vec<f64>,
    y: Vec<f64>,
    x_mean: f64,
    y_mean: f64,
}

/// The law at a place of the search.
#[derive(Clone, Copy, Debug)]
struct Law {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    start: f64,
    max: f64,
}

/// Ê of `experts`.
fn saturated(experts: f64, start: f64, max: f64) -> f64 {
    1.0 / (1.0 / (experts - 1.0 + 1.0 / (1.0 / start - 1.0 / max)) + 1.0 / max)
}

impl Law {
    fn power(&self, experts: f64) -> f64 {
        self.a + self.c * experts.log10()
    }

    /// The dense parameters of the loss that `n` have with `experts`.
    fn effective(&self, n: f64, experts: f64) -> f64 {
        let (own, dense) = (saturated(experts, self.start, self.max), self.power(self.start));
        n.powf(self.power(own) / dense) * (own / self.start).powf(self.b / dense)
    }
}

/// The loss of `n` parameters with `experts`; none where the fit lacks a constant.
pub fn predict(fit: &Fit, n: f64, experts: f64) -> Option<f64> {
    let own = saturated(experts, fit.value("E_start")?, fit.value("E_max")?).log10();
    let [a, b, c, d] = [fit.value("a")?, fit.value("b")?, fit.value("c")?, fit.value("d")?];
    let log = a * n.log10() + b * own + c * n.log10() * own + d;
    Some(10f64.powf(log))
}

impl Rows {
    fn of(data: &Data) -> Result<Self, Error> {
        let log = |of: &[f64]| of.iter().map(|x| x.log10()).collect::<Vec<_>>();
        let mut experts = data.x("experts")?.to_vec();
        experts.sort_by(f64::total_cmp);
        experts.dedup();
        let place = |own: &f64| experts.iter().position(|known| known == own).unwrap_or_default();
        let group = data.x("experts")?.iter().map(place).collect();
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let (mut x, mut y) = (log(data.x("n")?), log(&data.y));
        let (x_mean, y_mean) = (mean(&x), mean(&y));
        x.iter_mut().for_each(|x| *x -= x_mean);
        y.iter_mut().for_each(|y| *y -= y_mean);
        Ok(Self { experts, group, x, y, x_mean, y_mean })
    }

    fn sums(&self, weights: &[f64]) -> Vec<Sums> {
        let mut sums = vec![Sums::default(); self.experts.len()];
        for (row, w) in weights.iter().enumerate() {
            let (x, y) = (self.x[row], self.y[row]);
            let sum = &mut sums[self.group[row]];
            sum.w += w;
            sum.x += w * x;
            sum.xx += w * x * x;
            sum.y += w * y;
            sum.xy += w * x * y;
            sum.yy += w * y * y;
        }
        sums
    }

    /// The best a, b, c, d given log₁₀ Ê of each number of experts, on centred logarithms, and the mean square.
    fn linear(sums: &[Sums], experts: &[f64]) -> Option<(Vector4<f64>, f64)> {
        let total: f64 = sums.iter().map(|sum| sum.w).sum();
        let middle = sums.iter().zip(experts).map(|(sum, e)| sum.w * e).sum::<f64>() / total;
        let (mut left, mut right, mut square) = (Matrix4::zeros(), Vector4::zeros(), 0.0);
        for (sum, e) in sums.iter().zip(experts) {
            let e = e - middle;
            // Rows (x, e, x e, 1).
            let moments = [
                [sum.xx, e * sum.x, e * sum.xx, sum.x],
                [e * sum.x, e * e * sum.w, e * e * sum.x, e * sum.w],
                [e * sum.xx, e * e * sum.x, e * e * sum.xx, e * sum.x],
                [sum.x, e * sum.w, e * sum.x, sum.w],
            ];
            left += Matrix4::from_fn(|i, j| moments[i][j]);
            right += Vector4::new(sum.xy, e * sum.y, e * sum.xy, sum.y);
            square += sum.yy;
        }
        let solved = left.cholesky()?.solve(&right);
        let [a, b, c, d] = solved.into();
        let squares = square - 2.0 * solved.dot(&right) + solved.dot(&(left * solved));
        // Back from e − middle to e.
        let natural = Vector4::new(a - c * middle, b, c, d - b * middle);
        Some((natural, squares.max(0.0) / total))
    }

    fn logs(&self, [start, ratio]: [f64; 2]) -> Vec<f64> {
        let (start, max) = (start.exp(), (start + ratio).exp());
        self.experts.iter().map(|experts| saturated(*experts, start, max).log10()).collect()
    }

    /// The mean square at a place of the search, and a wall around it.
    fn cost(&self, sums: &[Sums], at: [f64; 2]) -> f64 {
        let within = clamped(at);
        let beyond = (at[0] - within[0]).abs() + (at[1] - within[1]).abs();
        let found = Self::linear(sums, &self.logs(within));
        found.map_or(f64::MAX, |(_, cost)| cost * (1.0 + beyond) + 1e-12 * beyond)
    }

    fn search(&self, weights: &[f64], start: Option<[f64; 2]>) -> Option<Corner> {
        let sums = self.sums(weights);
        let cost = |at| self.cost(&sums, at);
        let place = |[low, high]: [f64; 2], step: usize| {
            low + (high - low) * (step as f64 + 0.5) / GRID as f64
        };
        let grid = (0..GRID * GRID).map(|at| [place(START, at / GRID), place(RATIO, at % GRID)]);
        let best = || grid.min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        let first = start.or_else(best)?;
        // The mean square is a difference of sums as large as the variance.
        let blur =
            f64::EPSILON * sums.iter().map(|sum| sum.yy).sum::<f64>() / weights.iter().sum::<f64>();
        let found = descend(cost, blur, first, [0.3, 0.5])?;
        // A simplex that has shrunk along a valley's wall finds its way once it is large again.
        let again = descend(cost, blur, found.at, [0.1, 0.3])?;
        Some(Corner { at: clamped(again.at), ..again })
    }

    /// The law at a place of the search, and its mean square.
    fn law(&self, weights: &[f64], at: [f64; 2]) -> Option<(Law, f64)> {
        let (solved, cost) = Self::linear(&self.sums(weights), &self.logs(at))?;
        let [a, b, c, d] = solved.into();
        let (start, max) = (at[0].exp(), (at[0] + at[1]).exp());
        // Back from log₁₀ N − mean to log₁₀ N.
        let (b, d) = (b - c * self.x_mean, d + self.y_mean - a * self.x_mean);
        Some((Law { a, b, c, d, start, max }, cost))
    }

    /// The mean square without saturation: Ê = E.
    fn unsaturated(&self) -> Option<f64> {
        let logs: Vec<f64> = self.experts.iter().map(|experts| experts.log10()).collect();
        Self::linear(&self.sums(&vec![1.0; self.x.len()]), &logs).map(|(_, cost)| cost)
    }
}

fn clamped([start, ratio]: [f64; 2]) -> [f64; 2] {
    [start.clamp(START[0], START[1]), ratio.clamp(RATIO[0], RATIO[1])]
}

fn numbers(budgets: &[f64], experts: &[f64]) -> Vec<Number> {
    let mut numbers = vec![
        Number::new("a", Kind::Exponent, "power of parameters"),
        Number::new("b", Kind::Exponent, "power of experts"),
        Number::new("c", Kind::Exponent, "how the powers change each other"),
        Number::new("d", Kind::Plain, "log10 of the loss of one parameter and one expert"),
        Number::new("E_start", Kind::Scale, "what one expert counts"),
        Number::new("E_max", Kind::Scale, "what infinitely many count"),
    ];
    for budget in budgets {
        for experts in experts.iter().filter(|experts| **experts > 1.0) {
            let about = "effective parameters: dense ones of the same loss";
            let number = Number::new("n_eff", Kind::Scale, about);
            numbers.push(number.at("n", format!("{budget:e}")).at("experts", experts));
        }
    }
    numbers
}

fn values(law: &Law, budgets: &[f64], experts: &[f64]) -> Vec<f64> {
    let mut values = vec![law.a, law.b, law.c, law.d, law.start, law.max];
    for budget in budgets {
        let routed = experts.iter().filter(|experts| **experts > 1.0);
        values.extend(routed.map(|experts| law.effective(*budget, *experts)));
    }
    values
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    data.at_least(7)?;
    let rows = Rows::of(data)?;
    if let Some(few) = data.x("experts")?.iter().find(|experts| **experts < 1.0) {
        return Err(data.refuse(format!("{few} experts"), "1, which is dense, or more", "--where"));
    }
    if rows.experts.len() < 4 {
        let found = format!("{} different numbers of experts", rows.experts.len());
        let hint = "rows of more, dense ones as 1 among them; with fewer use sparring fit power";
        return Err(data.refuse(found, "at least 4: saturation has 2 constants", hint));
    }
    let ones = vec![1.0; data.rows()];
    let whole = rows.search(&ones, None).ok_or_else(|| data.no_fit())?;
    let (law, cost) = rows.law(&ones, whole.at).ok_or_else(|| data.no_fit())?;
    let values_at = |law: &Law| values(law, &request.budgets, &rows.experts);
    let found = values_at(&law);
    let strata = Strata::whole(data.rows());
    let resamples = Resamples::draw(&request.bootstrap, &strata, 6, found.len() + 2, |weights| {
        let found = rows.search(weights, Some(whole.at)).filter(|found| found.converged)?;
        let (law, _) = rows.law(weights, found.at)?;
        let mut values = values_at(&law);
        values.extend(on_bounds(found.at).map(|held| f64::from(u8::from(held))));
        Some(values)
    });
    let named = numbers(&request.budgets, &rows.experts).into_iter().zip(&found).enumerate();
    let mut fit = Fit {
        constants: named
            .map(|(place, (number, value))| Constant::new(number, *value, &resamples, place))
            .collect(),
        loss: Measured::new("RMS of log10 ŷ − log10 y", cost.sqrt()),
        measures: Vec::new(),
        rows: data.rows(),
        drawn: resamples.drawn,
        usable: resamples.usable(),
        converged: whole.converged,
        notes: Vec::new(),
    };
    if !whole.converged {
        fit.notes.push("the search for E_start and E_max did not converge".to_owned());
    }
    for (place, name) in ["E_start", "E_max / E_start"].iter().enumerate() {
        let hits: f64 = resamples.column(found.len() + place).iter().sum();
        if on_bounds(whole.at)[place] {
            fit.notes.push(format!("{name} sits on a bound of its range"));
        } else if hits > 0.0 {
            let drawn = resamples.usable();
            fit.notes.push(format!(
                "{name} sits on a bound of its range in {hits} of {drawn} resamples"
            ));
        }
    }
    told_apart(&rows, &whole, &mut fit);
    if let Some(plain) = rows.unsaturated() {
        fit.measures.push(Measured::new("the same without saturation", plain.sqrt()));
        fit.notes.push(earned(cost, plain, data.rows()));
    }
    fit.tell_failures();
    Ok(fit)
}

fn on_bounds(at: [f64; 2]) -> [bool; 2] {
    let near = |x: f64, [low, high]: [f64; 2]| x - low < 1e-6 || high - x < 1e-6;
    [near(at[0], START), near(at[1], RATIO)]
}

/// Marks E_start or E_max where rows do not tell it: where a tenth of it changes the mean square by nothing.
fn told_apart(rows: &Rows, whole: &Corner, fit: &mut Fit) {
    let sums = rows.sums(&vec![1.0; rows.x.len()]);
    let variance = rows.y.iter().map(|y| y * y).sum::<f64>() / rows.y.len() as f64;
    for (place, name) in ["E_start", "E_max"].iter().enumerate() {
        let moved = |by: f64| {
            let mut at = whole.at;
            at[place] += by;
            // E_max stays where E_start alone moves.
            at[1] -= if place == 0 { by } else { 0.0 };
            rows.cost(&sums, at) - whole.cost
        };
        if moved(0.1).abs().max(moved(-0.1).abs()) > 1e-13 * variance {
            continue;
        }
        for constant in fit.constants.iter_mut().filter(|it| it.number.name == *name) {
            constant.notes = vec!["not identified: rows do not tell it".to_owned()];
        }
    }
}

/// Whether saturation earns its two constants, by Akaike's criterion for few rows.
fn earned(with: f64, without: f64, rows: usize) -> String {
    let n = rows as f64;
    // Each has its variance as one constant more.
    let penalty = |k: f64| 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0).max(1.0);
    let gain = n * (without / with.max(f64::MIN_POSITIVE)).ln() + penalty(5.0) - penalty(7.0);
    let verdict = if gain > 0.0 { "earns" } else { "does not earn" };
    format!("saturation {verdict} its two constants: AICc lower by {gain:.1} with it")
}
