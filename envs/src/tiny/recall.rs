//! Recall-v0: name the pixel that was lit one frame ago. Its observations are bytes and stack two frames, so
//! that only who keeps the two in order learns it; see [`super::identity`].
//!
//! Action: one of n (4). Obs: 2 frames of n bytes, shape (2, n), the newest last; one pixel of each is
//! 255, the others 0. Reward: 1 where the action names the pixel of the older frame, else 0. Start: an
//! older frame of zeros, which no action names. The new pixel is uniform. End: only by the limit of 100
//! steps, so the best return is 99 and a random agent gets 99 / n.

use serde::{Deserialize, Serialize};

use crate::env::generator;
use crate::{
    Action, Env, EnvError, EnvRng, EnvRow, EnvSpec, ObsMut, Options, Space, Step, maker, state,
};

const ID: &str = "Recall-v0";
/// Pixels of a frame.
const PIXELS: usize = 4;
const FRAMES: usize = 2;

/// The row of Recall-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "name the pixel that was lit one frame ago; a test of stacked frames", spec);

fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    let obs = Space::bytes(&[FRAMES, PIXELS]);
    let make = maker(|| Ok(Recall::default()));
    Ok(EnvSpec::new(obs, Space::Discrete { n: PIXELS as u32 }, make).stacked(FRAMES).limit(100))
}

/// The env; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Recall {
    rng: Option<EnvRng>,
    older: Option<u32>,
    newest: Option<u32>,
}

impl Recall {
    /// Lights a pixel of a new frame.
    fn light(&mut self, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.bytes(FRAMES * PIXELS)?;
        self.older = self.newest;
        self.newest = Some(generator(&mut self.rng, None)?.integers(PIXELS as u32));
        obs.fill(0);
        for (frame, lit) in obs.chunks_exact_mut(PIXELS).zip([self.older, self.newest]) {
            if let Some(lit) = lit {
                frame[lit as usize] = u8::MAX;
            }
        }
        Ok(())
    }
}

impl Env for Recall {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        generator(&mut self.rng, seed)?;
        self.newest = None;
        self.light(obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.newest.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let named = action.discrete(PIXELS as u32)?;
        let reward = if self.older == Some(named) { 1.0 } else { 0.0 };
        self.light(obs)?;
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
