//! Which N? The effective parameter count of sparse networks: N_eff = N_active · density^(−γ).
//!
//! A sparse network has active weights and a shape, of which it keeps a share, its density. Laws of scale were made for
//! dense ones, where both are one. Of sparse and dense networks together y = E + A / X^α (without E under
//! `--set offset=0`) is fitted with X the active weights, the total ones of the shape, the operations of a sample, and
//! N_eff; the X with the least error on sizes that it was not fitted to is the one on which sparse and dense lie on one
//! curve. γ = 0 says that a sparse network acts like a dense one of its active weights, γ = 1 like one of its whole
//! shape, and what lies between is what sparsity is worth. It is one fit: ln N_eff = ln N_active − γ ln density, so that
//! α γ is the exponent of 1 / density. A second law of this kind is the effective count of routed networks ("Unified
//! scaling laws for routed language models", 2202.01169), after which this one is made; this one is ours.
//!
//! Each configuration (active weights and density) is left out in turn, and the root mean square of ln ŷ − ln y over all
//! that were left out is the error. A row of updates a step, `utd`, adds a term S / utd^s.

use crate::error::Error;

use super::data::Data;
use super::estimate::Estimation;
use super::fit::{Fit, Kind, Measured, Number};
use super::objective::{Bounds, Loss, Objective, Residuals};
use super::power_sum::PowerSum;
use super::resamples::Strata;
use super::row::{Input, LawOption, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "which-n",
    about: "which count of parameters lays sparse and dense on one curve, and gamma",
    formula: "y = E + A / n_eff^alpha (+ S / utd^s), n_eff = active density^-gamma",
    x: &[
        Input::new("active", "active weights"),
        Input::new("density", "active weights over those of the shape, above 0 to 1"),
        Input::new("flops", "operations of a sample, for comparison").optional(),
        Input::new("utd", "updates a step, for a term of their own").optional(),
    ],
    y: Input::new("y", "what falls with size: a loss, 1 − a score, env steps to a return"),
    by: None,
    budget: None,
    threshold: None,
    options: &[LawOption {
        key: "offset",
        default: 1.0,
        low: 0.0,
        high: 1.0,
        about: "0: without E, for rows that show no floor",
    }],
    fit,
};

const FALLING: Bounds = Bounds { low: 0.0, high: 10.0 };
/// α γ; γ itself may lie below 0, where sparsity harms more than the weights that it takes.
const OF_DENSITY: Bounds = Bounds { low: -10.0, high: 10.0 };
const GRID: [f64; 6] = [0.1, 0.25, 0.5, 0.9, 1.5, 2.5];
const DENSITY_GRID: [f64; 4] = [-0.1, 0.0, 0.2, 0.6];
const STARTS: usize = 4;

/// y at an X that is N_eff, and at σ where the fit has a term of it; none where it lacks a constant.
pub fn predict(fit: &Fit, effective: f64, utd: Option<f64>) -> Option<f64> {
    let of_size = fit.value("A")? * effective.powf(-fit.value("alpha")?);
    let of_updates = match (fit.value("S"), fit.value("s"), utd) {
        (Some(scale), Some(power), Some(utd)) => scale * utd.powf(-power),
        (None, ..) | (_, None, _) | (.., None) => 0.0,
    };
    Some(fit.value("E").unwrap_or(0.0) + of_size + of_updates)
}

/// N_eff by the γ of a fit.
pub fn effective(fit: &Fit, active: f64, density: f64) -> Option<f64> {
    Some(active * density.powf(-fit.value("gamma")?))
}

/// The columns that a law in one X has.
struct Columns {
    x: Vec<(Vec<f64>, Bounds)>,
    utd: Option<Vec<f64>>,
    offset: bool,
}

impl Columns {
    fn model(&self, rows: usize) -> PowerSum {
        let mut terms: Vec<Vec<(&[f64], Bounds)>> =
            vec![self.x.iter().map(|(of, bounds)| (of.as_slice(), *bounds)).collect()];
        terms.extend(self.utd.as_ref().map(|of| vec![(of.as_slice(), FALLING)]));
        if self.offset {
            terms.push(Vec::new());
        }
        PowerSum::new(rows, &terms)
    }

    fn grid(&self) -> Vec<&'static [f64]> {
        let mut grid: Vec<&[f64]> = vec![&GRID];
        grid.extend(self.x.iter().skip(1).map(|_| DENSITY_GRID.as_slice()));
        grid.extend(self.utd.iter().map(|_| GRID.as_slice()));
        grid
    }

    /// The root mean square of ln ŷ − ln y on rows that were left out, a configuration at a time.
    fn left_out(&self, y: &[f64], configurations: &[Vec<usize>]) -> Option<f64> {
        let model = self.model(y.len());
        let objective = Objective::new(&model, y, Residuals::Log, Loss::Squares, model.bounds());
        let starts = model.starts(&objective, &self.grid(), STARTS);
        let whole = [objective.minimise(&vec![1.0; y.len()], &starts)?.at];
        let mut squares = 0.0;
        for rows in configurations {
            let mut weights = vec![1.0; y.len()];
            rows.iter().for_each(|row| weights[*row] = 0.0);
            let found = objective.minimise(&weights, &whole)?;
            let predictions = objective.predictions(&found.at);
            squares +=
                rows.iter().map(|row| (predictions[*row] - y[*row].ln()).powi(2)).sum::<f64>();
        }
        Some((squares / y.len() as f64).sqrt())
    }
}

/// The rows of each pair of active weights and density.
fn configurations(active: &[f64], density: &[f64]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..active.len()).collect();
    let key = |row: &usize| (active[*row], density[*row]);
    order.sort_by(|a, b| {
        active[*a].total_cmp(&active[*b]).then(density[*a].total_cmp(&density[*b]))
    });
    order.chunk_by(|a, b| key(a) == key(b)).map(<[usize]>::to_vec).collect()
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    let (active, density) = (data.x("active")?, data.x("density")?);
    if let Some(wrong) = density.iter().find(|density| **density > 1.0) {
        let hint = "a share: 0.1 for a network that keeps a tenth of its weights";
        return Err(data.refuse(format!("a density of {wrong}"), "above 0 to 1", hint));
    }
    let (log_active, log_density) = (data.log("active")?, data.log("density")?);
    let utd = data.find("utd").map(|_| data.log("utd")).transpose()?;
    let offset = request.is_set("offset");
    let constants = 3 + usize::from(offset) + 2 * usize::from(utd.is_some());
    data.at_least(constants + 1)?;
    let configurations = configurations(active, density);
    let inverse: Vec<f64> = log_density.iter().map(|x| -x).collect();
    let total = log_active.iter().zip(&inverse).map(|(active, by)| active + by).collect();
    let columns = |x| Columns { x, utd: utd.clone(), offset };
    let effective = columns(vec![(log_active.clone(), FALLING), (inverse, OF_DENSITY)]);
    let mut rivals = vec![
        ("active", columns(vec![(log_active, FALLING)])),
        ("total", columns(vec![(total, FALLING)])),
    ];
    if data.find("flops").is_some() {
        rivals.push(("flops", columns(vec![(data.log("flops")?, FALLING)])));
    }
    let model = effective.model(data.rows());
    let objective = Objective::new(&model, &data.y, Residuals::Log, Loss::Squares, model.bounds());
    let mut numbers = vec![
        Number::new("gamma", Kind::Plain, "n_eff = active density^-gamma; 0: active, 1: total"),
        Number::new("A", Kind::Scale, "y · n_eff^alpha"),
        Number::new("alpha", Kind::Exponent, "power of n_eff"),
    ];
    let mut parameters = vec!["A", "alpha", "alpha gamma"];
    if utd.is_some() {
        numbers.push(Number::new("S", Kind::Scale, "y · utd^s"));
        numbers.push(Number::new("s", Kind::Exponent, "power of updates a step"));
        parameters.extend(["S", "s"]);
    }
    if offset {
        numbers.push(Number::new("E", Kind::Scale, "what no size takes away"));
        parameters.push("E");
    }
    let derive = |at: &[f64]| {
        let natural = model.natural(at);
        let mut values = vec![natural[2] / natural[1], natural[0].exp(), natural[1]];
        let rest = &natural[3..];
        let (of_utd, of_offset) = rest.split_at(if utd.is_some() { 2 } else { 0 });
        values.extend(of_utd.first().map(|x| x.exp()));
        values.extend(of_utd.get(1));
        values.extend(of_offset.first().map(|x| x.exp()));
        values
    };
    let estimation = Estimation {
        starts: model.starts(&objective, &effective.grid(), 2 * STARTS),
        objective,
        parameters: &parameters,
        numbers,
        derive,
        strata: Strata::whole(data.rows()),
    };
    let mut fit = estimation.fit(&request.bootstrap).ok_or_else(|| data.no_fit())?;
    rivals.push(("n_eff", effective));
    let mut errors = Vec::new();
    for (name, columns) in &rivals {
        let Some(error) = columns.left_out(&data.y, &configurations) else { continue };
        fit.measures.push(Measured::new(&format!("leave-out error with {name}"), error));
        errors.push((*name, error));
    }
    fit.notes.extend(verdict(&errors));
    if density.iter().all(|own| *own == density[0]) {
        fit.notes.push("all rows have one density, so that gamma cannot be told".to_owned());
    }
    Ok(fit)
}

/// Which count is best, in words.
fn verdict(errors: &[(&str, f64)]) -> Option<String> {
    let (best, least) = errors.iter().min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let others = errors.iter().filter(|(name, _)| name != best);
    let others: Vec<String> =
        others.map(|(name, error)| format!("{name} ×{:.2}", error / least)).collect();
    Some(format!(
        "sparse and dense lie nearest to one curve over {best}; leave-out error of the others: {}",
        others.join(", ")
    ))
}
