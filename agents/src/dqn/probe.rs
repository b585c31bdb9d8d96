//! What a diagnosis sees of DQN: the loss `ℓ(Q(s, a) − y)` of each sample, without the importance weights
//! of prioritised replay, as the paper's `td_loss`.

use candle_core::Tensor;
use sparring_sparse::seed::Rng;

use super::{Dqn, Drawn};
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
        let Drawn { obs, next, action, reward, discount } =
            Drawn::of(&sample, (&self.choice.input, self.q.network()), &mut Default::default())?;
        let (online, target) =
            (self.q.network().deep_clone()?, self.target.network().deep_clone()?);
        let y = self.choice.target_values([&online, &target], &next, &reward, &discount)?;

        let chosen = action.clone();
        let loss = move |sample, output: &Tensor| {
            let q = self.choice.q_of(output.clone())?.gather(&action.narrow(0, sample, 1)?, 1)?;
            let delta = (q.squeeze(1)? - y.narrow(0, sample, 1)?)?;
            Ok(self.choice.config.loss.each(&delta)?.sum_all()?)
        };
        let values = move |outputs: &Tensor| {
            let q = self.choice.q_of(outputs.clone())?.gather(&chosen, 1)?;
            Ok(q.flatten_all()?.to_vec1()?)
        };
        Ok(vec![NetworkOnBatch {
            trainer: &self.q,
            input: obs,
            loss: Box::new(loss),
            values: Some(("q", Box::new(values))),
            entropy: None,
        }])
    }
}
