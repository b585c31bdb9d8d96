//! Intrinsic performance: I^−β = (N_c / N)^α_N + (E_c / E)^α_E with 1 / β = 1 / α_N + 1 / α_E.
//!
//! The intrinsic performance of a return is the least operations of a training with which any size reaches it, so that it
//! grows as a power of compute by its own definition; N is parameters, E env steps ("Scaling laws for single-agent
//! reinforcement learning", Hilton et al. 2023, 2301.13442). Along the frontier N_opt ~ C^(1 / (1 + α_N / α_E)). The
//! equations are quoted from memory, as the specification says, and were not read in the paper.
//!
//! y is the return a row stands for, such as the threshold of `sparring fit threshold --csv`: rows of one return say by
//! how many env steps each size reached it and at what cost, and the least cost of them is I. The mean square of
//! ln Î − ln I is minimised.

use crate::error::Error;

use super::data::Data;
use super::estimate::Estimation;
use super::fit::{Fit, Kind, Number};
use super::optimise::{Bounds, Loss, Model, Objective, Residuals};
use super::power_sum::PowerSum;
use super::resamples::Strata;
use super::row::{Input, LawRow, Request};

/// The row of this law.
pub static ROW: LawRow = LawRow {
    name: "intrinsic",
    about: "least operations that reach a return, over parameters and env steps",
    formula: "I^-beta = (N_c / n)^alpha_N + (E_c / e)^alpha_E, I = least flops of its y",
    x: &[
        Input::new("n", "parameters"),
        Input::new("e", "env steps at which y was reached"),
        Input::new("flops", "operations until then"),
    ],
    y: Input::new("y", "the return reached").any_sign(),
    by: None,
    budget: None,
    threshold: None,
    options: &[],
    fit,
};

const EXPONENTS: Bounds = Bounds { low: 0.01, high: 10.0 };
const GRID: [f64; 5] = [0.2, 0.5, 1.0, 2.0, 4.0];

/// ln I = s · L with s = −(1 / α_N + 1 / α_E) and L the logarithm of the sum.
struct Frontier {
    sum: PowerSum,
    /// What an exponent is multiplied by within the sum.
    spreads: [f64; 2],
}

impl Frontier {
    /// s with its first and second derivative by the two exponents as the sum has them.
    fn scale(&self, at: &[f64]) -> [f64; 5] {
        let [n, e] = self.spreads;
        let (a, b) = (at[1], at[3]);
        [-(n / a + e / b), n / (a * a), e / (b * b), -2.0 * n / (a * a * a), -2.0 * e / (b * b * b)]
    }

    /// ln N_c, α_N, ln E_c, α_E.
    fn natural(&self, at: &[f64]) -> [f64; 4] {
        match self.sum.natural(at)[..] {
            [n, alpha_n, e, alpha_e] => [n / alpha_n, alpha_n, e / alpha_e, alpha_e],
            _ => [f64::NAN; 4],
        }
    }
}

impl Model for Frontier {
    fn parameters(&self) -> usize {
        4
    }

    fn rows(&self) -> usize {
        self.sum.rows()
    }

    fn predict(&self, row: usize, at: &[f64], gradient: &mut [f64], hessian: &mut [f64]) -> f64 {
        let [scale, by_n, by_e, twice_n, twice_e] = self.scale(at);
        let log = self.sum.predict(row, at, gradient, hessian);
        let first = [0.0, by_n, 0.0, by_e];
        let second = [0.0, twice_n, 0.0, twice_e];
        for i in 0..4 {
            for j in 0..=i {
                let mixed = first[i] * gradient[j] + gradient[i] * first[j];
                let own = if i == j { second[i] * log } else { 0.0 };
                hessian[4 * i + j] = scale * hessian[4 * i + j] + mixed + own;
            }
        }
        for (slope, first) in gradient.iter_mut().zip(first) {
            *slope = scale * *slope + log * first;
        }
        scale * log
    }
}

/// The least operations among the rows of each row's return.
fn least(data: &Data) -> Result<Vec<f64>, Error> {
    let flops = data.x("flops")?;
    let of = |y: &f64| {
        let same = data.y.iter().zip(flops).filter(|(other, _)| *other == y);
        same.map(|(_, flops)| *flops).fold(f64::INFINITY, f64::min)
    };
    Ok(data.y.iter().map(of).collect())
}

fn fit(data: &Data, request: &Request) -> Result<Fit, Error> {
    data.at_least(5)?;
    let performance = least(data)?;
    let (n, e) = (data.log("n")?, data.log("e")?);
    let terms = [vec![(n.as_slice(), EXPONENTS)], vec![(e.as_slice(), EXPONENTS)]];
    let sum = PowerSum::new(data.rows(), &terms);
    let spread = |place: usize| sum.bounds()[place].high / EXPONENTS.high;
    let model = Frontier { spreads: [spread(1), spread(3)], sum: sum.clone() };
    let mean = performance.iter().map(|y| y.ln()).sum::<f64>() / data.rows() as f64;
    // Both terms alike at the middle of the rows, where ln I is the mean.
    let start = |alpha_n: f64, alpha_e: f64| {
        let level = -mean / (1.0 / alpha_n + 1.0 / alpha_e) - 2_f64.ln();
        vec![level, alpha_n * model.spreads[0], level, alpha_e * model.spreads[1]]
    };
    let starts = GRID.iter().flat_map(|n| GRID.map(|e| start(*n, e))).collect();
    let objective =
        Objective::new(&model, &performance, Residuals::Log, Loss::Squares, model.sum.bounds());
    let estimation = Estimation {
        objective,
        parameters: &["N_c", "alpha_N", "E_c", "alpha_E"],
        starts,
        numbers: vec![
            Number::new("alpha_N", Kind::Exponent, "power of parameters"),
            Number::new("alpha_E", Kind::Exponent, "power of env steps"),
            Number::new("N_c", Kind::Scale, "parameters · performance^(beta / alpha_N)"),
            Number::new("E_c", Kind::Scale, "env steps · performance^(beta / alpha_E)"),
            Number::new("beta", Kind::Exponent, "1 / (1 / alpha_N + 1 / alpha_E)"),
            Number::new(
                "a",
                Kind::Exponent,
                "n_opt ~ operations^a, a = 1 / (1 + alpha_N / alpha_E)",
            ),
        ],
        derive: |at: &[f64]| {
            let [n, alpha_n, e, alpha_e] = model.natural(at);
            let beta = 1.0 / (1.0 / alpha_n + 1.0 / alpha_e);
            vec![alpha_n, alpha_e, n.exp(), e.exp(), beta, 1.0 / (1.0 + alpha_n / alpha_e)]
        },
        strata: Strata::whole(data.rows()),
    };
    estimation.fit(&request.bootstrap).ok_or_else(|| data.no_fit())
}
