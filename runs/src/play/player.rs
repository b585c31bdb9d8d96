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
    /// The action for `obs (obs_dim)`; `before` is what the step before brought, none where an episode begins.
    pub fn act(
        &mut self,
        space: &Space,
        obs: Obs<'_>,
        before: Option<f64>,
    ) -> Result<Sample, Error> {
        match self {
            Self::Random(rng) => Ok(space.sample(rng)),
            Self::Policy(agent) => {
                let (first, rewards) = (&[before.is_none()], &[before.unwrap_or(0.0)]);
                let seen = Observations { obs, envs: &[0], first, rewards };
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
