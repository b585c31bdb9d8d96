//! The losses of the agents, one file each, and how a loss is written.
//!
//! A loss is a function of what a network gives, `y`, and of numbers that carry no gradient. It gives its value and
//! `∂L/∂y`, worked out by hand beside its formula and tested against central differences;
//! [`Vjp::backward`](sparring_sparse::Vjp::backward) has the rest. candle's graph of small ops would cost more than
//! the networks where these are small. A user's own loss may be written in candle's ops all the same:
//! [`Trainer::forward`](sparring_sparse::Trainer::forward) is differentiable there.

pub mod cross_entropy;
pub mod soft;
pub mod surrogate;
pub mod td;

/// A loss and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct LossGrad {
    /// `L`.
    pub value: f32,
    /// `∂L/∂y`, as `y` stands.
    pub grad: Vec<f32>,
    /// Of each sample, what `L` is the mean of: what routers of experts may learn by.
    pub samples: Vec<f32>,
}
