//! What makes a step a fault, and what becomes of the env.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::OnFault;
use super::chunk::{Chunk, Cursor};
use super::slab::Rows;
use crate::{EnvError, EnvRng, Obs, ObsMut};

/// Why an env failed.
#[derive(Debug)]
pub(super) enum Cause {
    Panic(String),
    Error(EnvError),
    Obs { index: usize, value: f32 },
    Reward(f64),
}

impl Cause {
    /// The message of a panic.
    pub fn panic(payload: Box<dyn Any + Send>) -> Self {
        let text = match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(other) => match other.downcast_ref::<&str>() {
                Some(text) => (*text).to_owned(),
                None => "a payload that is no text".to_owned(),
            },
        };
        Self::Panic(text)
    }
}

impl From<EnvError> for Cause {
    fn from(error: EnvError) -> Self {
        Self::Error(error)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(text) => write!(f, "it panicked: {text}"),
            Self::Error(error) => write!(f, "{error}"),
            Self::Obs { index, value } => {
                write!(f, "observation value {index} is {value}; it must be finite")
            }
            Self::Reward(value) => write!(f, "the reward is {value}; it must be finite"),
        }
    }
}

/// Refuses NaN and infinity in an observation.
#[inline]
pub(super) fn check_finite(obs: Obs<'_>) -> Result<(), Cause> {
    // A byte is always a number.
    let Obs::F32(obs) = obs else { return Ok(()) };
    // Without an early exit this is a vector loop, and a fault is rare.
    if obs.iter().fold(true, |finite, value| finite & value.is_finite()) {
        return Ok(());
    }
    let bad = obs.iter().enumerate().find(|(_, value)| !value.is_finite());
    bad.map_or(Ok(()), |(index, &value)| Err(Cause::Obs { index, value }))
}

/// Refuses NaN and infinity as a reward.
#[inline]
pub(super) fn check_reward(reward: f64) -> Result<(), Cause> {
    if reward.is_finite() { Ok(()) } else { Err(Cause::Reward(reward)) }
}

/// The seed of an env's restart: the `count`-th 64-bit draw of the generator of its first seed.
fn restart_seed(seed: u64, count: u32) -> u64 {
    let mut rng = EnvRng::new(seed);
    for _ in 1..count {
        rng.next_u64();
    }
    rng.next_u64()
}

impl Chunk {
    /// Deals with the fault of the env at the cursor as the policy says.
    pub(super) fn fail(&mut self, rows: &mut Rows<'_>, cursor: &Cursor, cause: &Cause) {
        let i = cursor.env;
        let mut fault = self.fault_at(cursor, cause.to_string());
        if !cursor.resetting {
            self.void.push(self.first + i);
            rows.reward[i] = 0.0;
            rows.end[i] = None;
        }
        let (mut obs, mut next) = rows.pair(i);
        obs.clear();
        let going = match self.on_fault {
            OnFault::Stop => false,
            OnFault::Restart { max } => self.restart(i, max, obs.reborrow(), &mut fault),
        };
        if !cursor.resetting {
            next.copy_from(obs.view());
        }
        if !going {
            self.fault.get_or_insert(fault);
        }
    }

    fn fault_at(&self, cursor: &Cursor, cause: String) -> EnvError {
        let i = cursor.env;
        EnvError::Fault {
            env: self.first + i,
            id: self.id.to_owned(),
            seed: self.counters.current_seeds[i],
            episode: self.counters.episodes[i],
            step: if cursor.resetting { 0 } else { self.counters.steps[i] + 1 },
            cause,
        }
    }

    /// Makes the env anew and resets it; false, with the last fault, if no restart is left.
    fn restart(&mut self, i: usize, max: u32, mut obs: ObsMut<'_>, fault: &mut EnvError) -> bool {
        while self.counters.restarts[i] < max {
            self.counters.restarts[i] += 1;
            self.counters.begin(i);
            let seed = restart_seed(self.counters.seeds[i], self.counters.restarts[i]);
            self.counters.current_seeds[i] = seed;
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                // The old env may panic again while it is dropped here.
                self.envs[i] = (self.make)()?;
                self.envs[i].reset(Some(seed), obs.reborrow())?;
                check_finite(obs.view())
            }));
            let cause = match outcome {
                Ok(Ok(())) => return true,
                Ok(Err(cause)) => cause,
                Err(payload) => Cause::panic(payload),
            };
            obs.clear();
            *fault = self.fault_at(&Cursor { env: i, resetting: true }, cause.to_string());
        }
        if let EnvError::Fault { cause, .. } = fault {
            cause.push_str(&format!(" (all {max} restarts of this env are used up)"));
        }
        false
    }
}
