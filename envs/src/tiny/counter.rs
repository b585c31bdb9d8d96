//! Counter-v0: counts its steps, so that every row of a batch can be spelt out.
//!
//! Action: 0 or 1, without effect. Obs: [steps since the reset]. Reward: the new count. Start: 0.
//! End: after a chosen count, terminated or truncated by the env itself; Counter-v0 terminates at 10
//! and has no time limit. Nothing is random.

use serde::{Deserialize, Serialize};

use crate::env::write_obs;
use crate::{
    Action, End, Env, EnvError, EnvRow, EnvSpec, ObsMut, Options, Space, Step, maker, state,
};

const ID: &str = "Counter-v0";
/// Where Counter-v0 terminates.
const LENGTH: u32 = 10;

/// The row of Counter-v0.
pub const ROW: EnvRow = EnvRow::new(ID, "count to ten; a test of whoever steps it", spec);

fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    let obs = Space::uniform(&[1], 0.0, f32::INFINITY);
    let make = maker(|| Ok(Counter::new(Some((LENGTH, End::Terminated)))));
    Ok(EnvSpec::new(obs, Space::Discrete { n: 2 }, make))
}

/// The counter; see the [module](self).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Counter {
    end: Option<(u32, End)>,
    count: Option<u32>,
}

impl Counter {
    /// A counter that ends in this way when it reaches this count; None: it never ends.
    pub fn new(end: Option<(u32, End)>) -> Self {
        Self { end, count: None }
    }
}

impl Env for Counter {
    fn reset(&mut self, _seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.count = Some(0);
        write_obs(obs, [0.0])
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let count = self.count.as_mut().ok_or(EnvError::ResetNeeded)?;
        action.discrete(2)?;
        *count = count.saturating_add(1);
        write_obs(obs, [*count as f32])?;
        let end = self.end.and_then(|(at, end)| (*count >= at).then_some(end));
        Ok(Step { reward: f64::from(*count), end })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = state::unpack(ID, bytes)?;
        Ok(())
    }
}
