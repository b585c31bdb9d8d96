//! What a diagnosis sees of SAC: `½ (Qᵢ(s, a) − y)²` of each sample for a critic, and
//! `α log π(ã|s) − min_i Qᵢ(s, ã)` for the actor, whose entropy is `−log π(ã|s)` of one draw a sample.

use std::rc::Rc;

use rand::RngExt;
use sparring_sparse::Seed;
use sparring_sparse::seed::Rng;
use sparring_sparse::stats::mean;

use super::Sac;
use super::choice::{Choice, Draws, noise};
use crate::error::AgentError;
use crate::losses::soft;
use crate::network_on_batch::{NetworkOnBatch, OfErrors, TdErrors};
use crate::replay::{Replay, Sample};

/// What errors are measured on: what is kept apart, and the seed of what is drawn.
#[derive(Clone, Copy)]
struct Drawn<'a> {
    held_out: &'a Replay,
    seed: u64,
}

impl Sac {
    /// See [`crate::Agent::probes`].
    pub(super) fn of_batch(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        if self.experience.training.is_empty() {
            return Ok(Vec::new());
        }
        let (batch, act_dim) =
            (size.unwrap_or(self.choice.config.batch_size), self.choice.policy.act_dim);
        let (mut sample, [mut obs, mut next]) = (Sample::default(), [Vec::new(), Vec::new()]);
        self.experience.training.sample(batch, rng, &mut sample)?;
        let obs = self.choice.input.floats(sample.obs.view(), &mut obs);
        let next = self.choice.input.floats(sample.next.view(), &mut next);
        let actor = self.networks.actor.network();
        let head = actor.deep_clone()?.outputs(next)?;
        let [first, second] = &self.networks.targets;
        let targets = [&first.network().deep_clone()?, &second.network().deep_clone()?];
        let noises = noise(batch * act_dim, rng);
        let draws = Draws { head: &head, noise: &noises };
        let alpha = self.state.alpha();
        let y = Rc::new(self.choice.target_values(alpha, &sample, next, draws, targets)?);
        let [first, second] = &self.networks.critics;
        let taken = self.choice.critic_input(obs, &sample.action, act_dim);
        let critics = [first.network().deep_clone()?, second.network().deep_clone()?];
        let noise = Rc::new(noise(batch * act_dim, rng));
        let (of, drawn) = (obs.to_vec(), noise.clone());
        let loss_grad = move |sample: usize, head: &[f32]| {
            let row = |all: &'_ [f32], width: usize| all[sample * width..][..width].to_vec();
            let (noise, obs) = (row(&drawn, act_dim), row(&of, self.choice.obs_dim));
            let draws = Draws { head, noise: &noise };
            let [first, second] = &critics;
            Ok(self.choice.actor_loss(alpha, &obs, draws, [first, second])?.head)
        };
        let entropy = move |head: &[f32]| {
            let mut drawn = vec![0.0; batch * (act_dim + 1)];
            self.choice.policy.draw(head, &noise, &mut drawn);
            -mean(drawn.chunks_exact(act_dim + 1).map(|drawn| f64::from(drawn[act_dim])))
        };
        let actor = NetworkOnBatch {
            trainer: &self.networks.actor,
            input: obs.to_vec(),
            loss_grad: Box::new(loss_grad),
            values: None,
            td_errors: None,
            entropy: Some(Box::new(entropy)),
        };
        // Of the same transitions for both.
        let drawn =
            self.experience.held_out().map(|held_out| Drawn { held_out, seed: rng.random() });
        let critic = |i: usize| {
            let y = y.clone();
            let td_errors = drawn.map(|Drawn { held_out, seed }| {
                let measure =
                    move || self.td_errors(i, held_out, batch, &mut Seed::new(seed).rng());
                Box::new(measure) as OfErrors<'_>
            });
            let loss_grad =
                move |sample: usize, q: &[f32]| Ok(soft::critic(q, &y[sample..=sample]).grad);
            let values = |q: &[f32]| q.to_vec();
            NetworkOnBatch {
                trainer: &self.networks.critics[i],
                input: taken.clone(),
                loss_grad: Box::new(loss_grad),
                values: Some(("q", Box::new(values))),
                td_errors,
                entropy: None,
            }
        };
        Ok(vec![actor, critic(0), critic(1)])
    }

    fn td_errors(
        &self,
        critic: usize,
        held_out: &Replay,
        batch: usize,
        rng: &mut Rng,
    ) -> Result<TdErrors, AgentError> {
        let mut of = |replay: &Replay| self.td_error(critic, replay, batch, rng);
        Ok(TdErrors { training: of(&self.experience.training)?, held_out: of(held_out)? })
    }

    /// The mean square of `Qᵢ(s, a) − y` over `batch` transitions of `replay`.
    fn td_error(
        &self,
        critic: usize,
        replay: &Replay,
        batch: usize,
        rng: &mut Rng,
    ) -> Result<f64, AgentError> {
        let Choice { input, policy, .. } = &self.choice;
        let (mut sample, [mut obs, mut next]) = (Sample::default(), [Vec::new(), Vec::new()]);
        replay.sample_uniformly(batch, rng, &mut sample)?;
        let obs = input.floats(sample.obs.view(), &mut obs);
        let next = input.floats(sample.next.view(), &mut next);
        let head = self.networks.actor.network().deep_clone()?.outputs(next)?;
        let noises = noise(batch * policy.act_dim, rng);
        let draws = Draws { head: &head, noise: &noises };
        let [first, second] = &self.networks.targets;
        let targets = [&first.network().deep_clone()?, &second.network().deep_clone()?];
        let y = self.choice.target_values(self.state.alpha(), &sample, next, draws, targets)?;
        let taken = self.choice.critic_input(obs, &sample.action, policy.act_dim);
        let q = self.networks.critics[critic].network().deep_clone()?.outputs(&taken)?;
        Ok(mean(q.iter().zip(&y).map(|(q, y)| f64::from(q - y).powi(2))))
    }
}
