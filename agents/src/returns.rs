//! n-step returns: `R = Σ_{i<k} γⁱ r_i`, bootstrapped with `γᵏ` from the state after the k-th reward.
//!
//! `k` is `n`, or fewer at an episode's end, where every waiting transition is given out: after a
//! termination without bootstrap, after a truncation with it, from the true successor.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use sparring_envs::{Actions, Batch, End, Row};
use sparring_sparse::{Section, SparseError};

use crate::alloc::Alloc;
use crate::error::AgentError;

/// An observation on its way into a replay memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StoredObs<'a> {
    /// Its numbers, `(obs_dim)`.
    Numbers(&'a [f32]),
    /// The number of its newest frame, which the memory has already.
    Frame(u64),
}

/// A transition over `k ≤ n` steps.
#[derive(Debug, PartialEq)]
pub struct Transition<'a> {
    /// What was acted on.
    pub obs: StoredObs<'a>,
    /// The first action, `(act_dim)`; a discrete one as its index, which is exact below 2²⁴.
    pub action: &'a [f32],
    /// `Σ_{i<k} γⁱ r_i`.
    pub reward: f32,
    /// `γᵏ`, or 0 after a termination.
    pub discount: f32,
    /// The state after the k-th reward.
    pub next: StoredObs<'a>,
}

/// The transitions that wait for their rewards, one queue an environment.
///
/// An action is given before its answer comes, and where batches hold some environments only, to others
/// than the next batch holds: to those of the batch before, see [`Batch::envs`].
#[derive(Debug, Serialize, Deserialize)]
pub struct NStep {
    n: usize,
    gamma: f64,
    /// Numbers that wait with an action, its own among them.
    dim: usize,
    /// The environments that the next actions go to.
    held: Vec<usize>,
    /// The last action of each environment, `(num_envs, act_dim)`.
    given: Vec<f32>,
    waiting: Vec<VecDeque<Waiting>>,
    /// Memory to be filled, again and again; no part of what is saved.
    #[serde(skip)]
    spare: Vec<Vec<f32>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    /// The numbers of the observation, if it has any here, and of the action.
    taken: Vec<f32>,
    /// The newest frame of an observation that has none.
    frame: Option<u64>,
    reward: f64,
    /// γ to the number of rewards so far.
    discount: f64,
}

impl NStep {
    /// Queues for `num_envs` environments of `dim` numbers an observation and action, of which the action
    /// has `act_dim`. All of their memory is taken here.
    pub fn new(
        alloc: &mut Alloc,
        n: usize,
        gamma: f64,
        num_envs: usize,
        [dim, act_dim]: [usize; 2],
    ) -> Self {
        let mut envs = 0..num_envs;
        Self {
            n,
            gamma,
            dim,
            held: alloc.many(num_envs, |_| envs.next().unwrap_or_default()),
            given: alloc.zeros(num_envs.saturating_mul(act_dim)),
            waiting: alloc.many(num_envs, |alloc| alloc.list(n).into()),
            spare: alloc.many(num_envs.saturating_mul(n), |alloc| alloc.list(dim)),
        }
    }

    /// The newest frame of each observation that waits, of those that have one.
    pub fn frames(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().flatten().filter_map(|waiting| waiting.frame)
    }

    /// Writes down what waits.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save(&self, to: &mut Section) -> Result<(), SparseError> {
        to.put("n_step", self)
    }

    /// Takes back what [`Self::save`] wrote. Of frames, `taken` are known; none of numbers.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&mut self, from: &Section, taken: Option<u64>) -> Result<(), SparseError> {
        let found: Self = from.get("n_step")?;
        let num_envs = self.waiting.len();
        let known = |waiting: &Waiting| {
            waiting.taken.len() == self.dim
                && match (waiting.frame, taken) {
                    (Some(frame), Some(taken)) => frame < taken,
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                }
        };
        let fits = (found.n, found.gamma, found.dim) == (self.n, self.gamma, self.dim)
            && found.given.len() == self.given.len()
            && found.held.iter().all(|env| *env < num_envs)
            && found.waiting.len() == num_envs
            && found.waiting.iter().all(|queue| queue.len() < self.n && queue.iter().all(known));
        if !fits {
            let expected = format!("returns of {} steps of {num_envs} environments", self.n);
            return Err(from.misfit("n_step", expected, "others"));
        }
        for (queue, found) in self.waiting.iter_mut().zip(found.waiting) {
            self.spare.extend(queue.drain(..).map(|waiting| waiting.taken));
            for waiting in found {
                let mut taken = self.spare.pop().unwrap_or_default();
                taken.clear();
                taken.extend_from_slice(&waiting.taken);
                queue.push_back(Waiting { taken, ..waiting });
            }
        }
        self.held.clear();
        self.held.extend_from_slice(&found.held);
        self.given = found.given;
        Ok(())
    }

    /// Takes one vector step and gives `store` every transition that it completes, in order of the
    /// environments, the older first. `actions` are those that were given before it, `shown` says what
    /// the observation of a row and its successor are. A void row drops what its environment was waiting
    /// for; an environment without a row waits on.
    pub fn push<'a>(
        &mut self,
        batch: &Batch<'_>,
        actions: Actions<'_>,
        shown: impl Fn(usize) -> [StoredObs<'a>; 2],
        mut store: impl FnMut(Transition<'_>) -> Result<(), AgentError>,
    ) -> Result<(), AgentError> {
        let act_dim = self.given.len() / self.waiting.len().max(1);
        match actions {
            Actions::Discrete(actions) => {
                for (env, action) in self.held.iter().zip(actions) {
                    self.given[*env] = *action as f32;
                }
            }
            Actions::Continuous(actions) => {
                for (env, action) in self.held.iter().zip(actions.chunks_exact(act_dim)) {
                    self.given[env * act_dim..][..act_dim].copy_from_slice(action);
                }
            }
        }
        self.held.clear();
        self.held.extend_from_slice(batch.envs);
        for (row, &env) in batch.envs.iter().enumerate() {
            let queue = &mut self.waiting[env];
            let end = match batch.row[row] {
                Row::Step => None,
                Row::End(end) => Some(end),
                Row::Void => {
                    self.spare.extend(queue.drain(..).map(|waiting| waiting.taken));
                    continue;
                }
            };
            let mut taken = self.spare.pop().unwrap_or_default();
            taken.clear();
            let [obs, next] = shown(row);
            let (numbers, frame) = match obs {
                StoredObs::Numbers(numbers) => (numbers, None),
                StoredObs::Frame(frame) => ([].as_slice(), Some(frame)),
            };
            taken.extend_from_slice(numbers);
            taken.extend_from_slice(&self.given[env * act_dim..][..act_dim]);
            queue.push_back(Waiting { taken, frame, reward: 0.0, discount: 1.0 });
            for waiting in queue.iter_mut() {
                waiting.reward += waiting.discount * batch.reward[row];
                waiting.discount *= self.gamma;
            }
            while queue.len() >= self.n || (end.is_some() && !queue.is_empty()) {
                let Some(first) = queue.pop_front() else { break };
                let bootstrap = if end == Some(End::Terminated) { 0.0 } else { first.discount };
                let (seen, action) = first.taken.split_at(numbers.len());
                store(Transition {
                    obs: first.frame.map_or(StoredObs::Numbers(seen), StoredObs::Frame),
                    action,
                    reward: first.reward as f32,
                    discount: bootstrap as f32,
                    next,
                })?;
                self.spare.push(first.taken);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::Obs;

    use super::*;

    type Seen = (f32, u32, f32, f32, f32);

    fn number(shown: StoredObs<'_>) -> f32 {
        match shown {
            StoredObs::Numbers(numbers) => numbers[0],
            StoredObs::Frame(frame) => frame as f32,
        }
    }

    /// One environment that counts: obs t, action t, reward t + 1, next t + 1.
    fn run(n: usize, ends: &[Option<End>], void: Option<usize>) -> Vec<Seen> {
        let mut queue = NStep::new(&mut Alloc::Taken, n, 0.5, 1, [2, 1]);
        let mut rows = Vec::new();
        for (t, end) in ends.iter().enumerate() {
            let (obs, next) = ([t as f32], [t as f32 + 1.0]);
            let reward = [t as f64 + 1.0];
            let row = [if void == Some(t) { Row::Void } else { (*end).into() }];
            let (obs, next) = (&obs, &next);
            let batch = Batch {
                envs: &[0],
                obs: Obs::F32(obs),
                next: Obs::F32(next),
                reward: &reward,
                row: &row,
                finished: &[],
            };
            let shown = |_| [StoredObs::Numbers(obs), StoredObs::Numbers(next)];
            queue
                .push(&batch, Actions::Discrete(&[t as u32]), shown, |t| {
                    let action = t.action[0] as u32;
                    rows.push((number(t.obs), action, t.reward, t.discount, number(t.next)));
                    Ok(())
                })
                .unwrap();
        }
        rows
    }

    #[test]
    fn one_step_gives_each_transition_at_once() {
        let ends = [None, Some(End::Truncated), Some(End::Terminated)];
        let expected = [(0.0, 0, 1.0, 0.5, 1.0), (1.0, 1, 2.0, 0.5, 2.0), (2.0, 2, 3.0, 0.0, 3.0)];
        assert_eq!(run(1, &ends, None), expected);
    }

    #[test]
    fn three_steps_and_a_termination_that_empties_the_queue() {
        let ends = [None, None, None, Some(End::Terminated), None];
        let expected = [
            (0.0, 0, 1.0 + 0.5 * 2.0 + 0.25 * 3.0, 0.125, 3.0),
            (1.0, 1, 2.0 + 0.5 * 3.0 + 0.25 * 4.0, 0.0, 4.0),
            (2.0, 2, 3.0 + 0.5 * 4.0, 0.0, 4.0),
            (3.0, 3, 4.0, 0.0, 4.0),
        ];
        assert_eq!(run(3, &ends, None), expected);
    }

    #[test]
    fn a_truncation_bootstraps_each_by_its_own_length() {
        let ends = [None, Some(End::Truncated)];
        let expected = [(0.0, 0, 1.0 + 0.5 * 2.0, 0.25, 2.0), (1.0, 1, 2.0, 0.5, 2.0)];
        assert_eq!(run(3, &ends, None), expected);
    }

    #[test]
    fn actions_of_several_numbers_stay_with_their_environment() {
        let mut queue = NStep::new(&mut Alloc::Taken, 2, 1.0, 2, [3, 2]);
        let mut seen = Vec::new();
        for t in [0.0, 10.0] {
            let (obs, next) = ([t, t + 1.0], [t + 2.0, t + 3.0]);
            let actions = [t + 0.1, t + 0.2, t + 1.1, t + 1.2];
            let reward = [1.0, 2.0];
            let batch = Batch {
                envs: &[0, 1],
                obs: Obs::F32(&obs),
                next: Obs::F32(&next),
                reward: &reward,
                row: &[Row::Step; 2],
                finished: &[],
            };
            let shown = |row: usize| [&obs, &next].map(|all| StoredObs::Numbers(&all[row..=row]));
            queue
                .push(&batch, Actions::Continuous(&actions), shown, |t| {
                    seen.push((number(t.obs), t.action.to_vec(), t.reward, number(t.next)));
                    Ok(())
                })
                .unwrap();
        }
        let expected = [(0.0, vec![0.1, 0.2], 2.0, 12.0), (1.0, vec![1.1, 1.2], 4.0, 13.0)];
        assert_eq!(seen, expected);
    }

    #[test]
    fn an_environment_without_a_row_waits_on_and_keeps_its_action() {
        let mut queue = NStep::new(&mut Alloc::Taken, 2, 0.5, 3, [2, 1]);
        let mut seen = Vec::new();
        // The first actions go to 0 and 1, of which 1 answers, beside the unasked 2; and so on.
        let steps = [
            ([1, 2], [Row::Step, Row::Void], 0),
            ([0, 1], [Row::Step; 2], 10),
            ([1, 2], [Row::Step; 2], 20),
        ];
        for (envs, row, first) in steps {
            let obs = [first as f32, first as f32 + 1.0];
            let next = obs.map(|x| x + 0.5);
            let batch = Batch {
                envs: &envs,
                obs: Obs::F32(&obs),
                next: Obs::F32(&next),
                reward: &[1.0, 2.0],
                row: &row,
                finished: &[],
            };
            let shown = |row: usize| [&obs, &next].map(|all| StoredObs::Numbers(&all[row..=row]));
            queue
                .push(&batch, Actions::Discrete(&[first, first + 1]), shown, |t| {
                    seen.push((number(t.obs), t.action[0], t.reward, number(t.next)));
                    Ok(())
                })
                .unwrap();
        }
        // Env 1 three times, asked by the second row, the first and the second; 0 and 2 wait.
        assert_eq!(seen, [(0.0, 1.0, 2.0, 11.5), (11.0, 10.0, 2.5, 20.5)]);
    }

    #[test]
    fn a_void_step_drops_what_waited() {
        let rows = run(2, &[None, None, None, None, None], Some(2));
        let seen: Vec<f32> = rows.iter().map(|row| row.0).collect();
        assert_eq!(seen, [0.0, 3.0]);
    }
}
