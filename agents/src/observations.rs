//! What an agent acts on: observations, whose they are, and which of them begin an episode.

use serde::{Deserialize, Serialize};
use sparring_envs::{Batch, Obs, Row};

/// What an agent acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To learn from what comes of it: it explores.
    Train,
    /// To be scored: by the evaluation policy.
    Eval,
}

/// The observations of `n` environments.
#[derive(Clone, Copy, Debug)]
pub struct Observations<'a> {
    /// `(n, obs_dim)`.
    pub obs: Obs<'a>,
    /// The environment of each row, `(n)`, ascending.
    pub envs: &'a [usize],
    /// Whether the row is the first observation of an episode, `(n)`: what an agent remembers of the
    /// environment ends here.
    pub first: &'a [bool],
    /// What the step before brought, `(n)`; 0 where an episode begins.
    pub rewards: &'a [f64],
}

/// Whose observations an engine shows next, from what its last batch says.
///
/// ```
/// use sparring_agents::EnvRows;
/// use sparring_envs::Obs;
/// let rows = EnvRows::new(2);
/// let seen = rows.observations(Obs::F32(&[0.0; 8]));
/// assert_eq!((seen.envs, seen.first), (&[0, 1][..], &[true, true][..]));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvRows {
    envs: Vec<usize>,
    first: Vec<bool>,
    rewards: Vec<f64>,
}

impl EnvRows {
    /// Before the first step of `num_envs` environments.
    pub fn new(num_envs: usize) -> Self {
        Self::of(&Vec::from_iter(0..num_envs))
    }

    /// Before the first step of an engine that shows `envs` first, ascending, and others later.
    pub fn of(envs: &[usize]) -> Self {
        Self { envs: envs.to_vec(), first: vec![true; envs.len()], rewards: vec![0.0; envs.len()] }
    }

    /// Takes a step in: the environments of `batch` show what comes next, and those whose episode it
    /// ended or broke off show the first of a new one.
    pub fn follow(&mut self, batch: &Batch<'_>) {
        self.envs.clear();
        self.envs.extend_from_slice(batch.envs);
        self.first.clear();
        self.first.extend(batch.row.iter().map(|row| *row != Row::Step));
        self.rewards.clear();
        let of = |(reward, first): (&f64, &bool)| if *first { 0.0 } else { *reward };
        self.rewards.extend(batch.reward.iter().zip(&self.first).map(of));
    }

    /// The present observations, `obs (n, obs_dim)`, with whose they are.
    pub fn observations<'a>(&'a self, obs: Obs<'a>) -> Observations<'a> {
        Observations { obs, envs: &self.envs, first: &self.first, rewards: &self.rewards }
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::End;

    use super::*;

    #[test]
    fn an_episode_begins_where_one_ended_or_broke_off() {
        let mut shown = EnvRows::new(4);
        let obs = Obs::F32(&[0.0; 3]);
        let row = &[Row::End(End::Truncated), Row::Step, Row::Void];
        let (envs, reward) = (&[0, 2, 3], &[1.0, 2.0, 3.0]);
        let batch = Batch { envs, obs, next: obs, reward, row, finished: &[] };
        shown.follow(&batch);
        let seen = shown.observations(obs);
        assert_eq!((seen.envs, seen.first), (&[0, 2, 3][..], &[true, false, true][..]));
        assert_eq!(seen.rewards, [0.0, 2.0, 0.0]);
    }
}
