//! Generalised advantage estimation (Schulman et al. 2016, 1506.02438).
//!
//! `δ_t = r_t + γ V(s'_t) − V(s_t)`, `A_t = δ_t + γλ A_{t+1}`, where `s'_t` is the true successor. After
//! a termination `V(s'_t)` is 0; a truncated transition bootstraps, unless it is taken for a termination; neither hands
//! `A` on to the episode before it.

use sparring_envs::{End, Row};

/// `γ` and `λ`, and what a truncation is taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gae {
    /// `γ`.
    pub discount: f64,
    /// `λ`.
    pub lambda: f64,
    /// Whether a truncated transition bootstraps.
    pub bootstrap_truncated: bool,
}

/// What a rollout of `t` steps on `n` environments gave, `(t · n)` step by step.
#[derive(Clone, Copy, Debug)]
pub struct Steps<'a> {
    /// `n`.
    pub num_envs: usize,
    /// `r_t`.
    pub reward: &'a [f32],
    /// What each row is.
    pub row: &'a [Row],
    /// `V(s_t)`.
    pub value: &'a [f32],
    /// `V(s'_t)`.
    pub next_value: &'a [f32],
}

impl Gae {
    /// `A_t (t · n)`; 0 in void rows, before which an episode was cut off.
    pub fn advantages(&self, steps: Steps<'_>) -> Vec<f32> {
        let (gamma, decay) = (self.discount as f32, (self.discount * self.lambda) as f32);
        let mut advantages = vec![0.0; steps.reward.len()];
        let mut carry = vec![0.0; steps.num_envs];
        for i in (0..steps.reward.len()).rev() {
            let carry = &mut carry[i % steps.num_envs];
            let (bootstrap, handed) = match steps.row[i] {
                Row::Step => (steps.next_value[i], *carry),
                Row::End(End::Truncated) if self.bootstrap_truncated => (steps.next_value[i], 0.0),
                Row::End(End::Truncated | End::Terminated) => (0.0, 0.0),
                Row::Void => {
                    *carry = 0.0;
                    continue;
                }
            };
            let delta = steps.reward[i] + gamma * bootstrap - steps.value[i];
            *carry = delta + decay * handed;
            advantages[i] = *carry;
        }
        advantages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINATED: Row = Row::End(End::Terminated);
    const TRUNCATED: Row = Row::End(End::Truncated);
    const HALF: Gae = Gae { discount: 0.5, lambda: 0.5, bootstrap_truncated: true };

    /// Worked by hand with γ = ½ and λ = ½, so that γλ = ¼; two environments side by side.
    #[test]
    fn a_hand_worked_table() {
        let steps = Steps {
            num_envs: 2,
            reward: &[1.0, 1.0, 2.0, 9.0, 3.0, 1.0],
            row: &[Row::Step, TERMINATED, TRUNCATED, Row::Void, Row::Step, Row::Step],
            value: &[2.0, 4.0, 4.0, 9.0, 1.0, 2.0],
            next_value: &[4.0, 8.0, 6.0, 9.0, 2.0, 4.0],
        };
        let advantages = |gae: Gae| gae.advantages(steps);
        // Environment 0: a step, a truncation, a step that the rollout cuts.
        // Environment 1: a termination, a void row, a step.
        // Environment 0, from the last step: δ = 3 + ½·2 − 1 = 3; truncated: δ = 2 + ½·6 − 4 = 1 and
        // nothing handed on; first: δ = 1 + ½·4 − 2 = 1, A = 1 + ¼·1.
        // Environment 1: δ = 1 + ½·4 − 2 = 1; void: 0; terminated: δ = 1 − 4 = −3.
        assert_eq!(advantages(HALF), [1.25, -3.0, 1.0, 0.0, 3.0, 1.0]);
        // Truncated: δ = 2 − 4 = −2; first: A = 1 − ¼·2.
        let ends = Gae { bootstrap_truncated: false, ..HALF };
        assert_eq!(advantages(ends), [0.5, -3.0, -2.0, 0.0, 3.0, 1.0]);
    }

    #[test]
    fn a_step_before_a_void_row_bootstraps_and_gets_nothing_from_behind_it() {
        let advantages = HALF.advantages(Steps {
            num_envs: 1,
            reward: &[1.0, 5.0, 1.0],
            row: &[Row::Step, Row::Void, Row::Step],
            value: &[0.0, 5.0, 0.0],
            next_value: &[4.0, 5.0, 6.0],
        });
        assert_eq!(advantages, [3.0, 0.0, 4.0]);
    }

    /// λ = 1 is the discounted return less the value, λ = 0 the temporal difference.
    #[test]
    fn the_ends_of_lambda() {
        let reward = [1.0, 2.0, 3.0];
        let (value, next_value) = ([0.5, 1.5, 2.5], [1.5, 2.5, 4.0]);
        let of = |lambda| {
            Gae { discount: 0.9, lambda, ..HALF }.advantages(Steps {
                num_envs: 1,
                reward: &reward,
                row: &[Row::Step; 3],
                value: &value,
                next_value: &next_value,
            })
        };
        let long = of(1.0);
        let ret = 1.0 + 0.9 * (2.0 + 0.9 * (3.0 + 0.9 * 4.0));
        assert!((long[0] - (ret - 0.5)).abs() < 1e-5, "{long:?}");
        let short = of(0.0);
        for t in 0..3 {
            assert!((short[t] - (reward[t] + 0.9 * next_value[t] - value[t])).abs() < 1e-6);
        }
    }
}
