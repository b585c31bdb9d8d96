//! Batch and learning-rate laws: B*(σ) and η*(σ) as powers of σ that all environments share, each with a factor.
//!
//! log₁₀ y = intercept of the group + Σ slope · log₁₀ x: straight lines in logarithms with one slope a column and one
//! intercept a group. y is the best batch size or learning rate, x the updates a step σ (UTD), groups are environments
//! ("Value-Based Deep RL Scales Predictably", 2502.04327, section 4: B* ~ σ^slope with a slope below 0). Rows are drawn
//! within their group.

use crate::error::Error;

use super::data::Data;
use super::fit::{Constant, Fit, Kind, Measured, Number};
use super::linear::Lines;
use super::resamples::{Resamples, Strata};
use super::row::{Input, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "slopes",
    about: "best batch size or learning rate over updates a step: one slope, an intercept a group",
    formula: "log10 y = intercept + slope log10 x + slope2 log10 x2",
    x: &[
        Input::new("x", "what y depends on, such as updates a step"),
        Input::new("x2", "a second one, such as parameters").optional(),
    ],
    y: Input::new("y", "best batch size, or best learning rate"),
    by: Some("groups, each with an intercept of its own"),
    budget: None,
    threshold: None,
    options: &[],
    fit,
};

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    let logs = |of: &[f64]| of.iter().map(|x| x.log10()).collect::<Vec<_>>();
    let mut x = vec![logs(data.x("x")?)];
    x.extend(data.find("x2").map(logs));
    let labels = data.labels();
    let mut names: Vec<&String> = labels.iter().collect();
    names.sort_unstable();
    names.dedup();
    let place = |label: &String| names.iter().position(|name| *name == label).unwrap_or_default();
    let group: Vec<usize> = labels.iter().map(place).collect();
    data.at_least(x.len() + names.len() + 1)?;
    let y = logs(&data.y);
    let lines = Lines { x: &x, y: &y, group: &group, groups: names.len() };
    let ones = vec![1.0; y.len()];
    let line = lines.fit(&ones).ok_or_else(|| {
        let found = "columns of x that never vary within a group, or always together";
        let hint = "leave one out; a single x value a group tells no slope";
        data.refuse(found, "columns that tell their slopes apart", hint)
    })?;
    let mut numbers = Vec::new();
    for name in ["slope", "slope2"].iter().take(x.len()) {
        numbers.push(Number::new(name, Kind::Exponent, "power that all groups share"));
    }
    for name in &names {
        let mut number = Number::new("intercept", Kind::Plain, "log10 y where x = 1");
        let own = labels.iter().position(|label| label == *name).unwrap_or_default();
        for (column, value) in data.by.iter().zip(&data.groups[own]) {
            number = number.at(column, value);
        }
        numbers.push(number);
    }
    let values: Vec<f64> = line.slopes.iter().chain(&line.intercepts).copied().collect();
    let resamples = Resamples::draw(
        &request.bootstrap,
        &Strata::by(&labels),
        values.len(),
        values.len(),
        |w| {
            let line = lines.fit(w)?;
            Some(line.slopes.into_iter().chain(line.intercepts).collect())
        },
    );
    let constants = numbers.into_iter().zip(&values).enumerate();
    let mut fit = Fit {
        constants: constants
            .map(|(place, (number, value))| Constant::new(number, *value, &resamples, place))
            .collect(),
        loss: Measured::new("RMS of log10 ŷ − log10 y", (line.squares / y.len() as f64).sqrt()),
        measures: Vec::new(),
        rows: y.len(),
        drawn: resamples.drawn,
        usable: resamples.usable(),
        converged: true,
        notes: Vec::new(),
    };
    fit.tell_failures();
    Ok(fit)
}
