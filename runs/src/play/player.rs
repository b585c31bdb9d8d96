//! Who chooses the actions.

use sparring_agents::{Agent, Mode, Observations};
use sparring_envs::{Actions, EnvRng, Obs, Sample, Space};

use crate::error::Error;

/// A source of actions for one env.
pub enum Player {
    /// Points of the action space, as Gymnasium's `sample()` draws them.
    Random(EnvRng),
    /// The evaluation policy of an agent.
    Policy(Box<dyn Agent>),
}

impl Player {
    /// The action for `obs (obs_dim)`, which may be the first of an episode.
    pub fn act(&mut self, space: &Space, obs: Obs<'_>, first: bool) -> Result<Sample, Error> {
        match self {
            Self::Random(rng) => Ok(space.sample(rng)),
            Self::Policy(agent) => {
                let seen = Observations { obs, envs: &[0], first: &[first] };
                match agent.act(seen, Mode::Eval) {
                    Ok(Actions::Discrete(actions)) => {
                        Ok(Sample::Discrete(actions.first().copied().unwrap_or_default()))
                    }
                    Ok(Actions::Continuous(values)) => Ok(Sample::Continuous(values.to_vec())),
                    Err(error) => {
                        Err(Error::System { what: "choose an action", source: Box::new(error) })
                    }
                }
            }
        }
    }
}
