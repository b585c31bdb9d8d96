//! What a replay memory is made for.

use serde::{Deserialize, Serialize};
use sparring_envs::{Dtype, EnvSpec};

use super::frames::FrameConfig;

/// What a replay memory holds, and of what environments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayConfig {
    /// Transitions.
    pub capacity: usize,
    /// Rewards in a return before it bootstraps.
    pub n_step: usize,
    /// `γ`.
    pub discount: f64,
    /// Whether transitions are drawn by priorities.
    pub prioritized: bool,
    /// Environments that fill it.
    pub num_envs: usize,
    /// What the numbers of an observation are.
    pub dtype: Dtype,
    /// Numbers of an observation.
    pub obs_dim: usize,
    /// Frames that an observation stacks.
    pub frames: usize,
    /// Numbers of an action; 1 for a discrete one.
    pub act_dim: usize,
}

impl ReplayConfig {
    /// One-step returns of `num_envs` of `spec`, drawn uniformly.
    pub fn new(spec: &EnvSpec, num_envs: usize, capacity: usize, discount: f64) -> Self {
        Self {
            capacity,
            n_step: 1,
            discount,
            prioritized: false,
            num_envs,
            dtype: spec.obs.dtype(),
            obs_dim: spec.obs.dim(),
            frames: spec.frames,
            act_dim: spec.action.dim(),
        }
    }

    /// The frames of u8 observations.
    pub(super) fn frame_config(&self) -> FrameConfig {
        let Self { capacity, n_step, num_envs, obs_dim, frames, .. } = *self;
        FrameConfig { capacity, n_step, num_envs, obs_dim, frames }
    }

    /// Numbers that wait with an action for their rewards; of frames only the place waits.
    pub(super) fn waiting(&self) -> usize {
        match self.dtype {
            Dtype::F32 => self.obs_dim + self.act_dim,
            Dtype::U8 => self.act_dim,
        }
    }
}
