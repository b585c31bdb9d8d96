//! The environments of Sparring and the engine that steps many of them at once.
//!
//! The [`registry`] has a row for each env, which with its [`Options`] settled is an [`EnvSpec`]; a
//! [`VectorEnv`] makes and steps n of them:
//!
//! ```
//! use sparring_envs::{Actions, End, VectorConfig, VectorEnv, spec};
//!
//! let spec = spec("CartPole-v1")?;
//! let config = VectorConfig { num_envs: 4, ..VectorConfig::default() };
//! let mut envs = VectorEnv::new(&spec, &[10, 11, 12, 13], &config)?;
//! let mut returns = Vec::new();
//! for _ in 0..100 {
//!     // An agent would look at envs.obs(), shape (4, 4); this one always pushes right.
//!     let batch = envs.step(Actions::Discrete(&[1; 4]))?;
//!     for step in batch.rows() {
//!         let done = step.end == Some(End::Terminated); // no bootstrap from `next` then
//!         // (obs, action, reward, next, done) is the transition.
//!         let _ = (step.obs, step.reward, step.next, done);
//!     }
//!     returns.extend(batch.finished.iter().map(|episode| episode.ret));
//! }
//! assert!(returns.len() > 30 && returns.iter().all(|&ret| (8.0..12.0).contains(&ret)));
//! # Ok::<(), sparring_envs::EnvError>(())
//! ```
//!
//! - A seed gives the very episode that Gymnasium 1.4.0 gives, bit for bit ([`classic`], [`EnvRng`]).
//! - The number of workers changes the time and nothing else ([`vector`]).
//! - [`check_env`] tests an env of your own against the contract of [`Env`]; rules that can be worked out for
//!   many envs at once may be an [`EnvGroup`] beside it.

pub mod atari;
pub mod check;
pub mod classic;
mod dtype;
pub mod env;
mod error;
mod feature;
pub mod group;
pub mod gymnasium_rs;
mod libm;
pub mod minatar;
pub mod mujoco;
mod normal;
pub mod obs;
mod options;
pub mod picture;
mod registry;
mod rng;
#[cfg(any(feature = "mujoco", feature = "atari"))]
mod simulators;
mod space;
mod spec;
pub mod state;
pub mod tiny;
pub mod vector;
pub mod wrappers;

pub use check::{CheckReport, check_env};
pub use dtype::Dtype;
pub use env::{Action, End, Env, Step};
pub use error::{EnvError, Fault};
pub use feature::Feature;
pub use group::{EnvGroup, GroupRows};
pub use obs::{Obs, ObsBuf, ObsMut};
pub use options::{EnvOption, Limits, OptionValue, Options};
pub use picture::Picture;
pub use registry::{find, registry, spec};
pub use rng::EnvRng;
pub use space::{Sample, Space};
pub use spec::{EnvRow, EnvSpec, Make, maker};
pub use vector::{
    Actions, AsyncVectorEnv, Autoreset, Batch, Episode, OnFault, Row, StepRow, VectorConfig,
    VectorEnv, episode_seed,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
