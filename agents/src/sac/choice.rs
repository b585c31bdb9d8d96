//! What never changes about a SAC agent, and the formulas that follow from it.

use std::iter::repeat_n;

use candle_core::Tensor;
use rand_distr::{Distribution as _, StandardNormal};
use sparring_sparse::Network;
use sparring_sparse::seed::Rng;

use super::config::SacConfig;
use crate::action_box::ActionBox;
use crate::error::AgentError;
use crate::input::Input;
use crate::losses::soft;
use crate::replay::Sample;
use crate::tanh_normal::TanhNormal;

/// What never changes.
pub(super) struct Choice {
    pub config: SacConfig,
    pub input: Input,
    pub obs_dim: usize,
    /// How often a critic sees each number of an action.
    pub action_copies: usize,
    pub policy: TanhNormal,
    pub bounds: ActionBox,
}

impl Choice {
    /// `obs (n · obs_dim) → (n, 2 · act_dim)` by the `actor`, leaving no graph.
    pub fn head(&self, actor: &Network, obs: &[f32]) -> Result<Vec<f32>, AgentError> {
        let obs = actor.input(obs.to_vec())?;
        Ok(actor.forward_detached(&obs)?.flatten_all()?.to_vec1()?)
    }

    /// What the `critic` reads, `(n, obs_dim + act_dim · copies)`, of `obs (n, obs_dim)` and of `actions`, one at
    /// the beginning of each `stride` numbers.
    pub fn critic_input(
        &self,
        critic: &Network,
        obs: &[f32],
        actions: &[f32],
        stride: usize,
    ) -> Result<Tensor, AgentError> {
        let (act_dim, copies) = (self.policy.act_dim, self.action_copies);
        let width = self.obs_dim + act_dim * copies;
        let mut both = Vec::with_capacity(obs.len() / self.obs_dim * width);
        for (obs, action) in obs.chunks_exact(self.obs_dim).zip(actions.chunks_exact(stride)) {
            both.extend_from_slice(obs);
            both.extend(action[..act_dim].iter().flat_map(|a| repeat_n(*a, copies)));
        }
        Ok(critic.input(both)?)
    }

    /// `y (batch, 1)` from the actor's `head (batch, 2 · act_dim)` and `ε` for the successors
    /// `next (batch, obs_dim)` of `sample`, at the temperature `alpha`.
    pub fn target_values(
        &self,
        alpha: f64,
        sample: &Sample,
        next: &[f32],
        drawn: Draws<'_>,
        targets: [&Network; 2],
    ) -> Result<Tensor, AgentError> {
        let (batch, act_dim) = (sample.reward.len(), self.policy.act_dim);
        let mut actions = vec![0.0; batch * (act_dim + 1)];
        self.policy.draw(drawn.head, drawn.noise, &mut actions);
        let next = self.critic_input(targets[0], next, &actions, act_dim + 1)?;
        let value = |target: &Network| -> Result<Vec<f32>, AgentError> {
            Ok(target.forward_detached(&next)?.flatten_all()?.to_vec1()?)
        };
        let values = [value(targets[0])?, value(targets[1])?];
        let (scale, alpha) = (self.config.reward_scale as f32, alpha as f32);
        let y = (0..batch).map(|i| {
            let log_prob = actions[i * (act_dim + 1) + act_dim];
            let soft = values[0][i].min(values[1][i]) - alpha * log_prob;
            scale * sample.reward[i] + sample.discount[i] * soft
        });
        Ok(Tensor::from_vec(y.collect(), (batch, 1), targets[0].device())?)
    }

    /// `α log π(ã|s) − min_i Qᵢ(s, ã)` and `log π(ã|s)`, `(batch, 1)` each, of the actor's
    /// `head (batch, 2 · act_dim)`.
    pub fn actor_losses(
        &self,
        alpha: f64,
        obs: &Tensor,
        head: &Tensor,
        noise: Vec<f32>,
        critics: [&Network; 2],
    ) -> Result<ActorLosses, AgentError> {
        let act_dim = self.policy.act_dim;
        let drawn = self.policy.draw_tensor(head, noise)?;
        let log_prob = drawn.narrow(1, act_dim, 1)?;
        let mut action = drawn.narrow(1, 0, act_dim)?;
        if self.action_copies > 1 {
            let (n, copies) = (obs.dim(0)?, self.action_copies);
            let planes = action.unsqueeze(2)?.broadcast_as((n, act_dim, copies))?;
            action = planes.reshape((n, act_dim * copies))?;
        }
        let done = Tensor::cat(&[obs, &action], 1)?;
        let q = [critics[0].forward_frozen(&done)?, critics[1].forward_frozen(&done)?];
        Ok(ActorLosses { each: soft::actor(alpha, &log_prob, [&q[0], &q[1]])?, log_prob })
    }

    /// Of the present policy, `ε` of `n` actions.
    pub fn noise(&self, n: usize, rng: &mut Rng) -> Vec<f32> {
        noise(n * self.policy.act_dim, rng)
    }
}

/// A policy's head `(n, 2 · act_dim)` and the `ε (n, act_dim)` by which actions are drawn from it.
#[derive(Clone, Copy)]
pub(super) struct Draws<'a> {
    pub head: &'a [f32],
    pub noise: &'a [f32],
}

/// The actor's losses and the log-probabilities of what was drawn for them, `(batch, 1)` each.
pub(super) struct ActorLosses {
    pub each: Tensor,
    pub log_prob: Tensor,
}

/// `n` draws of `ε`.
pub(super) fn noise(n: usize, rng: &mut Rng) -> Vec<f32> {
    (0..n).map(|_| StandardNormal.sample(rng)).collect()
}
