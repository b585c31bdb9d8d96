//! Time to threshold: the first env step at which a learning curve, made to rise, reaches a return.
//!
//! The runs (seeds) of a configuration go together on the steps that all of them came to; their mean is made to rise by
//! isotonic regression, and D_J is the first of its steps at or above J ("Value-Based Deep RL Scales Predictably",
//! 2502.04327). What never reaches J is censored: it took longer than the last step, which is no number of steps, and a
//! law that is fitted to the rest should leave it out and say so. Seeds are drawn again for intervals; where more than
//! 2.5 % of resamples never reach J, the interval has no upper end.

use crate::error::Error;
use crate::statistics::{Curve, Curves, Point};

use super::data::Data;
use super::fit::{Constant, Fit, Kind, Measured, Number};
use super::isotonic::first_reached;
use super::resamples::{Resamples, Strata};
use super::row::{Input, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "threshold",
    about: "first step at which the mean learning curve, made to rise, reaches a return",
    formula: "d = first step with isotonic(mean return) >= threshold",
    x: &[
        Input::new("step", "env steps").any_sign(),
        Input::new("seed", "which run; a configuration has one without").optional().any_sign(),
    ],
    y: Input::new("return", "return").any_sign(),
    by: Some("configurations, each with curves of its own"),
    budget: None,
    threshold: Some("returns to reach"),
    options: &[],
    fit,
};

/// The runs of a configuration on common steps.
struct Configuration {
    at: Vec<String>,
    curves: Curves,
    runs: usize,
}

/// At each step the mean of the runs of one task, run by run as often as `weights` says.
pub fn mean_curve(curves: &Curves, weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let mean = |scores: &[f64]| {
        scores.iter().zip(weights).map(|(score, weight)| score * weight).sum::<f64>() / total
    };
    curves.at.iter().map(|scores| scores.tasks().map(mean).sum()).collect()
}

/// When that mean, made to rise, reaches `threshold`; infinite where it never does.
pub fn reached(curves: &Curves, weights: &[f64], threshold: f64) -> f64 {
    first_reached(&curves.steps, &mean_curve(curves, weights), threshold).unwrap_or(f64::INFINITY)
}

/// A configuration's points, run by run.
struct Points {
    at: Vec<String>,
    runs: Vec<Run>,
}

/// A run's points.
struct Run {
    seed: f64,
    points: Vec<Point>,
}

/// The configurations of `data`, in the order of their first rows.
fn configurations(data: &Data) -> Result<Vec<Configuration>, Error> {
    let (steps, seeds) = (data.x("step")?, data.find("seed"));
    let mut groups: Vec<Points> = Vec::new();
    for (row, at) in data.groups.iter().enumerate() {
        let seed = seeds.map_or(0.0, |seeds| seeds[row]);
        let point = Point { step: steps[row], value: data.y[row] };
        let place = groups.iter().position(|group| group.at == *at).unwrap_or_else(|| {
            groups.push(Points { at: at.clone(), runs: Vec::new() });
            groups.len() - 1
        });
        let runs = &mut groups[place].runs;
        match runs.iter_mut().find(|run| run.seed == seed) {
            Some(run) => run.points.push(point),
            None => runs.push(Run { seed, points: vec![point] }),
        }
    }
    let of = |Points { at, runs }: Points| {
        let runs: Vec<Curve> = runs.into_iter().map(|run| Curve::new(run.points)).collect();
        let count = runs.len();
        let curves = Curves::new(&[runs]);
        if curves.steps.is_empty() {
            let found = format!("runs of {} without a step in common", at.join(", "));
            return Err(data.refuse(found, "curves that overlap", "--where, to leave one out"));
        }
        Ok(Configuration { at, curves, runs: count })
    };
    groups.into_iter().map(of).collect()
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    data.at_least(1)?;
    if request.thresholds.is_empty() {
        let hint = "--threshold 195";
        return Err(data.refuse("no threshold", "one return at least that is to be reached", hint));
    }
    let mut all = Fit {
        constants: Vec::new(),
        loss: Measured::new("censored", 0.0),
        measures: Vec::new(),
        rows: data.rows(),
        drawn: 0,
        usable: 0,
        converged: true,
        notes: Vec::new(),
    };
    for configuration in configurations(data)? {
        let whole = vec![1.0; configuration.runs];
        let times = |weights: &[f64]| {
            let of = |threshold: &f64| reached(&configuration.curves, weights, *threshold);
            Some(request.thresholds.iter().map(of).collect())
        };
        let strata = Strata::whole(configuration.runs);
        // One run cannot show how runs differ.
        let mut bootstrap = request.bootstrap.clone();
        bootstrap.resamples = if configuration.runs > 1 { bootstrap.resamples } else { 0 };
        let resamples = Resamples::draw(&bootstrap, &strata, 1, request.thresholds.len(), times);
        (all.drawn, all.usable) =
            (all.drawn.max(resamples.drawn), all.usable.max(resamples.usable()));
        let last = configuration.curves.steps.last().copied().unwrap_or_default();
        for (place, threshold) in request.thresholds.iter().enumerate() {
            let mut number = Number::new("d", Kind::Plain, "env steps to the threshold");
            for (column, value) in data.by.iter().zip(&configuration.at) {
                number = number.at(column, value);
            }
            let value = reached(&configuration.curves, &whole, *threshold);
            let mut constant =
                Constant::new(number.at("threshold", threshold), value, &resamples, place);
            if value.is_infinite() {
                all.loss.value += 1.0;
                constant.notes.push(format!("censored: not reached by step {last}"));
            }
            all.constants.push(constant);
        }
    }
    Ok(all)
}
