//! One episode as data.

use sparring_envs::{Dtype, End, Obs, ObsBuf, Space};

use super::actions::ActionBuf;

/// An episode of `T` steps, exactly as it was played.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// The seed that an env was reset with, where it is known: with the actions it gives the whole episode again.
    pub seed: Option<u64>,
    /// Shape `(T + 1, obs_dim)`: the last is the true successor of the last action.
    pub obs: ObsBuf,
    /// Shape `(T)` or `(T, act_dim)`.
    pub actions: ActionBuf,
    /// Shape `(T)`.
    pub rewards: Vec<f64>,
    /// How it ended; none of an episode whose record ends before it did, so that its last observation keeps its value
    /// as after a truncation.
    pub end: Option<End>,
}

/// What is wrong with an episode.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Flaw {
    /// No step.
    #[error("no step")]
    Empty,
    /// Parts that do not fit each other.
    #[error("{found} {what}, where {steps} steps have {expected}")]
    Length {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
        /// Of how many steps.
        steps: usize,
    },
    /// NaN or infinity.
    #[error("{what} of step {step} is {found}, which is no finite number")]
    NotFinite {
        /// In what.
        what: &'static str,
        /// At which step.
        step: usize,
        /// NaN or infinity.
        found: f64,
    },
    /// An action that the space does not have.
    #[error("the action of step {step} is {found}, which is none of 0 to {}", n.saturating_sub(1))]
    Action {
        /// At which step.
        step: usize,
        /// Which.
        found: u32,
        /// How many there are.
        n: u32,
    },
    /// Observations of another kind.
    #[error("observations of {found} where the space has {expected}")]
    Dtype {
        /// Of what they are.
        found: Dtype,
        /// Of what the space's are.
        expected: Dtype,
    },
}

impl Trajectory {
    /// Its steps, `T`.
    pub fn len(&self) -> usize {
        self.rewards.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rewards.is_empty()
    }

    /// The sum of its rewards, undiscounted, in their order.
    pub fn ret(&self) -> f64 {
        self.rewards.iter().sum()
    }

    /// The observation before step `t`, shape `(obs_dim)`; that of `t = T` is the last.
    pub fn obs_at(&self, t: usize, obs_dim: usize) -> Obs<'_> {
        self.obs.view().slice(t * obs_dim..(t + 1) * obs_dim)
    }

    /// Whether its parts fit each other and the spaces, and every number is finite.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, obs: &Space, action: &Space) -> Result<(), Flaw> {
        let (steps, obs_dim, act_dim) = (self.len(), obs.dim(), action.dim());
        if steps == 0 {
            return Err(Flaw::Empty);
        }
        let (found, expected) = (self.obs.view().dtype(), obs.dtype());
        if found != expected {
            return Err(Flaw::Dtype { found, expected });
        }
        let fits = |what, found, expected| match found == expected {
            true => Ok(()),
            false => Err(Flaw::Length { what, found, expected, steps }),
        };
        fits("numbers of observations", self.obs.view().len(), (steps + 1) * obs_dim)?;
        match (&self.actions, action) {
            (ActionBuf::Discrete(all), Space::Discrete { n }) => {
                fits("actions", all.len(), steps)?;
                if let Some(step) = all.iter().position(|action| action >= n) {
                    return Err(Flaw::Action { step, found: all[step], n: *n });
                }
            }
            (ActionBuf::Continuous(all), Space::Box { .. }) => {
                fits("numbers of actions", all.len(), steps * act_dim)?;
            }
            (ActionBuf::Discrete(_), Space::Box { .. }) => {
                fits("numbers of actions", 0, steps * act_dim)?;
            }
            (ActionBuf::Continuous(_), Space::Discrete { .. }) => fits("actions", 0, steps)?,
        }
        let finite = |what, values: &mut dyn Iterator<Item = f64>, each: usize| match values
            .enumerate()
            .find(|(_, value)| !value.is_finite())
        {
            Some((at, found)) => Err(Flaw::NotFinite { what, step: at / each.max(1), found }),
            None => Ok(()),
        };
        if let Obs::F32(values) = self.obs.view() {
            finite("the observation", &mut values.iter().map(|x| f64::from(*x)), obs_dim)?;
        }
        finite("the action", &mut self.actions.values(), act_dim)?;
        finite("the reward", &mut self.rewards.iter().copied(), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trajectory() -> Trajectory {
        Trajectory {
            seed: Some(7),
            obs: ObsBuf::F32(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            actions: ActionBuf::Discrete(vec![0, 2]),
            rewards: vec![1.0, -0.5],
            end: Some(End::Terminated),
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_step() {
        let (obs, action) = (Space::uniform(&[2], -9.0, 9.0), Space::Discrete { n: 3 });
        let check = |of: &Trajectory| of.check(&obs, &action);
        let whole = trajectory();
        assert_eq!((check(&whole), whole.ret(), whole.len()), (Ok(()), 0.5, 2));
        assert_eq!(whole.obs_at(2, 2), Obs::F32(&[4.0, 5.0]));
        let wrong = |change: &dyn Fn(&mut Trajectory)| {
            let mut one = trajectory();
            change(&mut one);
            check(&one).unwrap_err().to_string()
        };
        let nan = wrong(&|one| one.obs = ObsBuf::F32(vec![0.0, 0.0, 0.0, f32::NAN, 0.0, 0.0]));
        assert!(nan.contains("observation of step 1 is NaN"), "{nan}");
        let short = wrong(&|one| one.obs = ObsBuf::F32(vec![0.0; 4]));
        assert!(short.contains("4 numbers of observations, where 2 steps have 6"), "{short}");
        let bytes = wrong(&|one| one.obs = ObsBuf::U8(vec![0; 6]));
        assert!(bytes.contains("u8 where the space has f32"), "{bytes}");
        let action = wrong(&|one| one.actions = ActionBuf::Discrete(vec![0, 3]));
        assert!(action.contains("step 1 is 3, which is none of 0 to 2"), "{action}");
        let reward = wrong(&|one| one.rewards = vec![f64::INFINITY, 0.0]);
        assert!(reward.contains("reward of step 0 is inf"), "{reward}");
        assert_eq!(wrong(&|one| one.rewards.clear()), "no step");
        let kind = wrong(&|one| one.actions = ActionBuf::Continuous(vec![0.0; 2]));
        assert!(kind.contains("0 actions, where 2 steps have 2"), "{kind}");
    }
}
