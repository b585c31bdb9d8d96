//! Bandit-v0: one arm of a few pays, the same in every episode.
//!
//! Action: an arm. Obs: one value, always 1. Reward: 1 for the arm in the middle, else 0. End: truncated after
//! ten steps, by the engine.

use sparring_envs::{
    Action, Env, EnvError, EnvOption, EnvRow, EnvSpec, Limits, ObsMut, OptionValue, Options, Space,
    Step, maker,
};

const ID: &str = "Bandit-v0";
const OPTIONS: &[EnvOption] = &[EnvOption {
    key: "arms",
    default: OptionValue::Whole(5),
    limits: Limits::Within(2.0, 100.0),
    about: "arms, of which the one in the middle pays",
}];

/// The row of Bandit-v0.
pub static ROW: EnvRow =
    EnvRow::new(ID, "one arm of a few pays; an example from another crate", spec).options(OPTIONS);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let arms = options.u32("arms")?;
    let obs = Space::uniform(&[1], 0.0, 1.0);
    let make = maker(move || Ok(Bandit { arms }));
    Ok(EnvSpec::new(obs, Space::Discrete { n: arms }, make).limit(10))
}

struct Bandit {
    arms: u32,
}

impl Env for Bandit {
    fn reset(&mut self, _seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        obs.floats(1)?.fill(1.0);
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let arm = action.discrete(self.arms)?;
        obs.floats(1)?.fill(1.0);
        Ok(Step { reward: if arm == self.arms / 2 { 1.0 } else { 0.0 }, end: None })
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), EnvError> {
        Ok(())
    }
}
