//! What a fit minimises: a law's residuals on rows, and the derivatives of their cost.
//!
//! The objective is the weighted mean over rows of ρ(r) with r = ln ŷ − ln y, or (ŷ − y) / ȳ where residuals are
//! plain, and ρ half the square or Huber's. Gradients and Hessians are exact.

use super::fit::Measured;

/// A law as a function of its parameters, in natural logarithms. It has P of them wherever it is asked.
pub trait Model: Sync {
    /// How many parameters it has, at most [`MOST_PARAMETERS`].
    fn parameters(&self) -> usize;
    /// How many rows it predicts.
    fn rows(&self) -> usize;
    /// ln ŷ of a row at `at`.
    fn predict<const P: usize>(&self, row: usize, at: &[f64; P]) -> Prediction<P>;
    /// Adds `factor` times the Hessian of ln ŷ to `to`.
    fn bend<const P: usize>(
        &self,
        row: usize,
        at: &[f64; P],
        of: &Prediction<P>,
        factor: f64,
        to: &mut Curvature<P>,
    );
    /// What is left to do to the sum of what [`Self::bend`] added of all rows.
    fn finish<const P: usize>(&self, _: &mut [[f64; P]; P]) {}
}

/// The Hessian of an objective, row by row.
#[derive(Clone, Debug)]
pub struct Curvature<const P: usize> {
    /// What the row at hand counts of its gradient's products with itself.
    pub products: f64,
    /// All that are no such products, of all rows, of which the lower triangle counts.
    pub others: [[f64; P]; P],
}

/// ln ŷ of a row, and its gradient.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<const P: usize> {
    /// ln ŷ.
    pub log: f64,
    /// By each parameter.
    pub gradient: [f64; P],
}

/// The most parameters of a model.
pub const MOST_PARAMETERS: usize = 6;

/// Calls `$method` for as many parameters as `$model` has: loops whose length is known are several times as fast. A model
/// of more is answered with `$none`.
macro_rules! sized {
    ($model:expr, $none:expr, $of:ident . $method:ident ( $($argument:expr),* )) => {
        match $model.parameters() {
            1 => $of.$method::<1>($($argument),*),
            2 => $of.$method::<2>($($argument),*),
            3 => $of.$method::<3>($($argument),*),
            4 => $of.$method::<4>($($argument),*),
            5 => $of.$method::<5>($($argument),*),
            6 => $of.$method::<6>($($argument),*),
            0 | 7.. => $none,
        }
    };
}

/// What a residual is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residuals {
    /// ln ŷ − ln y.
    Log,
    /// (ŷ − y) / ȳ.
    Plain,
}

/// What a residual costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// r² / 2.
    Squares,
    /// r² / 2 up to |r| = δ, δ (|r| − δ / 2) beyond.
    Huber(f64),
}

/// Where a parameter may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
}

/// What is minimised.
#[derive(Clone, Debug)]
pub struct Objective<'a, M> {
    /// The law.
    pub model: &'a M,
    /// y of each row.
    pub y: &'a [f64],
    /// ln y of each row.
    logs: Vec<f64>,
    /// What a residual is.
    pub residuals: Residuals,
    /// What it costs.
    loss: Loss,
    /// Of each parameter.
    pub bounds: &'a [Bounds],
}

impl Bounds {
    /// All that does not overflow an exponential.
    pub const FREE: Self = Self { low: -300.0, high: 300.0 };

    /// The value within that is nearest to `x`.
    pub fn nearest(self, x: f64) -> f64 {
        x.clamp(self.low, self.high)
    }

    /// Whether `x` is at an end.
    pub fn holds_back(self, x: f64) -> bool {
        let near = 1e-9 * (self.high - self.low);
        x <= self.low + near || x >= self.high - near
    }
}

impl Loss {
    /// ρ, ρ′ and ρ″.
    fn of(self, r: f64) -> [f64; 3] {
        match self {
            Self::Huber(delta) if r.abs() > delta => {
                [delta * (r.abs() - 0.5 * delta), delta.copysign(r), 0.0]
            }
            Self::Squares | Self::Huber(_) => [0.5 * r * r, r, 1.0],
        }
    }
}

impl<'a, M: Model> Objective<'a, M> {
    /// Of rows of `y` that `model` predicts with parameters within `bounds`.
    pub fn new(
        model: &'a M,
        y: &'a [f64],
        residuals: Residuals,
        loss: Loss,
        bounds: &'a [Bounds],
    ) -> Self {
        Self { model, y, logs: y.iter().map(|y| y.ln()).collect(), residuals, loss, bounds }
    }

    /// What is minimised, as papers tell it: mean squares, and sums of Huber's losses.
    pub fn told(&self, cost: f64) -> Measured {
        let of = match self.residuals {
            Residuals::Log => "ln ŷ − ln y",
            Residuals::Plain => "(ŷ − y) / mean y",
        };
        match self.loss {
            Loss::Squares => Measured::new(&format!("mean square of {of}"), 2.0 * cost),
            Loss::Huber(_) => {
                Measured::new(&format!("sum of Huber's losses of {of}"), cost * self.y.len() as f64)
            }
        }
    }

    /// ln ŷ of every row at `at`; none of a model of too many parameters.
    pub fn predictions(&self, at: &[f64]) -> Vec<f64> {
        sized!(self.model, Vec::new(), self.predict_all(at))
    }

    fn predict_all<const P: usize>(&self, at: &[f64]) -> Vec<f64> {
        let Some(at) = at.first_chunk::<P>() else { return Vec::new() };
        (0..self.model.rows()).map(|row| self.model.predict(row, at).log).collect()
    }

    /// The root mean square of ln ŷ − ln y.
    pub fn deviation(&self, at: &[f64]) -> f64 {
        let predictions = self.predictions(at);
        let squares = predictions.iter().zip(&self.logs).map(|(log, own)| (log - own).powi(2));
        (squares.sum::<f64>() / self.logs.len() as f64).sqrt()
    }

    /// The objective at `at`.
    pub fn cost(&self, weights: &[f64], at: &[f64]) -> f64 {
        let mut derivatives = Derivatives::of(self.model.parameters());
        self.derive(weights, at, &mut derivatives);
        derivatives.cost
    }

    /// The mean over rows of the products of ln ŷ's slopes: singular where rows do not tell parameters apart.
    pub fn information(&self, at: &[f64]) -> Vec<f64> {
        sized!(self.model, Vec::new(), self.information_of(at))
    }

    fn information_of<const P: usize>(&self, at: &[f64]) -> Vec<f64> {
        let Some(at) = at.first_chunk::<P>() else { return Vec::new() };
        let mut sums = [[0.0; P]; P];
        let rows = self.model.rows();
        for row in 0..rows {
            let gradient = self.model.predict(row, at).gradient;
            add_products(&mut sums, 1.0 / rows as f64, &gradient);
        }
        sums.concat()
    }

    /// `at` with each parameter within its bounds.
    pub fn within(&self, at: &[f64]) -> Vec<f64> {
        at.iter().zip(self.bounds).map(|(x, bounds)| bounds.nearest(*x)).collect()
    }

    /// The objective at `at` with its derivatives, which along a parameter beyond its bounds are none.
    pub fn derive(&self, weights: &[f64], at: &[f64], to: &mut Derivatives) {
        to.cost = f64::NAN;
        sized!(self.model, (), self.derive_of(weights, at, to));
    }

    fn derive_of<const P: usize>(&self, weights: &[f64], at: &[f64], to: &mut Derivatives) {
        let inside = self.within(at);
        let Some(within) = inside.first_chunk::<P>() else { return };
        let scale = match self.residuals {
            Residuals::Log => 1.0,
            Residuals::Plain => self.y.len() as f64 / self.y.iter().sum::<f64>(),
        };
        let (mut cost, mut gradient, mut hessian) = (0.0, [0.0; P], [[0.0; P]; P]);
        let mut curves = Curvature { products: 0.0, others: [[0.0; P]; P] };
        let mut total = 0.0;
        for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let of = self.model.predict(row, within);
            // r, and its first and second derivative by ln ŷ.
            let (r, first, second) = match self.residuals {
                Residuals::Log => (of.log - self.logs[row], 1.0, 0.0),
                Residuals::Plain => {
                    let y = of.log.exp() * scale;
                    (y - self.y[row] * scale, y, y)
                }
            };
            let [rho, slope, curvature] = self.loss.of(r);
            total += weight;
            cost += weight * rho;
            let outer = weight * (curvature * first * first + slope * second);
            let slope = weight * slope * first;
            for (sum, by) in gradient.iter_mut().zip(&of.gradient) {
                *sum += slope * by;
            }
            curves.products = outer;
            self.model.bend(row, within, &of, slope, &mut curves);
            add_products(&mut hessian, curves.products, &of.gradient);
        }
        self.model.finish(&mut curves.others);
        to.cost = cost / total;
        let free: [bool; P] = std::array::from_fn(|place| at[place] == within[place]);
        for place in 0..P {
            to.gradient[place] = if free[place] { gradient[place] / total } else { 0.0 };
        }
        for (row, (products, others)) in hessian.iter().zip(&curves.others).enumerate() {
            for (column, (product, other)) in products.iter().zip(others).take(row + 1).enumerate()
            {
                let told = free[row] && free[column];
                let mean = if told { (product + other) / total } else { 0.0 };
                to.hessian[row * P + column] = mean;
                to.hessian[column * P + row] = mean;
            }
        }
        to.at.clear();
        to.at.extend_from_slice(at);
    }
}

/// Adds `factor` times the product of a gradient with itself.
#[inline]
pub fn add_products<const P: usize>(to: &mut [[f64; P]; P], factor: f64, gradient: &[f64; P]) {
    for (sums, a) in to.iter_mut().zip(gradient) {
        let a = factor * a;
        for (sum, b) in sums.iter_mut().zip(gradient) {
            *sum += a * b;
        }
    }
}

/// An objective's value and derivatives at a place.
#[derive(Clone, Debug)]
pub struct Derivatives {
    /// The place.
    pub at: Vec<f64>,
    /// The objective there.
    pub cost: f64,
    /// By each parameter.
    pub gradient: Vec<f64>,
    /// Row by row.
    pub hessian: Vec<f64>,
}

impl Derivatives {
    /// Room for those of `n` parameters.
    pub fn of(n: usize) -> Self {
        Self { at: Vec::new(), cost: 0.0, gradient: vec![0.0; n], hessian: vec![0.0; n * n] }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Holds a model's gradients and Hessians against differences of its values and gradients at `at`.
    pub fn derivatives_are_exact<M: Model>(model: &M, bounds: &[Bounds], at: &[f64]) {
        let y: Vec<f64> = (0..model.rows()).map(|row| 1.5 + (row as f64).sin()).collect();
        let ones: Vec<f64> = (0..model.rows()).map(|row| (row % 3) as f64).collect();
        for residuals in [Residuals::Log, Residuals::Plain] {
            for loss in [Loss::Squares, Loss::Huber(0.3)] {
                let objective = Objective::new(model, &y, residuals, loss, bounds);
                let derive = |at: &[f64]| {
                    let mut to = Derivatives::of(at.len());
                    objective.derive(&ones, at, &mut to);
                    to
                };
                let here = derive(at);
                for place in 0..at.len() {
                    let moved = |by: f64| {
                        let mut at = at.to_vec();
                        at[place] += by;
                        derive(&at)
                    };
                    let (below, above) = (moved(-1e-5), moved(1e-5));
                    let slope = (above.cost - below.cost) / 2e-5;
                    let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * (1.0 + a.abs());
                    assert!(near(here.gradient[place], slope), "{place}: {slope} {here:?}");
                    for other in 0..at.len() {
                        let bend = (above.gradient[other] - below.gradient[other]) / 2e-5;
                        let own = here.hessian[place * at.len() + other];
                        assert!(near(own, bend), "{place} {other}: {bend} {here:?}");
                    }
                }
            }
        }
    }
}
