//! What PPO collects between two trainings: `steps` steps of `n` environments, in flat arrays.
//!
//! The successor of a row is the observation `n` rows on, except where an episode was truncated and
//! at the end of the rollout: there it is kept beside the rows, so that its value can be bootstrapped.

use sparring_envs::{Batch, End, Obs, Row};
use sparring_sparse::{Section, SparseError};

use crate::alloc::Alloc;

/// A rollout that is being filled. All of it is taken at the start, with room for the successors of one row of
/// ten beside those that its end cuts off; only where more are kept, more is taken.
#[derive(Debug, Default)]
pub struct Rollout {
    steps: usize,
    num_envs: usize,
    obs_dim: usize,
    act_dim: usize,
    /// `(t · n, obs_dim)`, as the agent saw them.
    pub obs: Vec<f32>,
    /// `(t · n, act_dim)`.
    pub action: Vec<f32>,
    /// `log π` of each action when it was chosen, `(t · n)`.
    pub log_prob: Vec<f32>,
    /// `(t · n)`.
    pub reward: Vec<f32>,
    /// What each row is, `(t · n)`.
    pub row: Vec<Row>,
    /// Rows whose successor stands in `kept`, ascending.
    pub keeps: Vec<usize>,
    /// Their successors, `(keeps, obs_dim)`.
    pub kept: Vec<f32>,
}

/// One vector step as the agent saw it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// `(n, obs_dim)`.
    pub obs: &'a [f32],
    /// `(n, act_dim)`.
    pub action: &'a [f32],
    /// `(n)`.
    pub log_prob: &'a [f32],
    /// `(n)`.
    pub reward: &'a [f32],
}

impl Rollout {
    /// Room for `steps` steps of `num_envs` environments.
    pub fn new(steps: usize, num_envs: usize, obs_dim: usize, act_dim: usize) -> Self {
        Self::within(&mut Alloc::Taken, steps, num_envs, [obs_dim, act_dim])
    }

    /// Bytes of such a rollout.
    pub fn bytes(steps: usize, num_envs: usize, obs_dim: usize, act_dim: usize) -> u64 {
        Alloc::count(|alloc| Self::within(alloc, steps, num_envs, [obs_dim, act_dim]))
    }

    fn within(
        alloc: &mut Alloc,
        steps: usize,
        num_envs: usize,
        [obs_dim, act_dim]: [usize; 2],
    ) -> Self {
        let rows = steps.saturating_mul(num_envs);
        let keeps = (rows / 10).saturating_add(num_envs).min(rows);
        Self {
            steps,
            num_envs,
            obs_dim,
            act_dim,
            obs: alloc.list(rows.saturating_mul(obs_dim)),
            action: alloc.list(rows.saturating_mul(act_dim)),
            log_prob: alloc.list(rows),
            reward: alloc.list(rows),
            row: alloc.list(rows),
            keeps: alloc.list(keeps),
            kept: alloc.list(keeps.saturating_mul(obs_dim)),
        }
    }

    /// Writes down its rows.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save(&self, to: &mut Section) -> Result<(), SparseError> {
        to.put_f32("obs", &self.obs);
        to.put_f32("action", &self.action);
        to.put_f32("log_prob", &self.log_prob);
        to.put_f32("reward", &self.reward);
        to.put_f32("kept", &self.kept);
        to.put("row", &self.row)?;
        to.put("keeps", &self.keeps)
    }

    /// Takes back what [`Self::save`] wrote.
    ///
    /// # Errors
    /// What is missing, and what does not fit; it is empty then.
    pub fn load(&mut self, from: &Section) -> Result<(), SparseError> {
        self.clear();
        let reward = from.f32("reward")?;
        let rows = reward.len();
        if rows > self.steps * self.num_envs || !rows.is_multiple_of(self.num_envs) {
            let expected = format!("at most {} steps of {}", self.steps, self.num_envs);
            return Err(from.misfit("reward", expected, format!("{rows} rows")));
        }
        let obs = from.f32_of("obs", rows * self.obs_dim)?;
        let action = from.f32_of("action", rows * self.act_dim)?;
        let log_prob = from.f32_of("log_prob", rows)?;
        let (row, keeps): (Vec<Row>, Vec<usize>) = (from.get("row")?, from.get("keeps")?);
        if row.len() != rows || keeps.iter().any(|row| *row >= rows) {
            return Err(from.misfit("row", format!("{rows} rows"), format!("{}", row.len())));
        }
        let kept = from.f32_of("kept", keeps.len() * self.obs_dim)?;
        self.obs.extend_from_slice(&obs);
        self.action.extend_from_slice(&action);
        self.log_prob.extend_from_slice(&log_prob);
        self.reward.extend_from_slice(&reward);
        self.row.extend_from_slice(&row);
        self.keeps.extend_from_slice(&keeps);
        self.kept.extend_from_slice(&kept);
        Ok(())
    }

    /// Rows held.
    pub fn rows(&self) -> usize {
        self.reward.len()
    }

    /// The rows that are transitions.
    pub fn transitions(&self) -> Vec<usize> {
        (0..self.rows()).filter(|row| self.row[*row] != Row::Void).collect()
    }

    /// Whether every step is there.
    pub fn is_full(&self) -> bool {
        self.rows() == self.steps * self.num_envs
    }

    /// Takes one vector step. `scale` appends a true successor `(obs_dim)` as the agent sees it.
    pub fn push(
        &mut self,
        seen: Seen<'_>,
        batch: &Batch<'_>,
        mut scale: impl FnMut(Obs<'_>, &mut Vec<f32>),
    ) {
        let start = self.rows();
        let last = start + self.num_envs == self.steps * self.num_envs;
        self.obs.extend_from_slice(seen.obs);
        self.action.extend_from_slice(seen.action);
        self.log_prob.extend_from_slice(seen.log_prob);
        self.reward.extend_from_slice(seen.reward);
        self.row.extend_from_slice(batch.row);
        for step in batch.rows() {
            if step.end == Some(End::Truncated) || (last && step.end.is_none()) {
                self.keeps.push(start + step.row);
                scale(step.next, &mut self.kept);
            }
        }
    }

    /// The value of each row's successor from the values of all rows and of those kept; what follows
    /// a termination is not meant to be read.
    pub fn next_values(&self, value: &[f32], kept: &[f32]) -> Vec<f32> {
        let next = (0..self.rows()).map(|i| value.get(i + self.num_envs).copied().unwrap_or(0.0));
        let mut next: Vec<f32> = next.collect();
        for (row, value) in self.keeps.iter().zip(kept) {
            next[*row] = *value;
        }
        next
    }

    /// Starts over, in the same memory.
    pub fn clear(&mut self) {
        let Self { obs, action, log_prob, reward, row, keeps, kept, .. } = self;
        [obs, action, log_prob, reward, kept].into_iter().for_each(Vec::clear);
        row.clear();
        keeps.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two environments, three steps; the observation says which: `10 · env + t`.
    fn filled() -> Rollout {
        let mut rollout = Rollout::new(3, 2, 1, 1);
        let rows = [
            [Row::Step, Row::End(End::Truncated)],
            [Row::End(End::Terminated), Row::Step],
            [Row::Step, Row::End(End::Terminated)],
        ];
        for (t, row) in rows.iter().enumerate() {
            let t = t as f32;
            let (obs, next) = ([t, 10.0 + t], [t + 0.5, 10.5 + t]);
            let batch = Batch {
                envs: &[0, 1],
                obs: Obs::F32(&obs),
                next: Obs::F32(&next),
                reward: &[0.0; 2],
                row,
                finished: &[],
            };
            let seen = Seen { obs: &obs, action: &[0.0; 2], log_prob: &[0.0; 2], reward: &[t, -t] };
            rollout.push(seen, &batch, |next, kept| kept.extend(next.values().map(|x| 100.0 * x)));
        }
        rollout
    }

    #[test]
    fn successors_are_kept_where_no_row_has_them() {
        let rollout = filled();
        assert!(rollout.is_full());
        // The truncated row, and the one that the rollout cuts; not the terminated last one.
        assert_eq!(rollout.keeps, [1, 4]);
        assert_eq!(rollout.kept, [1050.0, 250.0]);
        let value: Vec<f32> = rollout.obs.iter().map(|x| 2.0 * x).collect();
        let next = rollout.next_values(&value, &[-1.0, -2.0]);
        assert_eq!((next[0], next[1], next[3], next[4]), (value[2], -1.0, value[5], -2.0));
    }

    #[test]
    fn void_rows_keep_nothing() {
        let mut rollout = Rollout::new(1, 2, 1, 1);
        let batch = Batch {
            envs: &[0, 1],
            obs: Obs::F32(&[0.0; 2]),
            next: Obs::F32(&[1.0, f32::NAN]),
            reward: &[0.0; 2],
            row: &[Row::Step, Row::Void],
            finished: &[],
        };
        let seen =
            Seen { obs: &[0.0; 2], action: &[0.0; 2], log_prob: &[0.0; 2], reward: &[0.0; 2] };
        rollout.push(seen, &batch, |next, kept| kept.extend(next.values()));
        assert_eq!((rollout.transitions(), rollout.keeps.clone()), (vec![0], vec![0]));
    }

    #[test]
    fn clearing_starts_over_in_the_same_memory() {
        let mut rollout = filled();
        let before = (rollout.obs.as_ptr(), rollout.obs.capacity());
        rollout.clear();
        assert_eq!((rollout.rows(), rollout.keeps.len(), rollout.kept.len()), (0, 0, 0));
        assert_eq!((rollout.obs.as_ptr(), rollout.obs.capacity()), before);
    }
}
