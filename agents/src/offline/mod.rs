//! Agents that learn from data sets: what the harness drives, and what all of them share but their model.

mod agent;
pub(crate) mod asked;
mod keys;
mod model;
mod state;

use std::sync::Arc;

use sparring_sparse::Saved;

use crate::data::Dataset;
use crate::error::AgentError;
use crate::metric::Metric;

pub use agent::{CAPABILITIES, OfflineAgent};
pub use keys::{Condition, OfflineKeys};
pub use model::{Acting, ActingRow, Model, Taught};

/// An agent that learns from what others have done, by its own clock: gradient steps.
pub trait Offline {
    /// Takes `data` to learn from, before the first step. Its scales are part of the policy.
    fn take(&mut self, data: Arc<Dataset>);

    /// Whether it acts by episodes that it looks up.
    fn recalls(&self) -> bool;

    /// Takes `data` to look up, by the scales of its policy: to act, with other episodes than it learnt from or the same.
    fn recall(&mut self, data: &Arc<Dataset>);

    /// Begins with what a decoder `saved`, before it takes data to learn from.
    ///
    /// # Errors
    /// What does not fit.
    fn retrofit(&mut self, saved: &Saved) -> Result<(), AgentError>;

    /// One gradient step; none without data.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    fn study(&mut self) -> Result<(), AgentError>;

    /// What the policy gives of the episodes that are held out, as metrics below `held_out/`. It changes nothing that a
    /// later step depends on.
    ///
    /// # Errors
    /// Those of the network.
    fn held_out(&mut self) -> Result<Vec<Metric>, AgentError>;

    /// Shares of the episodes for whose returns it is asked at the end of a run, beside its own target.
    fn targets(&self) -> Vec<f64>;

    /// Lets it act for the return that a `share` of the episodes do not exceed, or for its own target.
    fn ask(&mut self, share: Option<f64>);
}
