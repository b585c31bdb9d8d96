//! Chinchilla's third approach: L(N, D) = E + A / N^α + B / D^β.
//!
//! L is a loss in nats a token (or what plays its part, such as 1 − a normalised score), N a network's parameters, D the
//! samples that it was trained on; where operations C are given instead, D = C / (6 N). E is what no scale takes away.
//! A, B and the exponents minimise Σ Huber_δ(ln L̂ − ln L) with δ = 1e-3, in the parameters a = ln A, b = ln B, e = ln E
//! (Hoffmann et al. 2022, 2203.15556, equation 10 and section D.3). A *mean* of these losses is so small that an
//! optimiser with absolute tolerances stops early; this one scales its objective.
//!
//! At a budget C = 6 N D the loss is least at N = G (C / 6)^a and D = (C / 6)^b / G with a = β / (α + β),
//! b = α / (α + β) and G = (α A / (β B))^(1 / (α + β)) (equation 4).

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
    name: "chinchilla",
    about: "loss over parameters and samples: Chinchilla's third approach",
    formula: "L = E + A / n^alpha + B / d^beta",
    x: &[
        Input::new("n", "parameters"),
        Input::new("d", "samples").optional(),
        Input::new("flops", "operations of a training, instead of d = flops / (6 n)").optional(),
    ],
    y: Input::new("loss", "loss"),
    by: None,
    budget: Some("operations of a training"),
    threshold: None,
    options: &[
        LawOption {
            key: "huber",
            default: 1e-3,
            low: 1e-12,
            high: 1e12,
            about: "the residual of ln L from which its loss is linear",
        },
        LawOption {
            key: "drop_largest",
            default: 0.0,
            low: 0.0,
            high: 1e9,
            about: "how many of the largest losses are left out",
        },
    ],
    fit,
};

/// Where exponents begin and end.
const EXPONENTS: Bounds = Bounds { low: 0.0, high: 5.0 };

/// Exponents that descents begin at.
const GRID: [f64; 7] = [0.05, 0.15, 0.3, 0.45, 0.7, 1.0, 1.6];

/// How many of the grid's places.
const STARTS: usize = 6;

/// The law's constants at parameters e, a, α, b, β.
struct Constants {
    e: f64,
    a: f64,
    alpha: f64,
    b: f64,
    beta: f64,
}

impl Constants {
    fn of(natural: &[f64]) -> Option<Self> {
        let [e, a, alpha, b, beta] = <[f64; 5]>::try_from(natural).ok()?;
        Some(Self { e, a, alpha, b, beta })
    }

    /// n, d and the loss where it is least at a budget.
    fn optimum(&self, budget: f64) -> [f64; 3] {
        let sum = self.alpha + self.beta;
        let g = (self.alpha.ln() + self.a - self.beta.ln() - self.b) / sum;
        let log = (budget / 6.0).ln();
        let (n, d) = (self.beta / sum * log + g, self.alpha / sum * log - g);
        let loss = self.e.exp() + (self.a - self.alpha * n).exp() + (self.b - self.beta * d).exp();
        [n.exp(), d.exp(), loss]
    }
}

/// The loss at N and D by the constants of a fit; none where it lacks one.
pub fn predict(fit: &Fit, n: f64, d: f64) -> Option<f64> {
    let of_size = fit.value("A")? * n.powf(-fit.value("alpha")?);
    let of_samples = fit.value("B")? * d.powf(-fit.value("beta")?);
    Some(fit.value("E")? + of_size + of_samples)
}

/// D of each row.
fn samples(data: &Data) -> Result<Vec<f64>, Error> {
    match (data.find("d"), data.find("flops")) {
        (Some(d), None) => Ok(d.to_vec()),
        (None, Some(flops)) => {
            Ok(flops.iter().zip(data.x("n")?).map(|(c, n)| c / (6.0 * n)).collect())
        }
        (d, _) => {
            let found = if d.is_some() { "both d and flops" } else { "neither d nor flops" };
            Err(data.refuse(found, "one of the two", "--x n=COLUMN flops=COLUMN"))
        }
    }
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    let data = data.without_largest(request.option("drop_largest") as usize);
    data.at_least(6)?;
    let n = data.log("n")?;
    let d: Vec<f64> = samples(&data)?.iter().map(|x| x.ln()).collect();
    let model = PowerSum::new(data.rows(), &[vec![], vec![(&n, EXPONENTS)], vec![(&d, EXPONENTS)]]);
    let loss = Loss::Huber(request.option("huber"));
    let objective = Objective::new(&model, &data.y, Residuals::Log, loss, model.bounds());
    let mut numbers = vec![
        Number::new("E", Kind::Scale, "loss that no scale takes away"),
        Number::new("A", Kind::Scale, "loss · parameters^alpha"),
        Number::new("B", Kind::Scale, "loss · samples^beta"),
        Number::new("alpha", Kind::Exponent, "power of parameters"),
        Number::new("beta", Kind::Exponent, "power of samples"),
        Number::new("a", Kind::Exponent, "n_opt ~ budget^a, a = beta / (alpha + beta)"),
    ];
    for budget in &request.budgets {
        let at = |name: &str, about: &str| {
            Number::new(name, Kind::Scale, about).at("budget", format!("{budget:e}"))
        };
        numbers.push(at("n_opt", "best parameters"));
        numbers.push(at("d_opt", "best samples"));
        numbers.push(at("loss_opt", "loss there"));
    }
    let derive = |at: &[f64]| {
        let Some(of) = Constants::of(&model.natural(at)) else { return Vec::new() };
        let mut values = vec![of.e.exp(), of.a.exp(), of.b.exp(), of.alpha, of.beta];
        values.push(of.beta / (of.alpha + of.beta));
        values.extend(request.budgets.iter().flat_map(|budget| of.optimum(*budget)));
        values
    };
    let estimation = Estimation {
        starts: model.starts(&objective, &[&GRID, &GRID], STARTS),
        objective,
        parameters: &["E", "A", "alpha", "B", "beta"],
        numbers,
        derive,
        strata: Strata::whole(data.rows()),
    };
    estimation.fit(&request.bootstrap).ok_or_else(|| data.no_fit())
}
