//! What an agent lays open of one network.

use sparring_sparse::Trainer;

use crate::error::AgentError;

/// Something that is read off a network's outputs `(batch · out)`.
pub type OfOutput<'a, T> = Box<dyn Fn(&[f32]) -> T + 'a>;

/// Of one sample's loss the gradient in the network's output for it, `(out) → (out)`.
pub type OfSample<'a> = Box<dyn Fn(usize, &[f32]) -> Result<Vec<f32>, AgentError> + 'a>;

/// The mean squares of a critic's errors `Q(s, a) − y`, each of a batch of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TdErrors {
    /// Of transitions that it is trained on, drawn uniformly.
    pub training: f64,
    /// Of transitions that are kept apart.
    pub held_out: f64,
}

/// What measures them.
pub type OfErrors<'a> = Box<dyn Fn() -> Result<TdErrors, AgentError> + 'a>;

/// One network on a batch as it would train on it.
pub struct NetworkOnBatch<'a> {
    /// The network.
    pub trainer: &'a Trainer,
    /// What it reads, `(batch · in)`.
    pub input: Vec<f32>,
    /// The gradients of the losses of which training takes the mean over a batch.
    pub loss_grad: OfSample<'a>,
    /// Of a critic, the values `(batch)`, and what they are called: `q` or `v`.
    pub values: Option<(&'static str, OfOutput<'a, Vec<f32>>)>,
    /// Of a critic, its errors, where some episodes are kept apart.
    pub td_errors: Option<OfErrors<'a>>,
    /// Of an actor, the mean entropy of its policy.
    pub entropy: Option<OfOutput<'a, f64>>,
}
