//! What a diagnosis sees of PPO: the losses of [`surrogate`](mod@crate::losses::surrogate) for single rows of the
//! rollout that it has just learnt from, by the networks after that. While a rollout is being filled
//! there is none.

use std::rc::Rc;

use rand::seq::SliceRandom;
use sparring_sparse::seed::Rng;

use super::Ppo;
use super::choice::Minibatch;
use crate::error::AgentError;
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
        let batch = Rc::new(self.choice.minibatch(&self.state.rollout, taught, &chosen));

        let all = batch.clone();
        let entropy = move |head: &[f32]| {
            let Minibatch { action, log_prob, advantage, .. } = &*all;
            let decisions = Decisions { action, log_prob, advantage };
            let std_param = self.state.std_param.values();
            self.choice.surrogate(head, std_param, decisions).entropy
        };
        let (one, act_dim) = (batch.clone(), self.choice.policy.act_dim());
        let loss_grad = move |sample: usize, head: &[f32]| {
            let decisions = Decisions {
                action: &one.action[sample * act_dim..][..act_dim],
                log_prob: &one.log_prob[sample..=sample],
                advantage: &one.advantage[sample..=sample],
            };
            Ok(self.choice.surrogate(head, self.state.std_param.values(), decisions).head)
        };
        let actor = NetworkOnBatch {
            trainer: &self.actor,
            input: batch.obs.clone(),
            loss_grad: Box::new(loss_grad),
            values: None,
            td_errors: None,
            entropy: Some(Box::new(entropy)),
        };
        let input = batch.obs.clone();
        let loss_grad = move |sample: usize, value: &[f32]| {
            let (old, ret) = (&batch.value[sample..=sample], &batch.ret[sample..=sample]);
            Ok(self.choice.value_loss(value, old, ret).grad)
        };
        let critic = NetworkOnBatch {
            trainer: &self.critic,
            input,
            loss_grad: Box::new(loss_grad),
            values: Some(("v", Box::new(|value: &[f32]| value.to_vec()))),
            td_errors: None,
            entropy: None,
        };
        Ok(vec![actor, critic])
    }
}
