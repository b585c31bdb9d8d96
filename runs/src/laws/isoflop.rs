//! Chinchilla's second approach: a parabola through the losses of each budget, and a power through their lowest points.
//!
//! Networks of several sizes are each trained with the same operations C. Of each budget loss is fitted as a parabola of
//! ln N, whose lowest point is N_opt(C); ln N_opt = ln G + a ln C is then a straight line (Hoffmann et al. 2022,
//! 2203.15556, section 3.2). D_opt = C / (6 N_opt). Budgets are told by `--by`, or found: rows whose operations differ by
//! less than `gap` decades from the next are of one budget, which counts with their mean logarithm. A budget whose lowest
//! point is not among its sizes says nothing, and is named.

use crate::error::Error;

use super::data::Data;
use super::fit::{Constant, Fit, Measured};
use super::frontier::{Best, deviation, numbers, values, vertex};
use super::resamples::{Resamples, Strata};
use super::row::{Input, LawOption, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "isoflop",
    about: "best size over operations, by a parabola for each budget: Chinchilla's second approach",
    formula: "n_opt = G flops^a",
    x: &[Input::new("n", "parameters"), Input::new("flops", "operations of a training")],
    y: Input::new("loss", "loss"),
    by: Some("budgets [default: rows of near operations]"),
    budget: Some("operations of a training"),
    threshold: None,
    options: &[LawOption {
        key: "gap",
        default: 0.1,
        low: 0.0,
        high: 10.0,
        about: "decades between the operations of two budgets at least",
    }],
    fit,
};

/// The rows of each budget, in the order of operations.
fn budgets(data: &Data, flops: &[f64], gap: f64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..data.rows()).collect();
    order.sort_by(|a, b| flops[*a].total_cmp(&flops[*b]));
    if data.by.is_empty() {
        let near = |a: &usize, b: &usize| (flops[*b] / flops[*a]).log10() <= gap;
        return order.chunk_by(near).map(<[usize]>::to_vec).collect();
    }
    let labels = data.labels();
    let mut names: Vec<&String> = order.iter().map(|row| &labels[*row]).collect();
    names.dedup();
    let mut seen = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(*name);
            true
        }
    });
    let of = |name: &&String| order.iter().copied().filter(|row| labels[*row] == **name).collect();
    names.iter().map(of).collect()
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    let (n, flops) = (data.log("n")?, data.x("flops")?);
    let groups = budgets(data, flops, request.option("gap"));
    let best = |rows: &Vec<usize>, weights: &[f64]| {
        let points: Vec<[f64; 3]> = rows
            .iter()
            .filter(|row| weights[**row] > 0.0)
            .map(|row| [n[*row], data.y[*row], weights[*row]])
            .collect();
        let total: f64 = rows.iter().map(|row| weights[*row]).sum();
        let log = |row: &usize| weights[*row] * flops[*row].ln();
        let lowest = vertex(&points)?;
        let smallest = points.iter().map(|[n, _, _]| *n).fold(f64::MAX, f64::min);
        let largest = points.iter().map(|[n, _, _]| *n).fold(f64::MIN, f64::max);
        (smallest..=largest)
            .contains(&lowest)
            .then(|| Best { budget: rows.iter().map(log).sum::<f64>() / total, n: lowest })
    };
    let all = |weights: &[f64]| -> Vec<Best> {
        groups.iter().filter_map(|rows| best(rows, weights)).collect()
    };
    let ones = vec![1.0; data.rows()];
    let found = all(&ones);
    let of_all = values(&found, &request.budgets).ok_or_else(|| {
        let told = found.len();
        data.refuse(
            format!("{} budgets, of which {told} show the best of their sizes", groups.len()),
            "two budgets at least, each with three sizes, the best of them in between",
            "--set gap=0.3, or --by a column of budgets",
        )
    })?;
    let strata = Strata::of(groups.clone());
    let resamples = Resamples::draw(&request.bootstrap, &strata, 2, of_all.len(), |weights| {
        values(&all(weights), &request.budgets)
    });
    let constants = numbers(&request.budgets).into_iter().zip(&of_all).enumerate();
    let mut fit = Fit {
        constants: constants
            .map(|(place, (number, value))| Constant::new(number, *value, &resamples, place))
            .collect(),
        loss: Measured::new("RMS of ln n_opt around its line", deviation(&found, &of_all)),
        measures: vec![Measured::new("budgets that show their best size", found.len() as f64)],
        rows: data.rows(),
        drawn: resamples.drawn,
        usable: resamples.usable(),
        converged: true,
        notes: Vec::new(),
    };
    for rows in groups.iter().filter(|rows| best(rows, &ones).is_none()) {
        let mean = rows.iter().map(|row| flops[*row].ln()).sum::<f64>() / rows.len() as f64;
        fit.notes.push(format!(
            "the budget of {:.2e} ({} rows) has no lowest point among its sizes, and is left out",
            mean.exp(),
            rows.len()
        ));
    }
    fit.tell_failures();
    Ok(fit)
}
