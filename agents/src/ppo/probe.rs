//! What a diagnosis sees of PPO: the losses of [`surrogate`](mod@crate::losses::surrogate) for single rows of the
//! rollout that it has just learnt from, by the networks after that. While a rollout is being filled
//! there is none.

use std::rc::Rc;

use candle_core::Tensor;
use rand::seq::SliceRandom;
use sparring_sparse::seed::Rng;

use super::{Minibatch, Ppo, pick};
use crate::error::AgentError;
use crate::losses::loss_with_grad;
use crate::losses::surrogate::Decisions;
use crate::network_on_batch::NetworkOnBatch;

impl Ppo {
    /// See [`crate::Agent::probes`]; a rollout of fewer rows than `size` gives all it has.
    pub(super) fn of_batch(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        let Some(taught) = &self.state.advantages else { return Ok(Vec::new()) };
        let mut chosen = self.state.rollout.transitions();
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        chosen.shuffle(rng);
        chosen.truncate(size.unwrap_or(self.choice.config.minibatch_size));
        let obs = pick(&self.state.rollout.obs, self.choice.obs_dim, &chosen);
        let input = self.actor.network().input(obs)?;
        let batch = Rc::new(self.choice.minibatch(&self.state.rollout, taught, &chosen));

        let all = batch.clone();
        let entropy = move |head: &Tensor| {
            let Minibatch { action, log_prob, advantage, .. } = &*all;
            let decisions = Decisions { action, log_prob, advantage };
            let std_param = self.state.std_param.values();
            Ok(self.choice.surrogate(&values(head)?, std_param, decisions).entropy)
        };
        let (one, act_dim) = (batch.clone(), self.choice.policy.act_dim());
        let loss = move |sample: usize, head: &Tensor| {
            let decisions = Decisions {
                action: &one.action[sample * act_dim..][..act_dim],
                log_prob: &one.log_prob[sample..=sample],
                advantage: &one.advantage[sample..=sample],
            };
            let found =
                self.choice.surrogate(&values(head)?, self.state.std_param.values(), decisions);
            Ok(loss_with_grad(head, found.loss, found.head)?)
        };
        let actor = NetworkOnBatch {
            trainer: &self.actor,
            input: input.clone(),
            loss: Box::new(loss),
            values: None,
            entropy: Some(Box::new(entropy)),
        };
        let loss = move |sample: usize, value: &Tensor| {
            let (old, ret) = (&batch.value[sample..=sample], &batch.ret[sample..=sample]);
            let (loss, gradient) = self.choice.value_loss(&values(value)?, old, ret);
            Ok(loss_with_grad(value, loss, gradient)?)
        };
        let critic = NetworkOnBatch {
            trainer: &self.critic,
            input,
            loss: Box::new(loss),
            values: Some(("v", Box::new(values))),
            entropy: None,
        };
        Ok(vec![actor, critic])
    }
}

fn values(outputs: &Tensor) -> Result<Vec<f32>, AgentError> {
    Ok(outputs.flatten_all()?.to_vec1()?)
}
