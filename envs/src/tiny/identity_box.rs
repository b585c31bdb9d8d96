//! IdentityBox-v0: the continuous action must repeat the observation; see [`super::identity`].
//!
//! Action: one value in [-1, 1]. Obs: one value x in [-1, 1]. Reward: -(a - x)² for the x that the
//! agent saw; from -4 to 0. Start and every next x: uniform. End: only by the limit of 100 steps; a
//! uniformly random agent gets -2/3 per step.

use serde::{Deserialize, Serialize};

use crate::env::{generator, write_obs};
use crate::{
    Action, Env, EnvError, EnvRng, EnvRow, EnvSpec, ObsMut, Options, Space, Step, maker, state,
};

const ID: &str = "IdentityBox-v0";

/// The row of IdentityBox-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "repeat the number that is shown; any continuous agent must learn it", spec);

fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    let obs = Space::uniform(&[1], -1.0, 1.0);
    let make = maker(|| Ok(IdentityBox::default()));
    Ok(EnvSpec::new(obs, Space::uniform(&[1], -1.0, 1.0), make).limit(100))
}

/// The env; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct IdentityBox {
    rng: Option<EnvRng>,
    shown: f32,
}

impl IdentityBox {
    /// One that waits for its first reset.
    pub fn new() -> Self {
        Self::default()
    }

    fn draw(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.shown = generator(&mut self.rng, seed)?.uniform(-1.0, 1.0) as f32;
        write_obs(obs, [self.shown])
    }
}

impl Env for IdentityBox {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.draw(seed, obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let &[said] = action.continuous(-1.0, 1.0)?;
        let miss = f64::from(said) - f64::from(self.shown);
        self.draw(None, obs)?;
        Ok(Step { reward: -(miss * miss), end: None })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = state::unpack(ID, bytes)?;
        Ok(())
    }
}
