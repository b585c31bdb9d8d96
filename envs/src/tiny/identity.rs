//! Identity-v0: the action must name the state. An agent that does not learn this learns nothing
//! (the idea of Stable-Baselines3's `test_identity`).
//!
//! Action: one of n (4). Obs: one-hot of the state, n values. Reward: 1 where the action equals the
//! state, else 0. Start and every next state: uniform. End: only by the limit of 100 steps, so the
//! best return is 100 and a random agent gets 100 / n.

use serde::{Deserialize, Serialize};

use crate::env::generator;
use crate::{
    Action, Env, EnvError, EnvRng, EnvRow, EnvSpec, ObsMut, Options, Space, Step, maker, state,
};

const ID: &str = "Identity-v0";
/// States of Identity-v0.
const STATES: u32 = 4;

/// The row of Identity-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "name the state that is shown; any agent must learn it", spec);

fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    let obs = Space::uniform(&[STATES as usize], 0.0, 1.0);
    let make = maker(|| Ok(Identity::new(STATES)));
    Ok(EnvSpec::new(obs, Space::Discrete { n: STATES }, make).limit(100))
}

/// The env; see the [module](self).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    states: u32,
    rng: Option<EnvRng>,
    shown: u32,
}

impl Identity {
    /// One with this many states and actions.
    pub fn new(states: u32) -> Self {
        Self { states, rng: None, shown: 0 }
    }

    fn draw(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.shown = generator(&mut self.rng, seed)?.integers(self.states);
        one_hot(obs, self.states as usize, self.shown as usize)
    }
}

/// Writes the one-hot vector of `index` among `states` values.
pub(crate) fn one_hot(obs: ObsMut<'_>, states: usize, index: usize) -> Result<(), EnvError> {
    let obs = obs.floats(states)?;
    obs.fill(0.0);
    obs[index] = 1.0;
    Ok(())
}

impl Env for Identity {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.draw(seed, obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let named = action.discrete(self.states)?;
        let reward = if named == self.shown { 1.0 } else { 0.0 };
        self.draw(None, obs)?;
        Ok(Step { reward, end: None })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = state::unpack(ID, bytes)?;
        Ok(())
    }
}
