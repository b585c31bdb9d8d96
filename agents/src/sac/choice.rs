//! What never changes about a SAC agent, and the formulas that follow from it.

use std::iter::repeat_n;

use rand_distr::{Distribution as _, StandardNormal};
use sparring_sparse::seed::Rng;
use sparring_sparse::stats::mean;
use sparring_sparse::{Ctx, Network, Wanted};

use super::config::SacConfig;
use crate::action_box::ActionBox;
use crate::error::AgentError;
use crate::input::Input;
use crate::losses::soft;
use crate::replay::Sample;
use crate::tanh_normal::{Drawn, TanhNormal};

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
    /// What a critic reads, `(n, obs_dim + act_dim · copies)`, of `obs (n, obs_dim)` and of `actions`, one at the
    /// beginning of each `stride` numbers.
    pub fn critic_input(&self, obs: &[f32], actions: &[f32], stride: usize) -> Vec<f32> {
        let (act_dim, copies) = (self.policy.act_dim, self.action_copies);
        let width = self.obs_dim + act_dim * copies;
        let mut both = Vec::with_capacity(obs.len() / self.obs_dim * width);
        for (obs, action) in obs.chunks_exact(self.obs_dim).zip(actions.chunks_exact(stride)) {
            both.extend_from_slice(obs);
            both.extend(action[..act_dim].iter().flat_map(|a| repeat_n(*a, copies)));
        }
        both
    }

    /// `∂L/∂a (n, act_dim)` from `∂L/∂x (n, obs_dim + act_dim · copies)` of what both critics read.
    fn by_action(&self, by_input: [&[f32]; 2]) -> Vec<f32> {
        let copies = self.action_copies;
        let width = self.obs_dim + self.policy.act_dim * copies;
        let rows = by_input[0].chunks_exact(width).zip(by_input[1].chunks_exact(width));
        let mut actions = Vec::with_capacity(by_input[0].len() / width * self.policy.act_dim);
        for (first, second) in rows {
            let pairs = first[self.obs_dim..]
                .chunks_exact(copies)
                .zip(second[self.obs_dim..].chunks_exact(copies));
            actions.extend(
                pairs.map(|(first, second)| {
                    first.iter().zip(second).map(|(a, b)| a + b).sum::<f32>()
                }),
            );
        }
        actions
    }

    /// `y (batch)` from the actor's `head (batch, 2 · act_dim)` and `ε` for the successors
    /// `next (batch, obs_dim)` of `sample`, at the temperature `alpha`.
    pub fn target_values(
        &self,
        alpha: f64,
        sample: &Sample,
        next: &[f32],
        draws: Draws<'_>,
        targets: [&Network; 2],
    ) -> Result<Vec<f32>, AgentError> {
        let (batch, act_dim) = (sample.reward.len(), self.policy.act_dim);
        let mut actions = vec![0.0; batch * (act_dim + 1)];
        self.policy.draw(draws.head, draws.noise, &mut actions);
        let next = self.critic_input(next, &actions, act_dim + 1);
        let values = [targets[0].outputs(&next)?, targets[1].outputs(&next)?];
        let (scale, alpha) = (self.config.reward_scale as f32, alpha as f32);
        let y = (0..batch).map(|i| {
            let log_prob = actions[i * (act_dim + 1) + act_dim];
            let soft = values[0][i].min(values[1][i]) - alpha * log_prob;
            scale * sample.reward[i] + sample.discount[i] * soft
        });
        Ok(y.collect())
    }

    /// The actor's loss over `obs (batch, obs_dim)` and how it changes with its `head (batch, 2 · act_dim)`, for
    /// what is drawn from it.
    pub fn actor_loss(
        &self,
        alpha: f64,
        obs: &[f32],
        draws: Draws<'_>,
        critics: [&Network; 2],
    ) -> Result<ActorLoss, AgentError> {
        let Draws { head, noise } = draws;
        let act_dim = self.policy.act_dim;
        let mut out = vec![0.0; noise.len() / act_dim * (act_dim + 1)];
        self.policy.draw(head, noise, &mut out);
        let done = self.critic_input(obs, &out, act_dim + 1);
        let mut q = [
            critics[0].vjp(&done, &mut Ctx::default())?,
            critics[1].vjp(&done, &mut Ctx::default())?,
        ];
        let log_prob = out.chunks_exact(act_dim + 1).map(|drawn| drawn[act_dim]);
        let soft::ActorLoss { value, by_log_prob, by_q, samples } =
            soft::actor(alpha, log_prob.clone(), [q[0].output(), q[1].output()]);
        let [first, second] = &mut q;
        let by_input = [
            first.backward(&by_q[0], Wanted::INPUT)?.input,
            second.backward(&by_q[1], Wanted::INPUT)?.input,
        ];
        let by_action = self.by_action([&by_input[0], &by_input[1]]);
        let log_prob = mean(log_prob.map(f64::from));
        let drawn = Drawn { head, noise, out: &out };
        let head = self.policy.draw_grad(drawn, &by_action, by_log_prob);
        Ok(ActorLoss { value, log_prob, head, samples })
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

/// The actor's loss, how it changes with the head, and what is logged of it.
pub(super) struct ActorLoss {
    /// `L`.
    pub value: f32,
    /// `mean log π(ã|s)`.
    pub log_prob: f64,
    /// `∂L/∂head (batch, 2 · act_dim)`.
    pub head: Vec<f32>,
    /// Of each sample, what the loss is the mean of.
    pub samples: Vec<f32>,
}

/// `n` draws of `ε`.
pub(super) fn noise(n: usize, rng: &mut Rng) -> Vec<f32> {
    (0..n).map(|_| StandardNormal.sample(rng)).collect()
}
