//! Rows of tokens, and which tokens they are asked for.

use sparring_sparse::{Step, Trainer, Wanted};

use crate::error::AgentError;
use crate::losses::LossGrad;
use crate::losses::cross_entropy::cross_entropy;
use crate::not_finite::{Source, loss_is};
use crate::offline::Taught;

/// What a network reads, and what it shall say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// `(rows, inputs)`.
    pub rows: &'a [f32],
    /// One for each token that the network gives logits of; none of a place that is asked for nothing.
    pub targets: &'a [Option<u32>],
}

impl Asked<'_> {
    /// Ends the gradient step `step` of `trainer` on the cross-entropy of what it gives.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    pub fn teach(self, trainer: &mut Trainer, step: Step) -> Result<Taught, AgentError> {
        teach(trainer, step, self.rows, |y| {
            cross_entropy(y, y.len() / self.targets.len().max(1), self.targets)
        })
    }
}

/// Ends the gradient step `step` of `trainer` on the `loss` of what it gives for `rows (rows, inputs)`.
///
/// # Errors
/// A loss that is no number, and those of the network.
pub(crate) fn teach(
    trainer: &mut Trainer,
    step: Step,
    rows: &[f32],
    loss: impl FnOnce(&[f32]) -> LossGrad,
) -> Result<Taught, AgentError> {
    let mut pass = trainer.vjp(rows, &step)?;
    let LossGrad { value, grad, samples } = loss(pass.output());
    if !value.is_finite() {
        let source = [Source::Network("the network", trainer.network(), rows)];
        let what = format!("the loss of `{}`", trainer.name());
        return Err(loss_is(&what, value, trainer.optimizer().steps(), &source));
    }
    let count = rows.len() / trainer.network().backend().plan().input().size().max(1);
    pass.tell_losses(&by_row(&samples, count));
    let gradients = pass.backward(&grad, Wanted::PARAMS)?;
    drop(pass);
    let norm = trainer.finish_step(step, gradients)?;
    Ok(Taught { loss: value, norm })
}

/// The mean cross-entropy over batches, in nats a token.
#[derive(Debug, Default)]
pub(crate) struct Nats {
    sum: f64,
    tokens: usize,
}

impl Nats {
    /// Takes in what `trainer` gives for `asked`, logits of `words` each.
    ///
    /// # Errors
    /// Those of the network.
    pub fn add(
        &mut self,
        trainer: &Trainer,
        words: usize,
        asked: Asked<'_>,
    ) -> Result<(), AgentError> {
        let y = trainer.network().outputs(asked.rows)?;
        let found = cross_entropy(&y, words, asked.targets);
        self.sum += found.samples.iter().map(|loss| f64::from(*loss)).sum::<f64>();
        self.tokens += asked.targets.iter().flatten().count();
        Ok(())
    }

    /// What it has come to; 0 of none.
    pub fn mean(&self) -> f64 {
        self.sum / self.tokens.max(1) as f64
    }
}

/// The mean of the losses of each row, of which each has as many.
fn by_row(samples: &[f32], rows: usize) -> Vec<f32> {
    let each = samples.len() / rows.max(1);
    samples.chunks(each.max(1)).map(|all| all.iter().sum::<f32>() / all.len() as f32).collect()
}
