//! A network over plain numbers, without candle's graph: how agents train.

use std::sync::Arc;

use candle_core::Tensor;

use crate::backend::{Forward, Gradients, Tape, Wanted};
use crate::error::SparseError;
use crate::executed::{Counter, Executed};

/// A forward pass and its way back: a vector-Jacobian product.
///
/// A loss over it is a function that gives its value and `∂L/∂y`; [`Self::backward`] has the rest.
pub struct Vjp {
    output: Vec<f32>,
    tape: Box<dyn Tape>,
    params: Tensor,
    counter: Arc<Counter>,
}

impl Vjp {
    /// The pass that gave `forward` by `params`.
    pub(crate) fn new(forward: Forward, params: Tensor, counter: Arc<Counter>) -> Self {
        let Forward { output, tape } = forward;
        Self { output, tape, params, counter }
    }

    /// `y (batch · out)`.
    pub fn output(&self) -> &[f32] {
        &self.output
    }

    /// `y (batch · out)`, which ends the pass.
    pub fn into_output(self) -> Vec<f32> {
        self.output
    }

    /// Lets routers that learn by the loss of each sample ([`crate::routing::reinforce`]) know `losses (batch)`, before
    /// [`Self::backward`].
    pub fn tell_losses(&mut self, losses: &[f32]) {
        self.tape.tell_losses(losses);
    }

    /// What each layer hands on, after its activation and the joins behind it: `(batch, features)` each; of a layer of
    /// a block of experts `(rows that it read, features)`.
    ///
    /// # Errors
    /// None that a pass can have.
    pub fn activations(&self) -> Result<Vec<Vec<f32>>, SparseError> {
        Ok(self.tape.activations()?)
    }

    /// The gradients of a loss whose gradient in `y` is `dy (batch · out)`.
    ///
    /// # Errors
    /// A gradient of another size.
    pub fn backward(&mut self, dy: &[f32], wanted: Wanted) -> Result<Gradients, SparseError> {
        let (expected, found) = (self.output.len(), dy.len());
        if expected != found {
            return Err(SparseError::Length { what: "gradients of outputs", expected, found });
        }
        let gradients = self.tape.backward(&self.params, dy, wanted)?;
        self.counter.add(Executed { forward: 0, backward: gradients.flops });
        Ok(gradients)
    }
}
