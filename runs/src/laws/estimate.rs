//! From an objective to a law's numbers: the minimum, what the rows do not tell, and the intervals.

use crate::statistics::Bootstrap;

use super::descent::Minimum;
use super::fit::{Constant, Fit, Measured, Number};
use super::objective::{Bounds, Model, Objective};
use super::resamples::{Resamples, Strata};

/// How a law is fitted by descent.
pub struct Estimation<'a, M, D> {
    /// What is minimised.
    pub objective: Objective<'a, M>,
    /// The names of the model's parameters.
    pub parameters: &'a [&'a str],
    /// Where descents begin.
    pub starts: Vec<Vec<f64>>,
    /// What the law is told by.
    pub numbers: Vec<Number>,
    /// The numbers at parameters of the model.
    pub derive: D,
    /// Which rows are drawn among each other.
    pub strata: Strata,
}

/// The root mean square by which ln ŷ changes with a unit of a parameter, below which rows do not tell it.
const BLIND: f64 = 1e-6;

impl<M: Model, D: Fn(&[f64]) -> Vec<f64> + Sync> Estimation<'_, M, D> {
    /// The fit, with intervals by `bootstrap`; none where no start leads anywhere.
    pub fn fit(self, bootstrap: &Bootstrap) -> Option<Fit> {
        let objective = &self.objective;
        let rows = objective.model.rows();
        let ones = vec![1.0; rows];
        let minimum = objective.minimise(&ones, &self.starts)?;
        let values = (self.derive)(&minimum.at);
        let bounds = |at: &[f64]| {
            let held = |(x, bounds): (&f64, &Bounds)| f64::from(u8::from(bounds.holds_back(*x)));
            at.iter().zip(objective.bounds).map(held).collect::<Vec<_>>()
        };
        let count = values.len() + minimum.at.len();
        let start = [minimum.at.clone()];
        let resamples =
            Resamples::draw(bootstrap, &self.strata, minimum.at.len(), count, |weights| {
                let found = objective.minimise(weights, &start).filter(|found| found.converged)?;
                Some((self.derive)(&found.at).into_iter().chain(bounds(&found.at)).collect())
            });
        let blind = self.blind(&minimum, &values);
        let mut notes = Vec::new();
        if !minimum.converged {
            notes.push(
                "the optimiser did not converge: none of these numbers is a minimum".to_owned(),
            );
        }
        for (place, name) in self.parameters.iter().enumerate() {
            if bounds(&minimum.at)[place] > 0.0 {
                notes.push(format!("{name} sits on a bound of its range"));
            } else {
                let hits: f64 = resamples.column(values.len() + place).iter().sum();
                if hits > 0.0 {
                    let drawn = resamples.usable();
                    notes.push(format!(
                        "{name} sits on a bound of its range in {hits} of {drawn} resamples"
                    ));
                }
            }
        }
        let named = self.numbers.into_iter().zip(&values).zip(blind).enumerate();
        let constants: Vec<Constant> = named
            .map(|(place, ((number, value), blind))| {
                let mut constant = Constant::new(number, *value, &resamples, place);
                if blind {
                    constant.notes = vec!["not identified: rows do not tell it".to_owned()];
                }
                constant
            })
            .collect();
        let mut fit = Fit {
            constants,
            loss: objective.told(minimum.cost),
            measures: vec![Measured::new("RMS of ln ŷ − ln y", objective.deviation(&minimum.at))],
            rows,
            drawn: resamples.drawn,
            usable: resamples.usable(),
            converged: minimum.converged,
            notes,
        };
        fit.tell_failures();
        Some(fit)
    }

    /// Which of the numbers change along directions that leave every prediction where it is.
    fn blind(&self, minimum: &Minimum, values: &[f64]) -> Vec<bool> {
        let information = self.objective.information(&minimum.at);
        let n = minimum.at.len();
        let matrix = nalgebra::DMatrix::from_row_slice(n, n, &information);
        let eigen = matrix.symmetric_eigen();
        let mut blind = vec![false; values.len()];
        for (place, value) in eigen.eigenvalues.iter().enumerate() {
            if *value > BLIND * BLIND {
                continue;
            }
            let direction = eigen.eigenvectors.column(place);
            let moved: Vec<f64> =
                minimum.at.iter().zip(&direction).map(|(x, by)| x + 1e-3 * by).collect();
            for (blind, (before, after)) in
                blind.iter_mut().zip(values.iter().zip((self.derive)(&moved)))
            {
                *blind |= (after - before).abs() > 1e-6 * (before.abs() + f64::MIN_POSITIVE);
            }
        }
        blind
    }
}
