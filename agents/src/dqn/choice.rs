//! What never changes about a DQN agent, and the formulas that follow from it.

use candle_core::{D, Tensor};
use sparring_envs::Obs;
use sparring_sparse::Network;

use super::config::{DqnConfig, Prioritized};
use crate::error::AgentError;
use crate::input::Input;
use crate::replay::{Replay, Sample};

/// What never changes.
pub(super) struct Choice {
    pub config: DqnConfig,
    pub input: Input,
    pub num_actions: u32,
}

/// What one gradient step learns from, as tensors.
pub(super) struct Drawn {
    /// `(batch, obs_dim)`.
    pub obs: Tensor,
    /// `(batch, obs_dim)`.
    pub next: Tensor,
    /// `(batch, 1)`.
    pub action: Tensor,
    /// `(batch)`.
    pub reward: Tensor,
    /// `(batch)`.
    pub discount: Tensor,
}

impl Drawn {
    pub fn of(
        sample: &Sample,
        (input, network): (&Input, &Network),
        [obs, next]: &mut [Vec<f32>; 2],
    ) -> Result<Self, AgentError> {
        let action: Vec<u32> = sample.action.iter().map(|index| *index as u32).collect();
        let batch = action.len();
        let device = network.device();
        Ok(Self {
            obs: input.tensor(network, sample.obs.view(), obs)?,
            next: input.tensor(network, sample.next.view(), next)?,
            action: Tensor::from_vec(action, (batch, 1), device)?,
            reward: Tensor::from_slice(&sample.reward, batch, device)?,
            discount: Tensor::from_slice(&sample.discount, batch, device)?,
        })
    }
}

impl Choice {
    /// `(n, outputs) → Q (n, actions)`.
    pub fn q_of(&self, outputs: Tensor) -> candle_core::Result<Tensor> {
        if !self.config.dueling {
            return Ok(outputs);
        }
        let advantages = outputs.narrow(1, 1, outputs.dim(1)? - 1)?;
        let value = outputs.narrow(1, 0, 1)?.broadcast_sub(&advantages.mean_keepdim(1)?)?;
        advantages.broadcast_add(&value)
    }

    /// `obs (n · obs_dim) → Q (n, actions)` by `network`.
    pub fn values(
        &self,
        network: &Network,
        obs: Obs<'_>,
        floats: &mut Vec<f32>,
    ) -> Result<Vec<Vec<f32>>, AgentError> {
        let obs = self.input.tensor(network, obs, floats)?;
        Ok(self.q_of(network.forward_detached(&obs)?)?.to_vec2()?)
    }

    /// `y (batch)` by the online and the target network.
    pub fn target_values(
        &self,
        [online, target]: [&Network; 2],
        next: &Tensor,
        reward: &Tensor,
        discount: &Tensor,
    ) -> Result<Tensor, AgentError> {
        let next_q = self.q_of(target.forward_detached(next)?)?; // (batch, actions)
        let next_value = if self.config.double_q {
            let best = self.q_of(online.forward_detached(next)?)?.argmax_keepdim(D::Minus1)?;
            next_q.gather(&best, 1)?.squeeze(1)?
        } else {
            next_q.max(D::Minus1)?
        };
        Ok((reward + (discount * next_value)?)?)
    }

    /// ε after `env_steps`.
    pub fn epsilon(&self, env_steps: u64) -> f64 {
        match env_steps.checked_sub(self.config.warmup_env_steps) {
            Some(steps) => self.config.epsilon.at(steps),
            None => 1.0,
        }
    }

    /// `w (batch)` of the transitions at `place`: 1 each where they are drawn uniformly.
    pub fn weights(&self, replay: &Replay, place: &[usize]) -> Vec<f32> {
        let held = replay.len() as f64;
        let (Some(prioritized), Some(priorities)) = (self.config.prioritized, replay.priorities())
        else {
            return vec![1.0; place.len()];
        };
        let total = priorities.total();
        let weight =
            |place: &usize| (held * priorities.get(*place) / total).powf(-prioritized.importance);
        let weights: Vec<f64> = place.iter().map(weight).collect();
        let largest = weights.iter().fold(f64::MIN_POSITIVE, |largest, w| largest.max(*w));
        weights.iter().map(|w| (w / largest) as f32).collect()
    }

    /// Priorities by the errors `delta (batch)`.
    pub fn prioritize(&self, replay: &mut Replay, place: &[usize], delta: &[f32]) {
        if let (Some(Prioritized { exponent, .. }), Some(priorities)) =
            (self.config.prioritized, replay.priorities_mut())
        {
            for (place, delta) in place.iter().zip(delta) {
                priorities.set(*place, (f64::from(delta.abs()) + 1e-6).powf(exponent));
            }
        }
    }
}
