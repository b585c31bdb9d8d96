//! Power laws: y = A / x^α, or y = E + A / x^α with an offset, of one or two x.
//!
//! A has the unit of y · x^α; E is what no x takes away. The mean square of ln ŷ − ln y is minimised. Without an offset
//! that is a straight line in logarithms; a negative α rises. With an offset α is positive.

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
    name: "power",
    about: "a power of one or two columns, with or without an offset",
    formula: "y = A / (x^alpha x2^alpha2), or E + that",
    x: &[
        Input::new("x", "what y depends on"),
        Input::new("x2", "a second one, in the same term").optional(),
    ],
    y: Input::new("y", "what is explained"),
    by: None,
    budget: None,
    threshold: None,
    options: &[LawOption {
        key: "offset",
        default: 0.0,
        low: 0.0,
        high: 1.0,
        about: "1: with an offset E",
    }],
    fit,
};

const EITHER: Bounds = Bounds { low: -20.0, high: 20.0 };
const FALLING: Bounds = Bounds { low: 0.0, high: 20.0 };
const GRID: [f64; 8] = [0.05, 0.15, 0.3, 0.5, 0.8, 1.2, 1.8, 3.0];
const STARTS: usize = 4;

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    let offset = request.is_set("offset");
    let bounds = if offset { FALLING } else { EITHER };
    let mut logs = vec![data.log("x")?];
    if data.find("x2").is_some() {
        logs.push(data.log("x2")?);
    }
    data.at_least(logs.len() + 2 + usize::from(offset))?;
    let term: Vec<(&[f64], Bounds)> = logs.iter().map(|of| (of.as_slice(), bounds)).collect();
    let mut terms = vec![term];
    if offset {
        terms.insert(0, Vec::new());
    }
    let model = PowerSum::new(data.rows(), &terms);
    let objective = Objective::new(&model, &data.y, Residuals::Log, Loss::Squares, model.bounds());
    let mut numbers = Vec::new();
    if offset {
        numbers.push(Number::new("E", Kind::Scale, "what no x takes away"));
    }
    numbers.push(Number::new("A", Kind::Scale, "y where all x are 1, less E"));
    let exponents = [("alpha", "power of x"), ("alpha2", "power of x2")];
    for (name, about) in exponents.iter().take(logs.len()) {
        numbers.push(Number::new(name, Kind::Exponent, about));
    }
    let names: Vec<&str> = numbers.iter().map(|number| number.name.as_str()).collect();
    let owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let parameters: Vec<&str> = owned.iter().map(String::as_str).collect();
    let scales = 1 + usize::from(offset);
    let derive = |at: &[f64]| {
        let mut values = model.natural(at);
        values.iter_mut().take(scales).for_each(|x| *x = x.exp());
        values
    };
    let grid: Vec<&[f64]> = logs.iter().map(|_| GRID.as_slice()).collect();
    let starts = model.starts(&objective, &grid, STARTS);
    let estimation = Estimation {
        starts,
        objective,
        parameters: &parameters,
        numbers: numbers.clone(),
        derive,
        strata: Strata::whole(data.rows()),
    };
    estimation.fit(&request.bootstrap).ok_or_else(|| data.no_fit())
}
