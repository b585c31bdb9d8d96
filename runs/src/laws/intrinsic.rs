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
use super::objective::{
    Bounds, Curvature, Loss, Model, Objective, Prediction, Residuals, add_products,
};
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

/// s, and its first and second derivative by each parameter.
struct Scale {
    value: f64,
    first: [f64; 4],
    second: [f64; 4],
}

impl Frontier {
    fn scale(&self, at: &[f64]) -> Scale {
        let [n, e] = self.spreads;
        let (a, b) = (at[1], at[3]);
        Scale {
            value: -(n / a + e / b),
            first: [0.0, n / (a * a), 0.0, e / (b * b)],
            second: [0.0, -2.0 * n / (a * a * a), 0.0, -2.0 * e / (b * b * b)],
        }
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

    fn predict<const P: usize>(&self, row: usize, at: &[f64; P]) -> Prediction<P> {
        let scale = self.scale(at);
        let sum = self.sum.predict(row, at);
        let gradient = std::array::from_fn(|place| {
            scale.value * sum.gradient[place] + sum.log * scale.first[place]
        });
        Prediction { log: scale.value * sum.log, gradient }
    }

    fn bend<const P: usize>(
        &self,
        row: usize,
        at: &[f64; P],
        _: &Prediction<P>,
        factor: f64,
        to: &mut Curvature<P>,
    ) {
        let scale = self.scale(at);
        let sum = self.sum.predict(row, at);
        let mut of_sum = Curvature { products: 0.0, others: [[0.0; P]; P] };
        self.sum.bend(row, at, &sum, factor * scale.value, &mut of_sum);
        self.sum.finish(&mut of_sum.others);
        add_products(&mut of_sum.others, of_sum.products, &sum.gradient);
        for i in 0..P {
            to.others[i][i] += factor * sum.log * scale.second[i];
            for j in 0..P {
                let mixed = scale.first[i] * sum.gradient[j] + sum.gradient[i] * scale.first[j];
                to.others[i][j] += of_sum.others[i][j] + factor * mixed;
            }
        }
    }
}

/// I at N and E by the constants of a fit; none where it lacks one.
pub fn predict(fit: &Fit, n: f64, e: f64) -> Option<f64> {
    let of_size = (fit.value("N_c")? / n).powf(fit.value("alpha_N")?);
    let of_steps = (fit.value("E_c")? / e).powf(fit.value("alpha_E")?);
    Some((of_size + of_steps).powf(-1.0 / fit.value("beta")?))
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

#[cfg(test)]
mod tests {
    use super::super::objective::tests::derivatives_are_exact;
    use super::*;

    #[test]
    fn its_derivatives_are_exact() {
        let column = |by: f64| (0..9).map(|row| (by * f64::from(row)).sin()).collect::<Vec<_>>();
        let (n, e) = (column(1.0), column(2.5));
        let sum = PowerSum::new(9, &[vec![(&n, EXPONENTS)], vec![(&e, EXPONENTS)]]);
        let model = Frontier { spreads: [0.7, 1.2], sum: sum.clone() };
        derivatives_are_exact(&model, sum.bounds(), &[-0.4, 0.6, -0.5, 0.9]);
    }
}
