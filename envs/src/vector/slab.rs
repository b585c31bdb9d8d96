//! The memory that envs write into: one array per quantity, one row per env, allocated once.

use std::ops::Range;

use super::{Actions, Batch, Episode, Row};
use crate::{Dtype, GroupRows, ObsBuf, ObsMut};

/// The arrays of the engine, row-major by env.
#[derive(Debug)]
pub(super) struct Slab {
    /// What the agent acted on in the last step, shape `(n, obs_dim)`.
    pub acted: ObsBuf,
    /// Its true successors, shape `(n, obs_dim)`: what the agent acts on now, but where an episode ended.
    pub next: ObsBuf,
    /// Where an episode ended, the first observation of the next one, shape `(n, obs_dim)`.
    pub first: ObsBuf,
    /// Whether the rows of `next` and `first` where an episode ended have changed places, so that `next` is
    /// what the agent acts on now.
    placed: bool,
    /// Shape `(n)`.
    pub reward: Vec<f64>,
    /// What each row is, shape `(n)`.
    pub row: Vec<Row>,
    obs_dim: usize,
    act_dim: usize,
}

/// The rows of consecutive envs: what a chunk reads and writes in one step.
pub(super) struct Rows<'a> {
    pub acted: ObsMut<'a>,
    pub next: ObsMut<'a>,
    pub first: ObsMut<'a>,
    /// Whether `acted` holds what is acted on; if not, that of some rows is still in `first`.
    pub placed: bool,
    pub reward: &'a mut [f64],
    pub row: &'a mut [Row],
    pub actions: Actions<'a>,
    obs_dim: usize,
    act_dim: usize,
}

/// The rows of the envs whose episode ended.
fn firsts(rows: &[Row], obs_dim: usize) -> impl Iterator<Item = Range<usize>> {
    let ended = (0..rows.len()).filter(|&env| rows[env].end().is_some());
    ended.map(move |env| env * obs_dim..(env + 1) * obs_dim)
}

impl Slab {
    pub fn new(num_envs: usize, dtype: Dtype, obs_dim: usize, act_dim: usize) -> Self {
        let zeros = || ObsBuf::zeros(dtype, num_envs * obs_dim);
        Self {
            acted: zeros(),
            next: zeros(),
            first: zeros(),
            placed: true,
            reward: vec![0.0; num_envs],
            row: vec![Row::Void; num_envs],
            obs_dim,
            act_dim,
        }
    }

    /// Bytes of the arrays.
    pub fn bytes(&self) -> usize {
        let Self { acted, next, first, reward, row, placed: _, obs_dim: _, act_dim: _ } = self;
        let bytes = |obs: &ObsBuf| obs.view().len() * obs.view().dtype().size();
        let seen = bytes(acted) + bytes(next) + bytes(first);
        seen + size_of_val(&**reward) + size_of_val(&**row)
    }

    /// Makes `next` what the agent acts on now, or the true successors again.
    pub fn place(&mut self, placed: bool) {
        if std::mem::replace(&mut self.placed, placed) == placed {
            return;
        }
        for row in firsts(&self.row, self.obs_dim) {
            self.next.view_mut().slice(row.clone()).swap(self.first.view_mut().slice(row));
        }
    }

    /// The successor of one env, to be written.
    pub fn next_of(&mut self, env: usize) -> ObsMut<'_> {
        let (_, rest) = self.next.view_mut().split_at(env * self.obs_dim);
        let (row, _) = rest.split_at(self.obs_dim);
        row
    }

    /// Makes the first observation of the next episode of one env its successor.
    pub fn swap_first(&mut self, env: usize) {
        let row = env * self.obs_dim..(env + 1) * self.obs_dim;
        self.next.view_mut().slice(row.clone()).swap(self.first.view_mut().slice(row));
    }

    /// Says that all rows are about to be written anew.
    pub fn rewrite(&mut self) {
        self.placed = false;
    }

    /// Copies the only row of `from`, as its last step left it.
    pub fn copy_row(&mut self, row: usize, from: &Self) {
        let place = row * self.obs_dim..(row + 1) * self.obs_dim;
        (self.reward[row], self.row[row]) = (from.reward[0], from.row[0]);
        for (to, from) in [
            (&mut self.acted, &from.acted),
            (&mut self.next, &from.next),
            (&mut self.first, &from.first),
        ] {
            to.view_mut().slice(place.clone()).copy_from(from.view());
        }
    }

    /// A copy of what the agent acts on now.
    pub fn present(&self) -> ObsBuf {
        let mut present = self.next.clone();
        for row in firsts(&self.row, self.obs_dim).filter(|_| !self.placed) {
            present.view_mut().slice(row.clone()).copy_from(self.first.view().slice(row));
        }
        present
    }

    /// Takes back what [`Slab::present`] gave; of the last step nothing is left, so that every row is void.
    pub fn restore(&mut self, present: ObsBuf) {
        (self.next, self.placed) = (present, true);
        self.reward.fill(0.0);
        self.row.fill(Row::Void);
    }

    /// The rows as a step left them, those of `envs`.
    pub fn batch<'a>(&'a self, envs: &'a [usize], finished: &'a [Episode]) -> Batch<'a> {
        Batch {
            envs,
            obs: self.acted.view(),
            next: self.next.view(),
            reward: &self.reward,
            row: &self.row,
            finished,
        }
    }

    /// All rows for a step under these actions.
    pub fn rows<'a>(&'a mut self, actions: Actions<'a>) -> Rows<'a> {
        std::mem::swap(&mut self.acted, &mut self.next);
        let placed = std::mem::replace(&mut self.placed, false);
        Rows {
            acted: self.acted.view_mut(),
            next: self.next.view_mut(),
            first: self.first.view_mut(),
            placed,
            reward: &mut self.reward,
            row: &mut self.row,
            actions,
            obs_dim: self.obs_dim,
            act_dim: self.act_dim,
        }
    }
}

impl<'a> Rows<'a> {
    /// The rows of the first `n` envs and of the others; the two share no memory.
    pub fn split_at(self, n: usize) -> (Self, Self) {
        let (acted, acted_rest) = self.acted.split_at(n * self.obs_dim);
        let (next, next_rest) = self.next.split_at(n * self.obs_dim);
        let (first, first_rest) = self.first.split_at(n * self.obs_dim);
        let (reward, reward_rest) = self.reward.split_at_mut(n);
        let (row, row_rest) = self.row.split_at_mut(n);
        let (actions, actions_rest) = self.actions.split_at(n, self.act_dim);
        let (placed, obs_dim, act_dim) = (self.placed, self.obs_dim, self.act_dim);
        (
            Rows { acted, next, first, placed, reward, row, actions, obs_dim, act_dim },
            Rows {
                acted: acted_rest,
                next: next_rest,
                first: first_rest,
                placed,
                reward: reward_rest,
                row: row_rest,
                actions: actions_rest,
                obs_dim,
                act_dim,
            },
        )
    }

    /// Completes `acted`; what the last step left in `row` must still be there.
    pub fn place(&mut self) {
        if std::mem::replace(&mut self.placed, true) {
            return;
        }
        for row in firsts(self.row, self.obs_dim) {
            self.acted.slice(row.clone()).copy_from(self.first.slice(row).view());
        }
    }

    /// Begins the episode of one env whose first observation is there, in a step that is none of it.
    pub fn begin(&mut self, env: usize) {
        let row = env * self.obs_dim..(env + 1) * self.obs_dim;
        self.next.slice(row.clone()).copy_from(self.first.slice(row).view());
        (self.reward[env], self.row[env]) = (0.0, Row::Void);
    }

    /// What a group writes, but for the rows of those that are `held`.
    pub fn group<'b>(&'b mut self, held: &'b [bool]) -> GroupRows<'b> {
        GroupRows {
            held,
            actions: self.actions,
            next: self.next.reborrow(),
            reward: self.reward,
            row: self.row,
        }
    }

    /// The successor of one env.
    #[inline]
    pub fn next(&mut self, env: usize) -> ObsMut<'_> {
        self.next.slice(env * self.obs_dim..(env + 1) * self.obs_dim)
    }

    /// The first observation of one env's next episode.
    #[inline]
    pub fn first(&mut self, env: usize) -> ObsMut<'_> {
        self.first.slice(env * self.obs_dim..(env + 1) * self.obs_dim)
    }
}
