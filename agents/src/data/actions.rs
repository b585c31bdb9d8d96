//! Actions that own their memory.

use sparring_envs::{Action, Actions, Space};

/// The actions of an episode, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionBuf {
    /// Shape `(T)`.
    Discrete(Vec<u32>),
    /// Shape `(T, act_dim)`, row-major.
    Continuous(Vec<f32>),
}

impl ActionBuf {
    /// None yet, of points of `space`.
    pub fn empty(space: &Space) -> Self {
        match space {
            Space::Discrete { .. } => Self::Discrete(Vec::new()),
            Space::Box { .. } => Self::Continuous(Vec::new()),
        }
    }

    /// All of them.
    pub fn view(&self) -> Actions<'_> {
        match self {
            Self::Discrete(all) => Actions::Discrete(all),
            Self::Continuous(all) => Actions::Continuous(all),
        }
    }

    /// None any more.
    pub fn clear(&mut self) {
        match self {
            Self::Discrete(all) => all.clear(),
            Self::Continuous(all) => all.clear(),
        }
    }

    /// How many, of `act_dim` numbers each; a discrete one is one.
    pub fn len(&self, act_dim: usize) -> usize {
        match self {
            Self::Discrete(all) => all.len(),
            Self::Continuous(all) => all.len() / act_dim.max(1),
        }
    }

    /// The one of step `t`; a step beyond the last has an action without numbers, which no env takes.
    pub fn at(&self, t: usize, act_dim: usize) -> Action<'_> {
        match self {
            Self::Discrete(all) => {
                all.get(t).map_or(Action::Continuous(&[]), |action| Action::Discrete(*action))
            }
            Self::Continuous(all) => {
                Action::Continuous(all.get(t * act_dim..(t + 1) * act_dim).unwrap_or_default())
            }
        }
    }

    /// Adds that of the `row` of `actions`, which are of the same space.
    pub fn push(&mut self, actions: Actions<'_>, row: usize, act_dim: usize) {
        match (self, actions) {
            (Self::Discrete(all), Actions::Discrete(of)) => all.extend(of.get(row)),
            (Self::Continuous(all), Actions::Continuous(of)) => {
                all.extend_from_slice(
                    of.get(row * act_dim..(row + 1) * act_dim).unwrap_or_default(),
                );
            }
            (Self::Discrete(_), Actions::Continuous(_))
            | (Self::Continuous(_), Actions::Discrete(_)) => {}
        }
    }

    /// Its numbers, step by step.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        let (discrete, continuous): (&[u32], &[f32]) = match self {
            Self::Discrete(all) => (all, &[]),
            Self::Continuous(all) => (&[], all),
        };
        discrete.iter().map(|x| f64::from(*x)).chain(continuous.iter().map(|x| f64::from(*x)))
    }
}
