//! What a diagnosis sees of DQN: the loss `ℓ(Q(s, a) − y)` of each sample, without the importance weights
//! of prioritised replay, as the paper's `td_loss`.

use std::rc::Rc;

use rand::RngExt;
use sparring_sparse::Seed;
use sparring_sparse::seed::Rng;
use sparring_sparse::stats::mean;

use super::Dqn;
use crate::error::AgentError;
use crate::network_on_batch::{NetworkOnBatch, OfErrors, TdErrors};
use crate::replay::{Replay, Sample};

impl Dqn {
    /// See [`crate::Agent::probes`].
    pub(super) fn of_batch(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        if self.experience.training.is_empty() {
            return Ok(Vec::new());
        }
        let batch = size.unwrap_or(self.choice.config.batch_size);
        let mut sample = Sample::default();
        self.experience.training.sample(batch, rng, &mut sample)?;
        let [mut obs, mut next] = [Vec::new(), Vec::new()];
        let obs = self.choice.input.floats(sample.obs.view(), &mut obs).to_vec();
        let next = self.choice.input.floats(sample.next.view(), &mut next);
        let (online, target) =
            (self.q.network().deep_clone()?, self.target.network().deep_clone()?);
        let y = self.choice.target_values([&online, &target], next, &sample)?;

        let td_errors = self.experience.held_out().map(|held_out| {
            let seed = rng.random();
            let measure = move || self.td_errors(held_out, batch, &mut Seed::new(seed).rng());
            Box::new(measure) as OfErrors<'_>
        });
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
            td_errors,
            entropy: None,
        }])
    }

    fn td_errors(
        &self,
        held_out: &Replay,
        batch: usize,
        rng: &mut Rng,
    ) -> Result<TdErrors, AgentError> {
        let mut of = |replay: &Replay| self.td_error(replay, batch, rng);
        Ok(TdErrors { training: of(&self.experience.training)?, held_out: of(held_out)? })
    }

    /// The mean square of `Q(s, a) − y` over `batch` transitions of `replay`.
    fn td_error(&self, replay: &Replay, batch: usize, rng: &mut Rng) -> Result<f64, AgentError> {
        let (mut sample, [mut obs, mut next]) = (Sample::default(), [Vec::new(), Vec::new()]);
        replay.sample_uniformly(batch, rng, &mut sample)?;
        let obs = self.choice.input.floats(sample.obs.view(), &mut obs);
        let next = self.choice.input.floats(sample.next.view(), &mut next);
        let (online, target) =
            (self.q.network().deep_clone()?, self.target.network().deep_clone()?);
        let y = self.choice.target_values([&online, &target], next, &sample)?;
        let q = self.choice.taken(&online.outputs(obs)?, &sample.action);
        Ok(mean(q.iter().zip(&y).map(|(q, y)| f64::from(q - y).powi(2))))
    }
}
