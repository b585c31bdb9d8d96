//! A time limit around one env that no engine steps. The engine keeps the limit of a spec itself
//! ([`crate::EnvSpec::limit`]); whoever steps an env alone wraps it as Gymnasium's `TimeLimit` does.
//!
//! ```
//! use sparring_envs::tiny::counter::Counter;
//! use sparring_envs::wrappers::time_limit::TimeLimit;
//! use sparring_envs::{Action, End, Env, ObsMut};
//!
//! let (mut env, mut obs) = (TimeLimit::new(Counter::new(None), 2), [0.0]);
//! env.reset(Some(1), ObsMut::F32(&mut obs))?;
//! let ends = [0, 1].map(|action| env.step(Action::Discrete(action), ObsMut::F32(&mut obs)).map(|step| step.end));
//! assert_eq!(ends, [Ok(None), Ok(Some(End::Truncated))]);
//! # Ok::<(), sparring_envs::EnvError>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::{Action, End, Env, EnvError, ObsMut, Picture, Step, state};

const ID: &str = "TimeLimit";

/// An env whose episodes are truncated after so many steps. Terminated wins where the env terminates on the last.
pub struct TimeLimit<E> {
    inner: E,
    limit: u32,
    /// Steps of the present episode.
    steps: u32,
}

/// A saved state.
#[derive(Serialize, Deserialize)]
struct Saved {
    inner: Vec<u8>,
    steps: u32,
}

impl<E: Env> TimeLimit<E> {
    /// At most `limit` steps an episode.
    pub fn new(inner: E, limit: u32) -> Self {
        Self { inner, limit, steps: 0 }
    }
}

impl<E: Env> Env for TimeLimit<E> {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.inner.reset(seed, obs)?;
        self.steps = 0;
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let Step { reward, end } = self.inner.step(action, obs)?;
        self.steps = self.steps.saturating_add(1);
        let late = (self.steps >= self.limit).then_some(End::Truncated);
        Ok(Step { reward, end: end.or(late) })
    }

    fn reward_range(&self) -> Option<(f64, f64)> {
        self.inner.reward_range()
    }

    fn render(&self) -> Result<Picture, EnvError> {
        self.inner.render()
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, &Saved { inner: self.inner.save()?, steps: self.steps })
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let Saved { inner, steps } = state::unpack(ID, bytes)?;
        self.inner.restore(&inner)?;
        self.steps = steps;
        Ok(())
    }
}
