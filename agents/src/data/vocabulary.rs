//! Actions as tokens.

use sparring_envs::{EnvSpec, Space};

use super::actions::ActionBuf;
use crate::error::AgentError;

/// Which tokens an action is, one after the other: the action itself where a few are to choose from; else the bin of each
/// of its numbers, of `bins` equal ones between the bounds of the action space.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    /// Tokens to choose from.
    pub size: usize,
    /// `(low, high)` of each number; empty where actions are discrete.
    bounds: Vec<(f32, f32)>,
}

impl Vocabulary {
    /// That of the actions of `spec`.
    ///
    /// # Errors
    /// A box without bounds.
    pub fn of(spec: &EnvSpec, bins: usize) -> Result<Self, AgentError> {
        match &spec.action {
            Space::Discrete { n } => Ok(Self { size: *n as usize, bounds: Vec::new() }),
            Space::Box { low, high, .. } => {
                let bounds: Vec<(f32, f32)> =
                    low.iter().copied().zip(high.iter().copied()).collect();
                if bounds.iter().any(|(low, high)| !(high - low).is_finite()) {
                    return Err(AgentError::Space {
                        agent: "trajectory",
                        env: spec.id,
                        found: "a box without bounds".to_owned(),
                        allowed: "discrete actions, or a bounded box",
                    });
                }
                Ok(Self { size: bins, bounds })
            }
        }
    }

    /// Whether actions are one of a few.
    pub fn is_discrete(&self) -> bool {
        self.bounds.is_empty()
    }

    /// Tokens of an action.
    pub fn tokens(&self) -> usize {
        self.bounds.len().max(1)
    }

    /// The tokens of step `t` of `actions`, which are of the space.
    pub fn of_step<'a>(
        &'a self,
        actions: &'a ActionBuf,
        t: usize,
    ) -> impl Iterator<Item = u32> + 'a {
        (0..self.tokens()).filter_map(move |j| match actions {
            ActionBuf::Discrete(all) => all.get(t).copied(),
            ActionBuf::Continuous(all) => all.get(t * self.tokens() + j).map(|x| self.token(*x, j)),
        })
    }

    /// Adds the action of these `tokens` to `actions`, which are of the space.
    pub fn act(&self, tokens: &[u32], actions: &mut ActionBuf) {
        match actions {
            ActionBuf::Discrete(all) => all.extend(tokens.first()),
            ActionBuf::Continuous(all) => {
                all.extend(tokens.iter().enumerate().map(|(j, token)| self.value(*token, j)));
            }
        }
    }

    /// The bin of `x` as number `j`; beyond the bounds the first or the last.
    fn token(&self, x: f32, j: usize) -> u32 {
        let Some((low, high)) = self.bounds.get(j) else { return 0 };
        let place = (x - low) / (high - low) * self.size as f32;
        place.floor().clamp(0.0, self.size as f32 - 1.0) as u32
    }

    /// The middle of bin `token` of number `j`.
    pub fn value(&self, token: u32, j: usize) -> f32 {
        let Some((low, high)) = self.bounds.get(j) else { return token as f32 };
        low + (token as f32 + 0.5) / self.size as f32 * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::spec;

    use super::*;

    #[test]
    fn numbers_come_back_within_half_a_bin() {
        let words = Vocabulary::of(&spec("Pendulum-v1").unwrap(), 32).unwrap();
        assert_eq!((words.tokens(), words.size, words.is_discrete()), (1, 32, false));
        for x in [-2.0, -1.99, -0.01, 0.0, 0.7, 1.999, 2.0, 9.0, -9.0] {
            let actions = ActionBuf::Continuous(vec![0.0, x]);
            let token = words.of_step(&actions, 1).next().unwrap();
            let back = words.value(token, 0);
            assert!((back - x.clamp(-2.0, 2.0)).abs() <= 2.0 / 32.0 + 1e-6, "{x} {back}");
        }
        let few = Vocabulary::of(&spec("Acrobot-v1").unwrap(), 32).unwrap();
        assert_eq!((few.tokens(), few.size), (1, 3));
        let actions = ActionBuf::Discrete(vec![2, 0]);
        assert_eq!(few.of_step(&actions, 0).collect::<Vec<_>>(), [2]);
        assert_eq!(few.of_step(&actions, 2).count(), 0);
    }
}
