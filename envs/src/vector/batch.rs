//! What one step of the engine gives.

use serde::{Deserialize, Serialize};

use crate::{End, Obs};

/// What a row of a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A transition after which its episode goes on.
    Step,
    /// A transition that ended its episode.
    End(End),
    /// No transition: the env failed in this step and its episode was broken off, or nothing was stepped yet.
    Void,
}

impl Row {
    /// The end of the episode, if this step ended it; nothing ended where there is no transition.
    pub fn end(self) -> Option<End> {
        match self {
            Self::End(end) => Some(end),
            Self::Step | Self::Void => None,
        }
    }
}

impl From<Option<End>> for Row {
    fn from(end: Option<End>) -> Self {
        end.map_or(Self::Step, Self::End)
    }
}

/// The step of several envs, a row for each in order of their index; views of the engine's slab. They are
/// all n envs, or the k of [`super::AsyncVectorEnv`], which is n below.
///
/// Each row says in `row` what it is, and [`Batch::rows`] gives those that are transitions. `next` is
/// always the true successor of `obs` under the action, also at an episode's end; the `obs` of the following
/// batch is then the first of the new episode.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The env of each row, ascending, shape `(n)`. The next step's actions go to these; the very first
    /// ones go to `0..n`.
    pub envs: &'a [usize],
    /// What was acted on, shape `(n, obs_dim)`.
    pub obs: Obs<'a>,
    /// Its true successor, shape `(n, obs_dim)`.
    pub next: Obs<'a>,
    /// The reward, shape `(n)`; 0 in void rows.
    pub reward: &'a [f64],
    /// What each row is, shape `(n)`. Terminated wins over Truncated.
    pub row: &'a [Row],
    /// The episodes that ended in this step, in order of the env.
    pub finished: &'a [Episode],
}

impl<'a> Batch<'a> {
    /// The rows that are transitions, ascending.
    ///
    /// ```
    /// use sparring_envs::{Batch, End, Obs, Row};
    ///
    /// let row = &[Row::Step, Row::Void, Row::End(End::Terminated)];
    /// let obs = Obs::F32(&[0.0, f32::NAN, 2.0]);
    /// let (envs, reward) = (&[4, 5, 6], &[1.0, f64::NAN, 3.0]);
    /// let batch = Batch { envs, obs, next: obs, reward, row, finished: &[] };
    /// let seen: Vec<_> = batch.rows().map(|row| (row.row, row.env, row.reward, row.end)).collect();
    /// assert_eq!(seen, [(0, 4, 1.0, None), (2, 6, 3.0, Some(End::Terminated))]);
    /// ```
    pub fn rows(&self) -> impl Iterator<Item = StepRow<'a>> + use<'a> {
        let Self { envs, obs, next, reward, row: kinds, .. } = *self;
        let dim = obs.len() / kinds.len().max(1);
        (0..kinds.len()).filter(move |row| kinds[*row] != Row::Void).map(move |row| {
            let at = row * dim..(row + 1) * dim;
            let (obs, next) = (obs.slice(at.clone()), next.slice(at));
            StepRow { row, env: envs[row], obs, next, reward: reward[row], end: kinds[row].end() }
        })
    }
}

/// A row that is a transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRow<'a> {
    /// Its row in the batch.
    pub row: usize,
    /// Its env.
    pub env: usize,
    /// What was acted on, shape `(obs_dim)`.
    pub obs: Obs<'a>,
    /// Its true successor, shape `(obs_dim)`.
    pub next: Obs<'a>,
    /// The reward.
    pub reward: f64,
    /// The end of the episode, if this step ended it.
    pub end: Option<End>,
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
