//! Sums of powers in logarithms: ln ŷ = θ₀ + Σ_j s_j u_j + ς · ln Σ_k exp(c_k − Σ_m e_km z_km).
//!
//! Each term k of the sum has a coefficient c_k and exponents e_km on features z_km, which are logarithms; a term of
//! nothing but 1 may stand beside them. Chinchilla's law, D_J(σ, N), the law of updates and power laws with an offset
//! are such sums. Features are centred and divided by their spread, without which coefficient and exponent of a term
//! are all but one parameter.

use super::objective::{
    Bounds, Curvature, MOST_PARAMETERS, Model, Objective, Prediction, add_products,
};

/// A feature of rows, standardised.
#[derive(Clone, Debug)]
struct Feature {
    mean: f64,
    spread: f64,
    values: Vec<f64>,
}

/// A term of the sum: a coefficient times powers.
#[derive(Clone, Debug)]
struct Term {
    features: Vec<Feature>,
    /// Where its parameters begin: the coefficient, then its exponents.
    first: usize,
}

/// A sum of powers over rows.
#[derive(Clone, Debug)]
pub struct PowerSum {
    rows: usize,
    terms: Vec<Term>,
    parameters: usize,
    /// Row by row what the logarithm of its term changes by with each parameter: 1 with a coefficient, less a standardised
    /// feature with an exponent.
    slopes: Vec<f64>,
    /// Of each term 1 at its own parameters.
    own: [[f64; MOST_PARAMETERS]; MOST_TERMS],
    /// Of each parameter 1 at its own term.
    term: [[f64; MOST_TERMS]; MOST_PARAMETERS],
    /// 1 where two parameters are of one term.
    together: [[f64; MOST_PARAMETERS]; MOST_PARAMETERS],
    limits: Vec<Bounds>,
}

/// A parameter that is no exponent.
const COEFFICIENT: Bounds = Bounds::FREE;

/// The most terms of a sum.
pub const MOST_TERMS: usize = 4;

impl Feature {
    fn of(logs: &[f64]) -> Self {
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let spread = (logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        // What never varies has no exponent that could be told; 1 leaves it to the check of identification.
        let spread = if spread > 1e-12 * (1.0 + mean.abs()) { spread } else { 1.0 };
        Self { mean, spread, values: logs.iter().map(|x| (x - mean) / spread).collect() }
    }
}

impl PowerSum {
    /// Of `terms`, each with its features' logarithms by row and the range of their exponents; one without features
    /// is a constant.
    pub fn new(rows: usize, terms: &[Vec<(&[f64], Bounds)>]) -> Self {
        let mut sum = Self {
            rows,
            terms: Vec::new(),
            parameters: 0,
            slopes: Vec::new(),
            own: [[0.0; MOST_PARAMETERS]; MOST_TERMS],
            term: [[0.0; MOST_TERMS]; MOST_PARAMETERS],
            together: [[0.0; MOST_PARAMETERS]; MOST_PARAMETERS],
            limits: Vec::new(),
        };
        for features in terms {
            let first = sum.parameters;
            sum.parameters += 1 + features.len();
            sum.limits.push(COEFFICIENT);
            let of = |(logs, bounds): &(&[f64], Bounds)| {
                let feature = Feature::of(logs);
                let limit =
                    Bounds { low: bounds.low * feature.spread, high: bounds.high * feature.spread };
                (feature, limit)
            };
            let (features, limits): (Vec<_>, Vec<_>) = features.iter().map(of).unzip();
            sum.limits.extend(limits);
            sum.terms.push(Term { features, first });
        }
        for row in 0..rows {
            for term in &sum.terms {
                sum.slopes.push(1.0);
                sum.slopes.extend(term.features.iter().map(|feature| -feature.values[row]));
            }
        }
        for (own, term) in sum.own.iter_mut().zip(&sum.terms) {
            let places = own.iter_mut().skip(term.first).take(1 + term.features.len());
            places.for_each(|own| *own = 1.0);
            add_products(&mut sum.together, 1.0, own);
        }
        sum.term = std::array::from_fn(|place| sum.own.map(|own| own[place]));
        sum
    }

    fn slopes<const P: usize>(&self, row: usize) -> &[f64; P] {
        self.slopes[row * P..].first_chunk().unwrap_or(&[0.0; P])
    }

    /// The `keep` best of the places that all exponents of `grid` project to, a grid for each exponent.
    pub fn starts(
        &self,
        objective: &Objective<'_, Self>,
        grid: &[&[f64]],
        keep: usize,
    ) -> Vec<Vec<f64>> {
        let ones = vec![1.0; self.rows];
        let mut combined = vec![Vec::new()];
        for values in grid {
            let with = |before: &Vec<f64>| {
                let before = before.clone();
                values.iter().map(move |value| before.iter().copied().chain([*value]).collect())
            };
            combined = combined.iter().flat_map(with).collect();
        }
        let place = |exponents: &Vec<f64>| {
            let at = self.project(exponents, objective.y, &ones)?;
            let cost = objective.cost(&ones, &at);
            cost.is_finite().then_some((cost, at))
        };
        let mut places: Vec<_> = combined.iter().filter_map(place).collect();
        places.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        places.into_iter().take(keep).map(|(_, at)| at).collect()
    }

    /// Of each parameter.
    pub fn bounds(&self) -> &[Bounds] {
        &self.limits
    }

    /// Parameters as the law has them: c_k with features as they are, e_km by unit of the logarithm.
    pub fn natural(&self, at: &[f64]) -> Vec<f64> {
        let mut natural = at.to_vec();
        for term in &self.terms {
            for (place, feature) in term.features.iter().enumerate() {
                let exponent = at[term.first + 1 + place] / feature.spread;
                natural[term.first + 1 + place] = exponent;
                natural[term.first] += exponent * feature.mean;
            }
        }
        natural
    }

    /// Parameters with these `exponents`, term by term, and the coefficients that then fit `y` best in relative
    /// terms: those are linear. None where no positive coefficients do.
    pub fn project(&self, exponents: &[f64], y: &[f64], weights: &[f64]) -> Option<Vec<f64>> {
        let natural = |at: usize, feature: &Feature| exponents[at] * feature.spread;
        let mut scaled = Vec::new();
        for feature in self.terms.iter().flat_map(|term| &term.features) {
            scaled.push(natural(scaled.len(), feature));
        }
        let k = self.terms.len();
        // Normal equations of Σ w (Σ_k C_k p_k / y − 1)².
        let (mut left, mut right) = ([[0.0; MOST_TERMS]; MOST_TERMS], [0.0; MOST_TERMS]);
        for row in (0..self.rows).filter(|row| weights[*row] > 0.0) {
            let (mut powers, mut place) = ([0.0; MOST_TERMS], 0);
            for (power, term) in powers.iter_mut().zip(&self.terms) {
                let mut log = 0.0;
                for feature in &term.features {
                    log -= scaled[place] * feature.values[row];
                    place += 1;
                }
                *power = log.exp() / y[row];
            }
            for i in 0..k {
                right[i] += weights[row] * powers[i];
                for j in 0..k {
                    left[i][j] += weights[row] * powers[i] * powers[j];
                }
            }
        }
        let coefficients = positive(&left, &right, k)?;
        let mut at = vec![0.0; self.parameters];
        let mut place = 0;
        for (term, coefficient) in self.terms.iter().zip(coefficients) {
            at[term.first] = coefficient.ln();
            for offset in 0..term.features.len() {
                at[term.first + 1 + offset] = scaled[place];
                place += 1;
            }
        }
        Some(at)
    }
}

/// The least squares of `k` coefficients, each at least a little above 0: those that would be below are tried at 0, and
/// stand as a ten-thousandth of the least one that counts, for which there is a logarithm.
fn positive(
    left: &[[f64; MOST_TERMS]; MOST_TERMS],
    right: &[f64; MOST_TERMS],
    k: usize,
) -> Option<[f64; MOST_TERMS]> {
    let mut best: Option<(f64, [f64; MOST_TERMS])> = None;
    for chosen in 1_usize..1 << k {
        let places: Vec<usize> = (0..k).filter(|place| chosen >> place & 1 == 1).collect();
        let n = places.len();
        let matrix = nalgebra::DMatrix::from_fn(n, n, |i, j| left[places[i]][places[j]]);
        let vector = nalgebra::DVector::from_fn(n, |i, _| right[places[i]]);
        let Some(cholesky) = matrix.cholesky() else { continue };
        let solved = cholesky.solve(&vector);
        if solved.iter().any(|x| !x.is_finite() || *x <= 0.0) {
            continue;
        }
        let gain = solved.dot(&vector);
        if best.as_ref().is_none_or(|(least, _)| gain > *least) {
            let least = solved.iter().copied().fold(f64::MAX, f64::min);
            let mut all = [1e-4 * least; MOST_TERMS];
            places.iter().zip(solved.iter()).for_each(|(place, x)| all[*place] = *x);
            best = Some((gain, all));
        }
    }
    best.map(|(_, coefficients)| coefficients)
}

/// ∇² = Σ_k p_k g_k g_kᵀ − ∇∇ᵀ, where g_k holds term k's own parameters only: those of others are taken out of the sum over
/// rows at its end.
impl Model for PowerSum {
    fn parameters(&self) -> usize {
        self.parameters
    }

    fn rows(&self) -> usize {
        self.rows
    }

    // Within the loop over rows what rows share stays in registers.
    #[inline(always)]
    fn predict<const P: usize>(&self, row: usize, at: &[f64; P]) -> Prediction<P> {
        let slopes = self.slopes::<P>(row);
        let mut logs = [0.0; MOST_TERMS];
        for place in 0..P {
            let power = at[place] * slopes[place];
            for (log, own) in logs.iter_mut().zip(&self.term[place]) {
                *log += power * own;
            }
        }
        let terms: &mut [f64] = &mut logs[..self.terms.len()];
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // The first term stands for the largest, as whose exponential costs nothing where it is a constant, unless one of
        // them is so much larger that its exponential overflows.
        let top = if largest - terms[0] < 300.0 { terms[0] } else { largest };
        let mut sum = 0.0;
        for log in terms {
            *log = if *log == top { 1.0 } else { (*log - top).exp() };
            sum += *log;
        }
        let share = 1.0 / sum;
        let mut gradient = [0.0; P];
        for (log, own) in logs.iter().zip(&self.own) {
            gradient.iter_mut().zip(own).for_each(|(part, own)| *part += log * own);
        }
        gradient.iter_mut().zip(slopes).for_each(|(part, slope)| *part *= share * slope);
        Prediction { log: top + sum.ln(), gradient }
    }

    #[inline(always)]
    fn bend<const P: usize>(
        &self,
        row: usize,
        _: &[f64; P],
        of: &Prediction<P>,
        factor: f64,
        to: &mut Curvature<P>,
    ) {
        let slopes = self.slopes::<P>(row);
        to.products -= factor;
        for (sums, along) in to.others.iter_mut().zip(of.gradient) {
            let along = factor * along;
            sums.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += along * slope);
        }
    }

    fn finish<const P: usize>(&self, others: &mut [[f64; P]; P]) {
        for (sums, together) in others.iter_mut().zip(&self.together) {
            sums.iter_mut().zip(together).for_each(|(sum, together)| *sum *= together);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::objective::tests::derivatives_are_exact;
    use super::*;

    #[test]
    fn its_derivatives_are_exact() {
        let column = |by: f64| (0..9).map(|row| (by * f64::from(row)).cos()).collect::<Vec<_>>();
        let (a, b, c) = (column(1.0), column(2.5), column(0.7));
        let free = Bounds { low: -9.0, high: 9.0 };
        let term = |of: &[&'static str]| -> Vec<(&[f64], Bounds)> {
            of.iter()
                .map(|name| {
                    (
                        match *name {
                            "a" => &a[..],
                            "b" => &b,
                            _ => &c,
                        },
                        free,
                    )
                })
                .collect()
        };
        for terms in [
            vec![term(&[]), term(&["a"]), term(&["b"])],
            vec![term(&["a", "b"]), term(&["c"]), term(&[])],
            vec![term(&["a"])],
        ] {
            let sum = PowerSum::new(9, &terms);
            let at: Vec<f64> =
                (0..sum.parameters()).map(|place| 0.3 + 0.2 * place as f64).collect();
            derivatives_are_exact(&sum, sum.bounds(), &at);
        }
    }

    #[test]
    fn a_projection_is_exact_where_the_exponents_are() {
        let x: Vec<f64> = (1..20).map(f64::from).collect();
        let logs: Vec<f64> = x.iter().map(|x| x.ln()).collect();
        let y: Vec<f64> = x.iter().map(|x| 0.5 + 2.0 * x.powf(-0.7)).collect();
        let sum = PowerSum::new(19, &[vec![], vec![(&logs, Bounds { low: 0.0, high: 5.0 })]]);
        let natural = sum.natural(&sum.project(&[0.7], &y, &[1.0; 19]).unwrap());
        for (found, truth) in natural.iter().zip([0.5_f64.ln(), 2_f64.ln(), 0.7]) {
            assert!((found - truth).abs() < 1e-9, "{natural:?}");
        }
    }
}
