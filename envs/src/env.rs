//! The contract between an environment and those who step it.

use serde::{Deserialize, Serialize};

use crate::{EnvError, EnvRng, ObsMut, Picture};

/// How an episode ended. Terminated wins where both hold; a truncated transition bootstraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The task itself ended: the value of the successor is zero.
    Terminated,
    /// The episode was cut, for example by a time limit: the successor keeps its value.
    Truncated,
}

/// What one step gave, besides the observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The reward, in f64 because Gymnasium's rewards are.
    pub reward: f64,
    /// The end of the episode, if this step ended it.
    pub end: Option<End>,
}

/// An action for one env.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action<'a> {
    /// One of `0..n`.
    Discrete(u32),
    /// A point of the action box, shape `(act_dim)`.
    Continuous(&'a [f32]),
}

impl<'a> Action<'a> {
    /// The discrete action, if it lies in `0..n`.
    #[inline]
    pub fn discrete(self, n: u32) -> Result<u32, EnvError> {
        match self {
            Self::Discrete(found) if found < n => Ok(found),
            Self::Discrete(found) => Err(EnvError::ActionIndex { found, n }),
            Self::Continuous(_) => {
                Err(EnvError::ActionKind { found: "continuous", allowed: "discrete" })
            }
        }
    }

    /// The continuous action, if it has `N` values and all lie in `[low, high]` (NaN does not).
    #[inline]
    pub fn continuous<const N: usize>(self, low: f32, high: f32) -> Result<&'a [f32; N], EnvError> {
        let Self::Continuous(values) = self else {
            return Err(EnvError::ActionKind { found: "discrete", allowed: "continuous" });
        };
        let values: &[f32; N] = values
            .try_into()
            .map_err(|_| EnvError::ActionLen { found: values.len(), allowed: N })?;
        match values.iter().position(|v| !(low..=high).contains(v)) {
            None => Ok(values),
            Some(index) => Err(EnvError::ActionValue { index, found: values[index], low, high }),
        }
    }
}

/// An environment: a Markov decision process with its own generator.
///
/// - `obs` has the kind and the length of the observation space and is written in full by `reset` and `step`.
/// - Where [`crate::EnvSpec::frames`] is above 1, an episode begins with that many frames but one of zeros
///   before its first, and every step moves the frames by one and writes the last.
/// - Time limits are not the env's: [`crate::EnvSpec::max_episode_steps`] holds them and the engine keeps them.
/// - A wrong action is a typed error and leaves the env as it was; [`crate::check_env`] tests all of this.
pub trait Env: Send {
    /// Starts an episode. `Some(seed)` seeds the generator as Gymnasium's `reset(seed=..)` does;
    /// `None` goes on with it and is [`EnvError::SeedNeeded`] before the first seed.
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError>;

    /// Takes one step and writes the true successor into `obs`, also at an episode's end.
    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError>;

    /// Where the engine clips rewards to before an agent sees them; the returns of episodes are of the
    /// rewards as they are. None: it does not.
    fn reward_range(&self) -> Option<(f64, f64)> {
        None
    }

    /// Draws the present state; an env without a picture is [`EnvError::NoPicture`].
    fn render(&self) -> Result<Picture, EnvError> {
        Err(EnvError::NoPicture { why: "it draws none of itself".to_owned() })
    }

    /// The whole state, the generator included; [`crate::state::pack`] does it for serde types.
    fn save(&self) -> Result<Vec<u8>, EnvError>;

    /// Takes back what [`Env::save`] gave; on an error the env stays as it was.
    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError>;
}

/// Writes `values` into the observation buffer, which must be f32 and have exactly their length.
#[inline]
pub fn write_obs<const N: usize>(obs: ObsMut<'_>, values: [f32; N]) -> Result<(), EnvError> {
    obs.floats(N)?.copy_from_slice(&values);
    Ok(())
}

/// The generator of an env for a reset: a new one for `Some(seed)`, the old one for `None`.
pub fn generator(slot: &mut Option<EnvRng>, seed: Option<u64>) -> Result<&mut EnvRng, EnvError> {
    if let Some(seed) = seed {
        *slot = Some(EnvRng::new(seed));
    }
    slot.as_mut().ok_or(EnvError::SeedNeeded)
}
