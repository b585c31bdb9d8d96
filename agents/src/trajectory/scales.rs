//! What observations and returns of a data set are scaled by.

use crate::data::Statistics;

/// The least standard deviation that observations are divided by.
const LEAST: f64 = 1e-6;

/// Observations to mean 0 and deviation 1, returns by their size.
#[derive(Clone, Debug, PartialEq)]
pub struct Scales {
    obs_dim: usize,
    /// One for all numbers, or one each.
    shift: Vec<f32>,
    rate: Vec<f32>,
    returns: f32,
}

impl Scales {
    /// Those of `data`, of `obs_dim` numbers an observation.
    pub fn of(obs_dim: usize, data: &Statistics) -> Self {
        let rate = |std: &f64| (1.0 / std.max(LEAST)) as f32;
        let first = |of: &[f64]| of.first().copied().unwrap_or(0.0).abs();
        let returns = first(&data.returns.std).max(first(&data.returns.mean)).max(1.0) as f32;
        Self {
            obs_dim,
            shift: data.observations.mean.iter().map(|x| *x as f32).collect(),
            rate: data.observations.std.iter().map(rate).collect(),
            returns,
        }
    }

    /// Numbers of an observation.
    pub fn obs_dim(&self) -> usize {
        self.obs_dim
    }

    /// `(x − mean) / std`, number by number.
    pub fn observation(&self, obs: &[f32], to: &mut [f32]) {
        let by = self.shift.iter().cycle().zip(self.rate.iter().cycle());
        for ((to, x), (shift, rate)) in to.iter_mut().zip(obs).zip(by) {
            *to = (x - shift) * rate;
        }
    }

    /// A return over the larger of their mean's size and their deviation.
    pub fn to_go(&self, value: f32) -> f32 {
        value / self.returns
    }
}
