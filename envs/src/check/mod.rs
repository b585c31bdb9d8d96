//! The contract of [`Env`](crate::Env) as a test that anyone can run on an env of their own.

mod episode;
mod group;
mod report;
mod rules;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{EnvError, EnvSpec};
pub use report::CheckReport;
use rules::RULES;

/// Runs every check of the contract; the first that fails is the error, with what was found.
///
/// Observations are finite and inside their space, every number of them written; the same seed gives the same bits; a reset without
/// a seed goes on with the generator; a saved state goes on with the same bits in another env; wrong
/// actions, wrong buffers, broken bytes and a step before the reset are errors that change nothing; in a
/// group each env does what it does alone.
///
/// ```
/// use sparring_envs::env::{Action, End, Env, Step, generator, write_obs};
/// use sparring_envs::{EnvError, EnvRng, EnvSpec, ObsMut, Space, check_env, maker, state};
/// use serde::{Deserialize, Serialize};
///
/// /// Guess the toss of a coin, eight times.
/// #[derive(Default, Serialize, Deserialize)]
/// struct Coin {
///     rng: Option<EnvRng>,
///     tosses: Option<u32>,
/// }
///
/// impl Env for Coin {
///     fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
///         generator(&mut self.rng, seed)?;
///         self.tosses = Some(0);
///         write_obs(obs, [0.0])
///     }
///
///     fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
///         let tosses = self.tosses.as_mut().ok_or(EnvError::ResetNeeded)?;
///         let guess = action.discrete(2)?;
///         let toss = generator(&mut self.rng, None)?.integers(2);
///         *tosses += 1;
///         write_obs(obs, [toss as f32])?;
///         let reward = if guess == toss { 1.0 } else { -1.0 };
///         Ok(Step { reward, end: (*tosses >= 8).then_some(End::Terminated) })
///     }
///
///     fn save(&self) -> Result<Vec<u8>, EnvError> {
///         state::pack("Coin-v0", self)
///     }
///
///     fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
///         *self = state::unpack("Coin-v0", bytes)?;
///         Ok(())
///     }
/// }
///
/// let make = maker(|| Ok(Coin::default()));
/// let obs = Space::uniform(&[1], 0.0, 1.0);
/// let spec = EnvSpec::new(obs, Space::Discrete { n: 2 }, make).named("Coin-v0");
/// let report = check_env(&spec)?;
/// assert!(report.random && report.episodes > 10);
/// # Ok::<(), EnvError>(())
/// ```
pub fn check_env(spec: &EnvSpec) -> Result<CheckReport, EnvError> {
    let mut report = CheckReport { id: spec.id, checks: Vec::new(), random: false, episodes: 0 };
    for (name, rule) in RULES {
        let outcome = catch_unwind(AssertUnwindSafe(|| rule(spec, &mut report)));
        let found = match outcome {
            Ok(Ok(())) => {
                report.checks.push(name);
                continue;
            }
            Ok(Err(found)) => found,
            Err(payload) => {
                let text = payload.downcast_ref::<String>().cloned();
                let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                format!("it panicked: {}", text.unwrap_or_default())
            }
        };
        return Err(EnvError::Contract { id: spec.id.to_owned(), check: name, found });
    }
    Ok(report)
}
