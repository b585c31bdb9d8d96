//! Who chooses the actions.

use sparring_agents::Agent;
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
    /// The action for `obs (obs_dim)`.
    pub fn act(&mut self, space: &Space, obs: Obs<'_>) -> Result<Sample, Error> {
        match self {
            Self::Random(rng) => Ok(space.sample(rng)),
            Self::Policy(agent) => match agent.act_eval(obs) {
                Ok(Actions::Discrete(actions)) => {
                    Ok(Sample::Discrete(actions.first().copied().unwrap_or_default()))
                }
                Ok(Actions::Continuous(values)) => Ok(Sample::Continuous(values.to_vec())),
                Err(error) => {
                    Err(Error::System { what: "choose an action", source: Box::new(error) })
                }
            },
        }
    }
}
