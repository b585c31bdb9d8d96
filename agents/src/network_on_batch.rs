//! What an agent lays open of one network.

use candle_core::Tensor;
use sparring_sparse::Trainer;

use crate::error::AgentError;

/// Something that is read off a network's outputs `(batch, out)`.
pub type OfOutput<'a, T> = Box<dyn Fn(&Tensor) -> Result<T, AgentError> + 'a>;

/// The loss of one sample, `()`, from the network's output for it, `(1, out)`.
pub type OfSample<'a> = Box<dyn Fn(usize, &Tensor) -> Result<Tensor, AgentError> + 'a>;

/// One network on a batch as it would train on it.
pub struct NetworkOnBatch<'a> {
    /// The network.
    pub trainer: &'a Trainer,
    /// What it reads, `(batch, in)`.
    pub input: Tensor,
    /// The loss of which training takes the mean over a batch.
    pub loss: OfSample<'a>,
    /// Of a critic, the values `(batch)`, and what they are called: `q` or `v`.
    pub values: Option<(&'static str, OfOutput<'a, Vec<f32>>)>,
    /// Of an actor, the mean entropy of its policy.
    pub entropy: Option<OfOutput<'a, f64>>,
}
