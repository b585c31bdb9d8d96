//! The law of updates: D(σ) = c + (σ / b)^−a, on returns that are normalised over environments.
//!
//! D is the env steps to a threshold of return, σ the updates a step (UTD). The times of each environment are divided by
//! their median over σ and thresholds, and averaged over environments ("Value-Based Deep RL Scales Predictably",
//! 2502.04327, appendix D, and its code): D = 1 is then a typical time. The least squares of all environments are
//! those of their mean where each has every σ. c is what no updates save, (σ / b)^−a what they
//! do; b is the σ at which it is 1. The mean square of D̂ − D is minimised, as there: plain and not in logarithms.
//! `scale` gives D back its unit: the median over environments of those medians.
//!
//! Whole environments are drawn for intervals, of fewer than five single times. Thresholds, if there is a column of them, have constants of their own.

use std::collections::BTreeMap;

use crate::error::Error;

use super::data::Data;
use super::estimate::Estimation;
use super::fit::{Constant, Fit, Kind, Number};
use super::objective::{Bounds, Loss, Objective, Residuals};
use super::power_sum::PowerSum;
use super::resamples::Strata;
use super::row::{Input, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "utd",
    about: "env steps to a return over updates a step, each environment by its median",
    formula: "d / median = c + (utd / b)^-a",
    x: &[
        Input::new("utd", "updates a step"),
        Input::new("threshold", "the return reached; each has constants of its own")
            .optional()
            .any_sign(),
    ],
    y: Input::new("d", "env steps to the return"),
    by: Some("environments, each divided by its median"),
    budget: None,
    threshold: None,
    options: &[],
    fit,
};

const EXPONENT: Bounds = Bounds { low: 0.0, high: 20.0 };
const GRID: [f64; 8] = [0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.8, 3.0];
const STARTS: usize = 4;
/// Environments that are worth drawing; of fewer, single times are drawn.
const FEWEST: usize = 5;

/// D / median at σ by the constants of a threshold; none where the fit lacks one.
pub fn predict(fit: &Fit, utd: f64, threshold: f64) -> Option<f64> {
    let at = [("threshold".to_owned(), threshold.to_string())];
    let of = |name: &str| {
        let is = |constant: &&Constant| constant.number.name == name && constant.number.at == at;
        Some(fit.constants.iter().find(is)?.value)
    };
    Some(of("c")? + (utd / of("b")?).powf(-of("a")?))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The rows of each environment.
fn by_environment(data: &Data) -> BTreeMap<String, Vec<usize>> {
    let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (row, label) in data.labels().into_iter().enumerate() {
        rows.entry(label).or_default().push(row);
    }
    rows
}

/// Times over the median of their environment, and the median of those.
pub fn normalised(data: &Data) -> (Vec<f64>, f64) {
    let mut times = data.y.clone();
    let mut medians = Vec::new();
    for rows in by_environment(data).values() {
        let mut own: Vec<f64> = rows.iter().map(|row| data.y[*row]).collect();
        let by = median(&mut own);
        medians.push(by);
        rows.iter().for_each(|row| times[*row] /= by);
    }
    (times, median(&mut medians))
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    let (times, scale) = normalised(data);
    let of_threshold = |row: usize| data.find("threshold").map(|of| of[row]);
    let mut thresholds: Vec<f64> = (0..data.rows()).filter_map(of_threshold).collect();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    let mut fit = match thresholds.is_empty() {
        true => one(data, request, &(0..data.rows()).collect::<Vec<_>>(), &times, None)?,
        false => {
            let own = |threshold: &f64| {
                let is_own = |row: &usize| of_threshold(*row) == Some(*threshold);
                let rows: Vec<usize> = (0..data.rows()).filter(is_own).collect();
                one(data, request, &rows, &times, Some(*threshold))
            };
            let all: Vec<Fit> = thresholds.iter().map(own).collect::<Result<_, _>>()?;
            Fit::together(all).ok_or_else(|| data.no_fit())?
        }
    };
    let number = Number::new("scale", Kind::Scale, "env steps that d / median = 1 stands for");
    fit.constants.insert(0, Constant::exact(number, scale));
    Ok(fit)
}

/// The constants of one threshold, whose rows these are.
fn one(
    data: &Data,
    request: &Request,
    rows: &[usize],
    times: &[f64],
    threshold: Option<f64>,
) -> Result<Fit, Error> {
    let utd = data.x("utd")?;
    let logs: Vec<f64> = rows.iter().map(|row| utd[*row].ln()).collect();
    let times: Vec<f64> = rows.iter().map(|row| times[*row]).collect();
    let mut values: Vec<f64> = rows.iter().map(|row| utd[*row]).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 4 {
        let found = format!("{} different values of utd", values.len());
        return Err(data.refuse(found, "at least 4: the law has 3 constants", "more of them"));
    }
    let model = PowerSum::new(logs.len(), &[vec![], vec![(&logs, EXPONENT)]]);
    let objective = Objective::new(&model, &times, Residuals::Plain, Loss::Squares, model.bounds());
    let number = |name: &str, kind, about: &str| match threshold {
        Some(threshold) => Number::new(name, kind, about).at("threshold", threshold),
        None => Number::new(name, kind, about),
    };
    let numbers = vec![
        number("a", Kind::Exponent, "power of updates a step"),
        number("b", Kind::Scale, "updates a step at which they save as much as 1"),
        number("c", Kind::Scale, "share of the median that no updates save"),
    ];
    let derive = |at: &[f64]| match model.natural(at)[..] {
        [c, k, a] => vec![a, (k / a).exp(), c.exp()],
        _ => Vec::new(),
    };
    // The median of an environment errs in all of its times at once, which only whole environments show.
    let all = data.labels();
    let environments: Vec<String> = rows.iter().map(|row| all[*row].clone()).collect();
    let mut names: Vec<&String> = environments.iter().collect();
    names.sort_unstable();
    names.dedup();
    let strata = match names.len() >= FEWEST {
        true => Strata::clusters(&environments),
        false => Strata::whole(rows.len()),
    };
    let estimation = Estimation {
        starts: model.starts(&objective, &[&GRID], STARTS),
        objective,
        parameters: &["c", "b", "a"],
        numbers,
        derive,
        strata,
    };
    estimation.fit(&request.bootstrap).ok_or_else(|| data.no_fit())
}
