//! What one step of the engine gives.

use serde::{Deserialize, Serialize};

use crate::{End, Obs};

/// One transition of each of several envs, in order of their index; views of the engine's slab. They are
/// all n envs, or the k of [`super::AsyncVectorEnv`], which is n below.
///
/// `next` is always the true successor of `obs` under the action, also at an episode's end; the `obs`
/// of the following batch is then the first of the new episode.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The env of each row, ascending, shape `(n)`. The next step's actions go to these; the very first
    /// ones go to `0..n`.
    pub envs: &'a [usize],
    /// What was acted on, shape `(n, obs_dim)`.
    pub obs: Obs<'a>,
    /// Its true successor, shape `(n, obs_dim)`.
    pub next: Obs<'a>,
    /// The reward, shape `(n)`.
    pub reward: &'a [f64],
    /// The end of the episode, if this step ended it, shape `(n)`. Terminated wins over Truncated.
    pub end: &'a [Option<End>],
    /// The envs that failed in this step, ascending; their rows are no transition. Normally empty.
    pub void: &'a [usize],
    /// The episodes that ended in this step, in order of the env.
    pub finished: &'a [Episode],
}

/// A whole episode.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// The index of its env.
    pub env: usize,
    /// The sum of its rewards, undiscounted.
    pub ret: f64,
    /// Its steps.
    pub len: u32,
    /// How it ended.
    pub end: End,
}
