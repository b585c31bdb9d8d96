//! Chinchilla's first approach: the least loss over sizes at each budget, along training curves.
//!
//! Rows are points of training curves, one curve a size N: operations C so far, and the loss. At `budgets` values of C,
//! evenly spaced in logarithms, each curve's loss is read off between its points (linear in ln C), and the size of the
//! least loss is N_opt(C); ln N_opt = ln G + a ln C is a straight line (Hoffmann et al. 2022, 2203.15556, section 3.1).
//! Sizes are few, so that N_opt is taken where the parabola through the best size and its two neighbours is lowest; a
//! budget whose best size is the least or the greatest of those that reach it says nothing. Sizes are drawn again for
//! intervals, with their whole curves.

use crate::error::Error;

use super::data::Data;
use super::fit::{Constant, Fit, Measured};
use super::frontier::{Best, deviation, numbers, values, vertex};
use super::resamples::{Resamples, Strata};
use super::row::{Input, LawOption, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "envelope",
    about: "best size over operations, by the least loss of training curves: Chinchilla's first approach",
    formula: "n_opt = G flops^a",
    x: &[Input::new("n", "parameters"), Input::new("flops", "operations so far")],
    y: Input::new("loss", "loss"),
    by: None,
    budget: Some("operations of a training"),
    threshold: None,
    options: &[LawOption {
        key: "budgets",
        default: 200.0,
        low: 2.0,
        high: 100_000.0,
        about: "at how many budgets the best size is looked for",
    }],
    fit,
};

/// A size's training curve: rising ln C, and the loss.
struct Training {
    n: f64,
    logs: Vec<f64>,
    losses: Vec<f64>,
}

impl Training {
    fn at(&self, log: f64) -> Option<f64> {
        let next = self.logs.partition_point(|own| *own < log);
        let above = self.logs.get(next)?;
        if *above == log {
            return self.losses.get(next).copied();
        }
        let before = next.checked_sub(1)?;
        let part = (log - self.logs[before]) / (above - self.logs[before]);
        Some(self.losses[before] + part * (self.losses[next] - self.losses[before]))
    }
}

/// The curves, in the order of their sizes.
fn trainings(data: &Data) -> Result<Vec<Training>, Error> {
    let (n, flops) = (data.x("n")?, data.x("flops")?);
    let mut order: Vec<usize> = (0..data.rows()).collect();
    order.sort_by(|a, b| n[*a].total_cmp(&n[*b]).then(flops[*a].total_cmp(&flops[*b])));
    let of = |rows: &[usize]| Training {
        n: n[rows[0]].ln(),
        logs: rows.iter().map(|row| flops[*row].ln()).collect(),
        losses: rows.iter().map(|row| data.y[*row]).collect(),
    };
    Ok(order.chunk_by(|a, b| n[*a] == n[*b]).map(of).collect())
}

/// The best size at the budget `log` among curves that count.
fn best(curves: &[Training], weights: &[f64], log: f64) -> Option<Best> {
    let counted = curves.iter().zip(weights).filter(|(_, weight)| **weight > 0.0);
    let points: Vec<[f64; 3]> =
        counted.filter_map(|(curve, _)| Some([curve.n, curve.at(log)?, 1.0])).collect();
    let least = (0..points.len()).min_by(|a, b| points[*a][1].total_cmp(&points[*b][1]))?;
    let around = points.get(least.checked_sub(1)?..least + 2)?;
    Some(Best { budget: log, n: vertex(around)? })
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    let curves = trainings(data)?;
    let logs = || curves.iter().flat_map(|curve| &curve.logs).copied();
    let (low, high) = (logs().fold(f64::MAX, f64::min), logs().fold(f64::MIN, f64::max));
    let steps = request.option("budgets") as usize;
    let place = |step: usize| low + (high - low) * step as f64 / (steps - 1) as f64;
    let all = |weights: &[f64]| -> Vec<Best> {
        (0..steps).filter_map(|step| best(&curves, weights, place(step))).collect()
    };
    let found = all(&vec![1.0; curves.len()]);
    let of_all = values(&found, &request.budgets).ok_or_else(|| {
        data.refuse(
            format!("{} sizes, of which none in between is best at two budgets", curves.len()),
            "curves of three sizes at least that cross each other",
            "more sizes, or sparring fit chinchilla",
        )
    })?;
    let strata = Strata::whole(curves.len());
    let resamples = Resamples::draw(&request.bootstrap, &strata, 2, of_all.len(), |weights| {
        values(&all(weights), &request.budgets)
    });
    let constants = numbers(&request.budgets).into_iter().zip(&of_all).enumerate();
    let mut fit = Fit {
        constants: constants
            .map(|(place, (number, value))| Constant::new(number, *value, &resamples, place))
            .collect(),
        loss: Measured::new("RMS of ln n_opt around its line", deviation(&found, &of_all)),
        measures: vec![
            Measured::new("sizes", curves.len() as f64),
            Measured::new("budgets that show their best size", found.len() as f64),
        ],
        rows: data.rows(),
        drawn: resamples.drawn,
        usable: resamples.usable(),
        converged: true,
        notes: Vec::new(),
    };
    fit.tell_failures();
    Ok(fit)
}
