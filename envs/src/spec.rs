//! The row of an env in the registry.

use crate::{Env, Space};

/// A versioned env: everything that is known before one is made.
#[derive(Debug, Clone)]
pub struct EnvSpec {
    /// Name and version, for example `CartPole-v1`; new behaviour takes a new version.
    pub id: &'static str,
    /// The space of observations.
    pub obs: Space,
    /// The space of actions.
    pub action: Space,
    /// The time limit in steps, which the vector engine keeps; None: no limit.
    pub max_episode_steps: Option<u32>,
    /// The return at which the task counts as solved, if Gymnasium names one.
    pub reward_threshold: Option<f64>,
    /// Makes one; it needs a reset with a seed before its first step.
    pub make: fn() -> Box<dyn Env>,
    /// What the task is, in one line.
    pub about: &'static str,
}
