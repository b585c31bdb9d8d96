//! What a diagnosis sees of DQN: the loss `ℓ(Q(s, a) − y)` of each sample, without the importance weights
//! of prioritised replay, as the paper's `td_loss`.

use std::rc::Rc;

use sparring_sparse::seed::Rng;

use super::Dqn;
use crate::error::AgentError;
use crate::network_on_batch::NetworkOnBatch;
use crate::replay::Sample;

impl Dqn {
    /// See [`crate::Agent::probes`].
    pub(super) fn of_batch(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        if self.replay.is_empty() {
            return Ok(Vec::new());
        }
        let batch = size.unwrap_or(self.choice.config.batch_size);
        let mut sample = Sample::default();
        self.replay.sample(batch, rng, &mut sample)?;
        let [mut obs, mut next] = [Vec::new(), Vec::new()];
        let obs = self.choice.input.floats(sample.obs.view(), &mut obs).to_vec();
        let next = self.choice.input.floats(sample.next.view(), &mut next);
        let (online, target) =
            (self.q.network().deep_clone()?, self.target.network().deep_clone()?);
        let y = self.choice.target_values([&online, &target], next, &sample)?;

        let action = Rc::new(sample.action);
        let taken = action.clone();
        let loss_grad = move |sample: usize, output: &[f32]| {
            let (choice, action) = (&self.choice, &taken[sample..=sample]);
            let delta = choice.taken(output, action)[0] - y[sample];
            Ok(choice.taken_grad(&[choice.config.loss.slope(delta)], action))
        };
        let values = move |outputs: &[f32]| self.choice.taken(outputs, &action);
        Ok(vec![NetworkOnBatch {
            trainer: &self.q,
            input: obs,
            loss_grad: Box::new(loss_grad),
            values: Some(("q", Box::new(values))),
            entropy: None,
        }])
    }
}
