//! What makes a step a fault.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::slab::Rows;
use crate::{EnvError, EnvRng, Obs};

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

/// What `work` on an env gives; a panic in it becomes a cause.
#[inline]
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(Cause::panic(payload)))
}

/// Adds the envs to `failed` whose reward or successor is NaN or infinity, and keeps it ascending.
pub(super) fn find_infinite(rows: &mut Rows<'_>, failed: &mut Vec<(usize, Cause)>) {
    // Without an early exit this is a vector loop, and a fault is rare.
    let finite = rows.reward.iter().fold(true, |finite, reward| finite & reward.is_finite());
    if finite && check_finite(rows.next.view()).is_ok() {
        return;
    }
    for i in 0..rows.reward.len() {
        let reward = rows.reward[i];
        let cause = match check_finite(rows.next(i).view()) {
            _ if !reward.is_finite() => Cause::Reward(reward),
            Err(cause) => cause,
            Ok(()) => continue,
        };
        if failed.iter().all(|&(env, _)| env != i) {
            failed.push((i, cause));
        }
    }
    failed.sort_unstable_by_key(|&(env, _)| env);
}

/// The seed of an env's restart: the `count`-th 64-bit draw of the generator of its first seed.
pub(super) fn restart_seed(seed: u64, count: u32) -> u64 {
    let mut rng = EnvRng::new(seed);
    for _ in 1..count {
        rng.next_u64();
    }
    rng.next_u64()
}
