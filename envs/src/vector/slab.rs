//! The memory that envs write into: one array per quantity, one row per env, allocated once.

use super::{Actions, Batch, Episode};
use crate::{Dtype, End, ObsBuf, ObsMut};

/// The arrays of the engine, row-major by env.
#[derive(Debug)]
pub(super) struct Slab {
    /// What the agent acted on in the last step, shape `(n, obs_dim)`.
    pub acted: ObsBuf,
    /// What the agent acts on now, shape `(n, obs_dim)`.
    pub obs: ObsBuf,
    /// The true successors of `acted`, shape `(n, obs_dim)`.
    pub next: ObsBuf,
    /// Shape `(n)`.
    pub reward: Vec<f64>,
    /// Shape `(n)`.
    pub end: Vec<Option<End>>,
    obs_dim: usize,
    act_dim: usize,
}

/// The rows of consecutive envs: what a chunk reads and writes in one step.
pub(super) struct Rows<'a> {
    pub obs: ObsMut<'a>,
    pub next: ObsMut<'a>,
    pub reward: &'a mut [f64],
    pub end: &'a mut [Option<End>],
    pub actions: Actions<'a>,
    obs_dim: usize,
    act_dim: usize,
}

impl Slab {
    pub fn new(num_envs: usize, dtype: Dtype, obs_dim: usize, act_dim: usize) -> Self {
        let zeros = || ObsBuf::zeros(dtype, num_envs * obs_dim);
        Self {
            acted: zeros(),
            obs: zeros(),
            next: zeros(),
            reward: vec![0.0; num_envs],
            end: vec![None; num_envs],
            obs_dim,
            act_dim,
        }
    }

    /// Bytes of one env's rows.
    pub fn bytes_per_env(dtype: Dtype, obs_dim: usize) -> usize {
        3 * obs_dim * dtype.size() + size_of::<f64>() + size_of::<Option<End>>()
    }

    /// Makes the present observations those that were acted on; `obs` is then to be written anew.
    pub fn turn(&mut self) {
        std::mem::swap(&mut self.acted, &mut self.obs);
    }

    /// The rows as a step left them, those of `envs`.
    pub fn batch<'a>(
        &'a self,
        envs: &'a [usize],
        void: &'a [usize],
        finished: &'a [Episode],
    ) -> Batch<'a> {
        Batch {
            envs,
            obs: self.acted.view(),
            next: self.next.view(),
            reward: &self.reward,
            end: &self.end,
            void,
            finished,
        }
    }

    /// All rows, under these actions.
    pub fn rows<'a>(&'a mut self, actions: Actions<'a>) -> Rows<'a> {
        Rows {
            obs: self.obs.view_mut(),
            next: self.next.view_mut(),
            reward: &mut self.reward,
            end: &mut self.end,
            actions,
            obs_dim: self.obs_dim,
            act_dim: self.act_dim,
        }
    }
}

impl<'a> Rows<'a> {
    /// The rows of the first `n` envs and of the others; the two share no memory.
    pub fn split_at(self, n: usize) -> (Self, Self) {
        let (obs, obs_rest) = self.obs.split_at(n * self.obs_dim);
        let (next, next_rest) = self.next.split_at(n * self.obs_dim);
        let (reward, reward_rest) = self.reward.split_at_mut(n);
        let (end, end_rest) = self.end.split_at_mut(n);
        let (actions, actions_rest) = self.actions.split_at(n, self.act_dim);
        let (obs_dim, act_dim) = (self.obs_dim, self.act_dim);
        (
            Rows { obs, next, reward, end, actions, obs_dim, act_dim },
            Rows {
                obs: obs_rest,
                next: next_rest,
                reward: reward_rest,
                end: end_rest,
                actions: actions_rest,
                obs_dim,
                act_dim,
            },
        )
    }

    /// The present and the next observation of one env.
    #[inline]
    pub fn pair(&mut self, env: usize) -> (ObsMut<'_>, ObsMut<'_>) {
        let row = env * self.obs_dim..(env + 1) * self.obs_dim;
        (self.obs.slice(row.clone()), self.next.slice(row))
    }
}
