//! What observations and returns of a data set are scaled by.

use candle_core::DType;
use sparring_sparse::saved::numbers;
use sparring_sparse::{Saved, SparseError};

use super::statistics::Statistics;
use crate::error::AgentError;

/// The least standard deviation that observations are divided by.
const LEAST: f64 = 1e-6;

/// The largest magnitude of a number of an observation, as of PPO's.
pub const CLIP: f64 = 10.0;

/// Quantiles of the returns that are kept, from the least to the highest.
const QUANTILES: usize = 101;

/// Observations to mean 0 and deviation 1, returns by their size; and which returns there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Scales {
    obs_dim: usize,
    /// One for all numbers, or one each.
    mean: Vec<f64>,
    deviation: Vec<f64>,
    returns: f64,
    /// `(QUANTILES)`, ascending.
    quantiles: Vec<f64>,
}

impl Scales {
    /// Those of no data, of `obs_dim` numbers an observation: all stays as it is.
    pub fn none(obs_dim: usize) -> Self {
        Self {
            obs_dim,
            mean: vec![0.0],
            deviation: vec![1.0],
            returns: 1.0,
            quantiles: vec![0.0; QUANTILES],
        }
    }

    /// Those of `data`, of `obs_dim` numbers an observation, whose episodes have these `returns`, ascending.
    pub fn of(obs_dim: usize, data: &Statistics, returns: &[f64]) -> Self {
        let first = |of: &[f64]| of.first().copied().unwrap_or(0.0).abs();
        let last = returns.len().saturating_sub(1);
        let quantile = |at: usize| {
            let place = (at * last) as f64 / (QUANTILES - 1) as f64;
            returns.get(place.round() as usize).copied().unwrap_or(0.0)
        };
        Self {
            obs_dim,
            mean: data.observations.mean.clone(),
            deviation: data.observations.std.iter().map(|std| std.max(LEAST)).collect(),
            returns: first(&data.returns.std).max(first(&data.returns.mean)).max(1.0),
            quantiles: (0..QUANTILES).map(quantile).collect(),
        }
    }

    /// Numbers of an observation.
    pub fn obs_dim(&self) -> usize {
        self.obs_dim
    }

    /// Of each number of an observation its mean and deviation, `(obs_dim)` each.
    pub fn moments(&self) -> [Vec<f64>; 2] {
        [&self.mean, &self.deviation]
            .map(|of| of.iter().copied().cycle().take(self.obs_dim).collect())
    }

    /// `clip((x − mean) / deviation, ±10)`, number by number.
    pub fn observation(&self, obs: &[f32], to: &mut [f32]) {
        let by = self.mean.iter().cycle().zip(self.deviation.iter().cycle());
        for ((to, x), (mean, deviation)) in to.iter_mut().zip(obs).zip(by) {
            *to = ((f64::from(*x) - mean) / deviation).clamp(-CLIP, CLIP) as f32;
        }
    }

    /// A return over the larger of their mean's size and their deviation.
    pub fn to_go(&self, value: f32) -> f32 {
        value / self.returns as f32
    }

    /// The return that a `share` of the episodes do not exceed: the highest for 1.
    pub fn return_at(&self, share: f64) -> f64 {
        let at = (share.clamp(0.0, 1.0) * (QUANTILES - 1) as f64).round() as usize;
        self.quantiles[at]
    }

    /// Puts them into `saved`: a policy acts by them.
    ///
    /// # Errors
    /// Those of candle.
    pub fn save(&self, saved: &mut Saved) -> Result<(), AgentError> {
        for (name, values) in self.parts() {
            saved.insert(format!("scales/{name}"), numbers(values)?);
        }
        Ok(())
    }

    fn parts(&self) -> [(&'static str, &[f64]); 4] {
        [
            ("mean", &self.mean),
            ("deviation", &self.deviation),
            ("returns", std::slice::from_ref(&self.returns)),
            ("quantiles", &self.quantiles),
        ]
    }

    /// What [`Self::save`] gave, of `obs_dim` numbers an observation.
    ///
    /// # Errors
    /// What is missing or has another size.
    pub fn load(obs_dim: usize, saved: &Saved) -> Result<Self, AgentError> {
        let of = |name: &str, sizes: &[usize]| -> Result<Vec<f64>, AgentError> {
            let tensor = format!("scales/{name}");
            let found = saved.get(&tensor).ok_or(SparseError::NotSaved { tensor })?;
            let values = found.to_dtype(DType::F64)?.to_vec1::<f64>()?;
            match sizes.contains(&values.len()) {
                true => Ok(values),
                false => {
                    let (expected, found) = (sizes[0], values.len());
                    Err(AgentError::Length { what: "saved scales", expected, found })
                }
            }
        };
        Ok(Self {
            obs_dim,
            mean: of("mean", &[obs_dim, 1])?,
            deviation: of("deviation", &[obs_dim, 1])?,
            returns: of("returns", &[1])?[0],
            quantiles: of("quantiles", &[QUANTILES])?,
        })
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::Space;

    use super::*;
    use crate::data::Summing;

    #[test]
    fn they_come_back_and_clip_what_never_varied() {
        let (obs, action) = (Space::uniform(&[2], -9.0, 9.0), Space::Discrete { n: 2 });
        let data = Summing::new(&obs, &action).finish();
        let returns: Vec<f64> = (0..201).map(f64::from).collect();
        let scales = Scales::of(2, &data, &returns);
        assert_eq!([0.0, 0.5, 0.9, 1.0].map(|at| scales.return_at(at)), [0.0, 100.0, 180.0, 200.0]);
        let mut seen = [0.0; 2];
        scales.observation(&[0.0, 5.0], &mut seen);
        assert_eq!(seen, [0.0, 10.0]);
        let mut saved = Saved::new();
        scales.save(&mut saved).unwrap();
        assert_eq!(Scales::load(2, &saved).unwrap(), scales);
        saved.remove("scales/mean");
        assert!(Scales::load(2, &saved).is_err());
        assert_eq!(Scales::none(2).return_at(0.5), 0.0);
    }
}
