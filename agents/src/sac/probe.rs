//! What a diagnosis sees of SAC: `½ (Qᵢ(s, a) − y)²` of each sample for a critic, and
//! `α log π(ã|s) − min_i Qᵢ(s, ã)` for the actor, whose entropy is `−log π(ã|s)` of one draw a sample.

use std::rc::Rc;

use candle_core::Tensor;
use sparring_sparse::seed::Rng;

use super::Sac;
use super::choice::{Draws, noise};
use crate::error::AgentError;
use crate::losses::soft;
use crate::network_on_batch::NetworkOnBatch;
use crate::replay::Sample;

impl Sac {
    /// See [`crate::Agent::probes`].
    pub(super) fn of_batch(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        if self.replay.is_empty() {
            return Ok(Vec::new());
        }
        let (batch, act_dim) =
            (size.unwrap_or(self.choice.config.batch_size), self.choice.policy.act_dim);
        let (mut sample, [mut obs, mut next]) = (Sample::default(), [Vec::new(), Vec::new()]);
        self.replay.sample(batch, rng, &mut sample)?;
        let obs = self.choice.input.floats(sample.obs.view(), &mut obs);
        let next = self.choice.input.floats(sample.next.view(), &mut next);
        let actor = self.actor.network();
        let head = actor.deep_clone()?.forward_detached(&actor.input(next.to_vec())?)?;
        let [first, second] = &self.targets;
        let targets = [&first.network().deep_clone()?, &second.network().deep_clone()?];
        let head: Vec<f32> = head.flatten_all()?.to_vec1()?;
        let noises = noise(batch * act_dim, rng);
        let draws = Draws { head: &head, noise: &noises };
        let alpha = self.state.alpha();
        let y = self.choice.target_values(alpha, &sample, next, draws, targets)?;
        let [first, second] = &self.critics;
        let taken = self.choice.critic_input(first.network(), obs, &sample.action, act_dim)?;
        let obs = actor.input(obs.to_vec())?;
        let critics = [first.network().deep_clone()?, second.network().deep_clone()?];
        let noise = Rc::new(noise(batch * act_dim, rng));
        let (of, drawn) = (obs.clone(), noise.clone());
        let loss = move |sample: usize, head: &Tensor| {
            let noise = drawn[sample * act_dim..][..act_dim].to_vec();
            let obs = of.narrow(0, sample, 1)?;
            let [first, second] = &critics;
            let losses = self.choice.actor_losses(alpha, &obs, head, noise, [first, second])?;
            Ok(losses.each.sum_all()?)
        };
        let entropy = move |head: &Tensor| {
            let drawn = self.choice.policy.draw_tensor(head, noise.to_vec())?;
            let log_prob = drawn.narrow(1, act_dim, 1)?.mean_all()?;
            Ok(-f64::from(log_prob.to_scalar::<f32>()?))
        };
        let actor = NetworkOnBatch {
            trainer: &self.actor,
            input: obs,
            loss: Box::new(loss),
            values: None,
            entropy: Some(Box::new(entropy)),
        };
        let critic = |trainer| {
            let y = y.clone();
            let loss = move |sample: usize, q: &Tensor| {
                Ok(soft::critic_of_sample(q, &y.narrow(0, sample, 1)?)?)
            };
            let values = |q: &Tensor| Ok(q.flatten_all()?.to_vec1()?);
            NetworkOnBatch {
                trainer,
                input: taken.clone(),
                loss: Box::new(loss),
                values: Some(("q", Box::new(values))),
                entropy: None,
            }
        };
        Ok(vec![actor, critic(first), critic(second)])
    }
}
