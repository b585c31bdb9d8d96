//! Running moments of observations and of discounted returns, by which PPO scales what it sees.
//!
//! Observations become `clip((x − mean) / √(var + 10⁻⁸), ±10)`, value by value; rewards
//! `clip(r / √(var(R) + 10⁻⁸), ±10)`, where `R ← γ R + r` runs along each episode: their sign and the
//! place of 0 stay. Moments are those of everything seen so far in training (Welford's updates, in
//! f64); evaluation reads them and changes nothing.

use serde::{Deserialize, Serialize};
use sparring_envs::{Batch, Row};
use sparring_sparse::saved::numbers;
use sparring_sparse::stats::Welford;
use sparring_sparse::{Saved, SparseError};

use crate::error::AgentError;
use crate::policy_view::Scale;

/// Under the root, so that what never varies stays small.
const EPSILON: f64 = 1e-8;
/// What is scaled is cut off here as TF-Agents' PPO cuts it, which Graesser et al. 2022 train with.
const CLIP: f64 = 10.0;

/// The variance by which number `i` is scaled: 1 where fewer than two rows were seen.
fn variance(moments: &Welford, i: usize) -> f64 {
    if moments.count < 2.0 { 1.0 } else { moments.variance(i) }
}

/// Puts `<name>/count (1)`, `<name>/mean (dim)` and `<name>/squares (dim)`, in f64, into `saved`.
pub fn save(moments: &Welford, name: &str, saved: &mut Saved) -> Result<(), AgentError> {
    saved.insert(format!("{name}/count"), numbers(&[moments.count])?);
    saved.insert(format!("{name}/mean"), numbers(&moments.mean)?);
    saved.insert(format!("{name}/squares"), numbers(&moments.squares)?);
    Ok(())
}

/// Takes back what [`save`] gave; on an error they stay as they were.
pub fn load(moments: &mut Welford, name: &str, saved: &Saved) -> Result<(), AgentError> {
    let of = |what: &str, expected: usize| -> Result<Vec<f64>, AgentError> {
        let tensor = format!("{name}/{what}");
        let Some(found) = saved.get(&tensor) else {
            return Err(SparseError::NotSaved { tensor }.into());
        };
        let values = found.to_vec1::<f64>()?;
        match values.len() == expected {
            true => Ok(values),
            false => {
                Err(AgentError::Length { what: "saved moments", expected, found: values.len() })
            }
        }
    };
    let dim = moments.dim();
    let (count, mean, squares) = (of("count", 1)?, of("mean", dim)?, of("squares", dim)?);
    *moments = Welford { count: count[0], mean, squares };
    Ok(())
}

fn alike(one: Option<&Welford>, other: Option<&Welford>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_like(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Scales observations of `dim` numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationScale {
    dim: usize,
    /// None where observations are left as they are.
    moments: Option<Welford>,
}

impl ObservationScale {
    /// One that has seen nothing, or that never scales.
    pub fn new(dim: usize, scales: bool) -> Self {
        Self { dim, moments: scales.then(|| Welford::new(dim)) }
    }

    /// Whether `other` scales the same numbers, or nothing as well.
    pub fn is_like(&self, other: &Self) -> bool {
        self.dim == other.dim && alike(self.moments(), other.moments())
    }

    /// What it scales by; none where it never scales.
    pub fn moments(&self) -> Option<&Welford> {
        self.moments.as_ref()
    }

    /// The same, to be replaced.
    pub fn moments_mut(&mut self) -> Option<&mut Welford> {
        self.moments.as_mut()
    }

    /// What [`Self::scale`] does now; none where it never scales.
    pub fn frozen(&self) -> Option<Scale> {
        let moments = self.moments.as_ref()?;
        let deviation = |i| (variance(moments, i) + EPSILON).sqrt();
        Some(Scale {
            mean: moments.mean.clone(),
            deviation: (0..self.dim).map(deviation).collect(),
            clip: CLIP,
        })
    }

    /// Takes `obs (n, dim)` in.
    pub fn see(&mut self, obs: &[f32]) {
        if let Some(moments) = &mut self.moments {
            obs.chunks_exact(self.dim)
                .for_each(|row| moments.add(row.iter().map(|x| f64::from(*x))));
        }
    }

    /// `obs (n, dim)` by the moments as they are, appended to `scaled`.
    pub fn scale(&self, obs: &[f32], scaled: &mut Vec<f32>) {
        let Some(moments) = &self.moments else { return scaled.extend_from_slice(obs) };
        for row in obs.chunks_exact(self.dim) {
            scaled.extend(row.iter().enumerate().map(|(i, x)| {
                let deviation = (variance(moments, i) + EPSILON).sqrt();
                ((f64::from(*x) - moments.mean[i]) / deviation).clamp(-CLIP, CLIP) as f32
            }));
        }
    }
}

/// Scales rewards by the spread of discounted returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardScale {
    discount: f64,
    returns: Vec<f64>,
    /// None where rewards are left as they are.
    moments: Option<Welford>,
}

impl RewardScale {
    /// One that has seen nothing, or that never scales.
    pub fn new(discount: f64, num_envs: usize, scales: bool) -> Self {
        let moments = scales.then(|| Welford::new(1));
        Self { discount, returns: vec![0.0; num_envs], moments }
    }

    /// Whether `other` scales those of as many environments in the same way.
    pub fn is_like(&self, other: &Self) -> bool {
        self.discount == other.discount
            && self.returns.len() == other.returns.len()
            && alike(self.moments(), other.moments())
    }

    /// What it scales by; none where it never scales.
    pub fn moments(&self) -> Option<&Welford> {
        self.moments.as_ref()
    }

    /// The same, to be replaced.
    pub fn moments_mut(&mut self) -> Option<&mut Welford> {
        self.moments.as_mut()
    }

    /// Takes the rewards of `batch` in and gives them scaled, `(n)`; void rows give 0.
    pub fn scale(&mut self, batch: &Batch<'_>, scaled: &mut Vec<f32>) {
        scaled.clear();
        let Some(moments) = &mut self.moments else {
            return scaled.extend(batch.reward.iter().map(|reward| *reward as f32));
        };
        for step in batch.rows() {
            let ret = &mut self.returns[step.env];
            *ret = self.discount * *ret + step.reward;
            moments.add([*ret].into_iter());
        }
        for (env, row) in batch.envs.iter().zip(batch.row) {
            if *row != Row::Step {
                self.returns[*env] = 0.0;
            }
        }
        let deviation = (variance(moments, 0) + EPSILON).sqrt();
        scaled.resize(batch.reward.len(), 0.0);
        for step in batch.rows() {
            scaled[step.row] = (step.reward / deviation).clamp(-CLIP, CLIP) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::{End, Obs};

    use super::*;

    const NONE: Obs<'static> = Obs::F32(&[]);

    #[test]
    fn observations_are_scaled_and_cut_off() {
        let mut scale = ObservationScale::new(2, true);
        scale.see(&[0.0, 5.0, 2.0, 5.0]);
        let mut scaled = Vec::new();
        // Means 1 and 5, variances 1 and 0.
        scale.scale(&[1.0, 5.0, 3.0, 6.0, -99.0, 5.0], &mut scaled);
        let expected = [0.0, 0.0, 2.0, 10.0, -10.0, 0.0];
        assert!(scaled.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{scaled:?}");
        let before = scale.clone();
        scale.scale(&[7.0, 7.0], &mut scaled);
        assert_eq!(scale, before, "scaling takes nothing in");
    }

    #[test]
    fn what_does_not_scale_hands_on() {
        let mut scale = ObservationScale::new(2, false);
        scale.see(&[9.0, 9.0]);
        let mut scaled = Vec::new();
        scale.scale(&[100.0, -3.0], &mut scaled);
        assert_eq!(scaled, [100.0, -3.0]);
    }

    /// By hand with γ = ½: returns 2, then 2 + 1 = 3 with the end, then 4 from a fresh start. The
    /// variance after three is that of (2, 3, 4).
    #[test]
    fn rewards_are_scaled_by_the_spread_of_returns_that_end_with_their_episode() {
        let mut scale = RewardScale::new(0.5, 1, true);
        let (rows, mut scaled) = ([Row::Step, Row::End(End::Truncated), Row::Step], Vec::new());
        for (reward, row) in [2.0, 2.0, 4.0].into_iter().zip(rows) {
            let (reward, row) = ([reward], [row]);
            let batch = Batch {
                envs: &[0],
                obs: NONE,
                next: NONE,
                reward: &reward,
                row: &row,
                finished: &[],
            };
            scale.scale(&batch, &mut scaled);
        }
        let deviation = (2.0f64 / 3.0).sqrt();
        assert!((f64::from(scaled[0]) - 4.0 / deviation).abs() < 1e-6, "{scaled:?}");
    }

    #[test]
    fn a_void_row_is_not_seen() {
        let mut scale = RewardScale::new(0.5, 2, true);
        let mut scaled = Vec::new();
        for _ in 0..3 {
            let batch = Batch {
                envs: &[0, 1],
                obs: NONE,
                next: NONE,
                reward: &[1.0, f64::NAN],
                row: &[Row::Step, Row::Void],
                finished: &[],
            };
            scale.scale(&batch, &mut scaled);
            assert!(scaled[0].is_finite() && scaled[1] == 0.0);
        }
    }
}
