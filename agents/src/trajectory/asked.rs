//! Rows of tokens, and which tokens they are asked for.

use sparring_sparse::{Step, Trainer, Wanted};

use crate::error::AgentError;
use crate::losses::LossGrad;
use crate::losses::cross_entropy::cross_entropy;
use crate::not_finite::{Source, loss_is};

/// What a network reads, and what it shall say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// `(rows, inputs)`.
    pub rows: &'a [f32],
    /// `(rows)`; none of a row that is asked for nothing.
    pub targets: &'a [Option<u32>],
}

impl Asked<'_> {
    /// Ends the gradient step `step` of `trainer` on the cross-entropy of what it gives, which is told; `updates` were before.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    pub fn teach(self, trainer: &mut Trainer, step: Step, updates: u64) -> Result<f32, AgentError> {
        let mut pass = trainer.vjp(self.rows, &step)?;
        let words = pass.output().len() / self.targets.len().max(1);
        let LossGrad { value, grad, samples } = cross_entropy(pass.output(), words, self.targets);
        if !value.is_finite() {
            let source = [Source::Network("the network", trainer.network(), self.rows)];
            let what = format!("the loss of `{}`", trainer.name());
            return Err(loss_is(&what, value, updates, &source));
        }
        pass.tell_losses(&samples);
        let gradients = pass.backward(&grad, Wanted::PARAMS)?;
        drop(pass);
        trainer.finish_step(step, gradients)?;
        Ok(value)
    }
}
