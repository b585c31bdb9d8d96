//! What an agent lays open of one network.

use sparring_sparse::Trainer;

use crate::error::AgentError;

/// Something that is read off a network's outputs `(batch · out)`.
pub type OfOutput<'a, T> = Box<dyn Fn(&[f32]) -> T + 'a>;

/// Of one sample's loss the gradient in the network's output for it, `(out) → (out)`.
pub type OfSample<'a> = Box<dyn Fn(usize, &[f32]) -> Result<Vec<f32>, AgentError> + 'a>;

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
    /// Of an actor, the mean entropy of its policy.
    pub entropy: Option<OfOutput<'a, f64>>,
}
