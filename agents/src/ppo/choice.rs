//! What never changes about a PPO agent, and the formulas that follow from it.

use sparring_sparse::stats::mean_and_variance;

use super::config::PpoConfig;
use super::state::Advantages;
use crate::error::AgentError;
use crate::gae::{Gae, Steps};
use crate::input::Input;
use crate::losses::LossGrad;
use crate::losses::surrogate::{ActorOutput, Decisions, Surrogate, surrogate, value_loss};
use crate::policy::Policy;
use crate::rollout::Rollout;

/// What never changes.
pub(super) struct Choice {
    pub config: PpoConfig,
    pub input: Input,
    pub obs_dim: usize,
    pub num_envs: usize,
    pub policy: Policy,
}

/// Some rows of a rollout: observations `(m, obs_dim)`, actions `(m, act_dim)`, all else `(m)`.
pub(super) struct Minibatch {
    pub obs: Vec<f32>,
    pub action: Vec<f32>,
    pub log_prob: Vec<f32>,
    pub advantage: Vec<f32>,
    pub value: Vec<f32>,
    pub ret: Vec<f32>,
}

impl Choice {
    /// What `rollout` teaches by the `values (n)` that the critic gives observations `(n, obs_dim)`.
    pub fn advantages(
        &self,
        mut values: impl FnMut(&[f32]) -> Result<Vec<f32>, AgentError>,
        rollout: &Rollout,
    ) -> Result<Advantages, AgentError> {
        let Rollout { obs, kept, reward, row, .. } = rollout;
        let value = values(obs)?;
        let kept = match kept.is_empty() {
            true => Vec::new(),
            false => values(kept)?,
        };
        let next_value = &rollout.next_values(&value, &kept);
        let PpoConfig { discount, gae_lambda: lambda, bootstrap_truncated, .. } = self.config;
        let gae = Gae { discount, lambda, bootstrap_truncated };
        let num_envs = self.num_envs;
        let advantage = gae.advantages(Steps { num_envs, reward, row, value: &value, next_value });
        let ret = advantage.iter().zip(&value).map(|(a, v)| a + v).collect();
        Ok(Advantages { value, advantage, ret })
    }

    /// The `rows` of `rollout` and of what it taught, as a gradient step sees them.
    pub fn minibatch(&self, rollout: &Rollout, taught: &Advantages, rows: &[usize]) -> Minibatch {
        let mut advantage = pick(&taught.advantage, 1, rows);
        // One row has no spread: it would be normalised to 0 and teach nothing.
        if self.config.normalize_advantages && rows.len() > 1 {
            normalize(&mut advantage);
        }
        Minibatch {
            obs: pick(&rollout.obs, self.obs_dim, rows),
            action: pick(&rollout.action, self.policy.act_dim(), rows),
            log_prob: pick(&rollout.log_prob, 1, rows),
            advantage,
            value: pick(&taught.value, 1, rows),
            ret: pick(&taught.ret, 1, rows),
        }
    }

    /// The actor's loss at `head (n, width)` and `std_param`.
    pub fn surrogate(
        &self,
        head: &[f32],
        std_param: &[f64],
        decisions: Decisions<'_>,
    ) -> Surrogate {
        let (clip, entropy_coef) = (self.config.clip as f32, self.config.entropy_coef as f32);
        surrogate(&self.policy, ActorOutput { head, std_param }, decisions, clip, entropy_coef)
    }

    /// The critic's loss and its gradient at `value (n)`.
    pub fn value_loss(&self, value: &[f32], old: &[f32], ret: &[f32]) -> LossGrad {
        let (clip, coef) = (self.config.value_clip, self.config.value_coef);
        value_loss(value, old, ret, clip.map(|clip| clip as f32), coef as f32)
    }
}

/// The `rows` of `from (n, width)`.
fn pick(from: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter().flat_map(|row| &from[row * width..][..width]).copied().collect()
}

/// Mean 0 and deviation 1.
pub(super) fn normalize(values: &mut [f32]) {
    let (mean, variance) = mean_and_variance(values.iter().map(|x| f64::from(*x)));
    let deviation = variance.sqrt() + 1e-8;
    values.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) / deviation) as f32);
}
