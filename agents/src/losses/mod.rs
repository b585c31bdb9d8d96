//! The losses of the agents, one file each, and how a loss is written.
//!
//! A loss is a function of what a network gives, `y`, and of numbers that carry no gradient. It is written
//! in one of two ways:
//!
//! - **in candle's ops**, from which candle has the gradient: [`td`] of DQN, [`soft`] of SAC. This is the rule;
//! - **by hand**, as a function that gives `(L, ∂L/∂y)` and stands beside its formula, tested against central
//!   differences, and becomes a node of candle's graph by [`loss_with_grad`]: [`surrogate`] of PPO. It is for
//!   losses of many small ops, whose allocations cost more than the networks where batches are small, and
//!   for those whose gradient is needed outside of any network.
//!
//! Targets carry no gradient: they are plain loops over slices, or candle's ops on detached tensors.

pub mod soft;
pub mod surrogate;
pub mod td;
mod with_grad;

pub use with_grad::loss_with_grad;
