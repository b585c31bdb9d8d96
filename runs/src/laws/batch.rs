//! The best batch size over updates a step and parameters: B*(σ, N) = a / (σ^α (1 + (b / N)^c)).
//!
//! σ is updates a step (UTD), N the critic's parameters. Large critics take larger batches, up to a / σ^α; at N = b it
//! is half of that, and c says how fast it is reached ("Compute-Optimal Scaling for Value-Based Deep RL", 2508.14881,
//! and its code's `inverse_power_product_fn`). The mean square of ln B̂ − ln B is minimised.

use crate::error::Error;

use super::data::Data;
use super::estimate::Estimation;
use super::fit::{Fit, Kind, Number};
use super::objective::{Bounds, Curvature, Loss, Model, Objective, Prediction, Residuals};
use super::resamples::Strata;
use super::row::{Input, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "batch",
    about: "best batch size over updates a step and parameters, which saturates",
    formula: "y = a / (utd^alpha (1 + (b / n)^c))",
    x: &[Input::new("utd", "updates a step"), Input::new("n", "parameters")],
    y: Input::new("y", "best batch size"),
    by: None,
    budget: None,
    threshold: None,
    options: &[],
    fit,
};

/// ln B = θ₀ − θ₁ u − ln(1 + exp(θ₂ − θ₃ v)), with u = ln σ and v = ln N, both centred.
struct Saturating {
    utd: Vec<f64>,
    n: Vec<f64>,
    utd_mean: f64,
    n_mean: f64,
}

/// B* at σ and N by the constants of a fit; none where it lacks one.
pub fn predict(fit: &Fit, utd: f64, n: f64) -> Option<f64> {
    let small = (fit.value("b")? / n).powf(fit.value("c")?);
    Some(fit.value("a")? / (utd.powf(fit.value("alpha")?) * (1.0 + small)))
}

/// A column without its mean, and the mean.
fn centred(logs: Vec<f64>) -> (Vec<f64>, f64) {
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    (logs.iter().map(|x| x - mean).collect(), mean)
}

impl Saturating {
    fn new(utd: Vec<f64>, n: Vec<f64>) -> Self {
        let ((utd, utd_mean), (n, n_mean)) = (centred(utd), centred(n));
        Self { utd, n, utd_mean, n_mean }
    }

    /// a, α, b, c.
    fn natural(&self, at: &[f64]) -> Vec<f64> {
        match *at {
            [level, alpha, half, c] => vec![
                (level + alpha * self.utd_mean).exp(),
                alpha,
                (half / c + self.n_mean).exp(),
                c,
            ],
            _ => Vec::new(),
        }
    }
}

impl Model for Saturating {
    fn parameters(&self) -> usize {
        4
    }

    fn rows(&self) -> usize {
        self.n.len()
    }

    fn predict<const P: usize>(&self, row: usize, at: &[f64; P]) -> Prediction<P> {
        let (u, v) = (self.utd[row], self.n[row]);
        let t = at[2] - at[3] * v;
        let share = 1.0 / (1.0 + (-t).exp());
        let slopes = [1.0, -u, -share, share * v];
        // ln(1 + eᵗ), which overflows for no t.
        let log = at[0] - at[1] * u - (t.max(0.0) + (-t.abs()).exp().ln_1p());
        Prediction { log, gradient: std::array::from_fn(|place| slopes[place]) }
    }

    fn bend<const P: usize>(
        &self,
        row: usize,
        _: &[f64; P],
        of: &Prediction<P>,
        factor: f64,
        to: &mut Curvature<P>,
    ) {
        let (v, share) = (self.n[row], -of.gradient[2]);
        let bend = factor * share * (1.0 - share);
        to.others[2][2] -= bend;
        to.others[3][2] += bend * v;
        to.others[3][3] -= bend * v * v;
    }
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    data.at_least(5)?;
    let model = Saturating::new(data.log("utd")?, data.log("n")?);
    let bounds = [
        Bounds::FREE,
        Bounds { low: -10.0, high: 10.0 },
        Bounds { low: -100.0, high: 100.0 },
        Bounds { low: 0.0, high: 10.0 },
    ];
    let objective = Objective::new(&model, &data.y, Residuals::Log, Loss::Squares, &bounds);
    let level = data.y.iter().map(|y| y.ln()).sum::<f64>() / data.rows() as f64;
    let start = |half: f64, c: f64| vec![level + 0.7, 0.3, half * c, c];
    let halves = [-3.0, -1.0, 0.0, 1.0, 3.0];
    let starts = halves.iter().flat_map(|half| [0.3, 0.8, 2.0].map(|c| start(*half, c))).collect();
    let estimation = Estimation {
        objective,
        parameters: &["a", "alpha", "b", "c"],
        starts,
        numbers: vec![
            Number::new("a", Kind::Scale, "batch size of a large critic at one update a step"),
            Number::new("alpha", Kind::Exponent, "power of updates a step"),
            Number::new("b", Kind::Scale, "parameters of half that batch size"),
            Number::new("c", Kind::Exponent, "power of parameters below b"),
        ],
        derive: |at: &[f64]| model.natural(at),
        strata: Strata::whole(data.rows()),
    };
    estimation.fit(&request.bootstrap).ok_or_else(|| data.no_fit())
}

#[cfg(test)]
mod tests {
    use super::super::objective::tests::derivatives_are_exact;
    use super::*;

    #[test]
    fn its_derivatives_are_exact() {
        let column = |by: f64| (0..9).map(|row| (by * f64::from(row)).sin()).collect();
        let model = Saturating::new(column(1.0), column(2.5));
        derivatives_are_exact(&model, &[Bounds::FREE; 4], &[0.4, 0.3, -0.5, 0.8]);
    }
}
