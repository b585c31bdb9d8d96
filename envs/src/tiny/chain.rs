//! Chain-v0: walk right along a short chain; the smallest task in which reward comes late.
//!
//! Action: 0 left, 1 right. Obs: one-hot of the place, n values. Reward: 1 on reaching the right end,
//! else 0. Start: the left end, whose wall holds. End: terminated at the right end; the limit is 50
//! steps. Nothing is random; the best episode takes n - 1 steps, so under discount γ the value of place
//! i is γ^(n - 2 - i). The option `places` is n.

use serde::{Deserialize, Serialize};

use super::identity::one_hot;
use crate::{
    Action, End, Env, EnvError, EnvOption, EnvRow, EnvSpec, Limits, ObsMut, OptionValue, Options,
    Space, Step, maker, state,
};

const ID: &str = "Chain-v0";
const OPTIONS: &[EnvOption] = &[EnvOption {
    key: "places",
    default: OptionValue::Whole(5),
    limits: Limits::Within(2.0, 50.0),
    about: "places of the chain",
}];

/// The row of Chain-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "walk to the right end of a chain; its reward comes late", spec)
        .options(OPTIONS);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let places = options.u32("places")?;
    let obs = Space::uniform(&[places as usize], 0.0, 1.0);
    let make = maker(move || Ok(Chain::new(places)));
    Ok(EnvSpec::new(obs, Space::Discrete { n: 2 }, make).limit(50))
}

/// The chain; see the [module](self).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Chain {
    places: u32,
    place: Option<u32>,
}

impl Chain {
    /// One with this many places, at least two.
    pub fn new(places: u32) -> Self {
        Self { places: places.max(2), place: None }
    }
}

impl Env for Chain {
    fn reset(&mut self, _seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.place = Some(0);
        one_hot(obs, self.places as usize, 0)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let place = self.place.as_mut().ok_or(EnvError::ResetNeeded)?;
        let last = self.places - 1;
        *place = match action.discrete(2)? {
            0 => place.saturating_sub(1),
            _ => last.min(*place + 1),
        };
        one_hot(obs, self.places as usize, *place as usize)?;
        let there = *place == last;
        Ok(Step { reward: if there { 1.0 } else { 0.0 }, end: there.then_some(End::Terminated) })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = state::unpack(ID, bytes)?;
        Ok(())
    }
}
