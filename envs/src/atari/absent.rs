//! Stands in for `env.rs` in a build that cannot play the games.

use crate::{EnvError, EnvSpec, Feature, Options};

/// The error that names what the build lacks.
pub(super) fn spec(id: &'static str, _: &Options) -> Result<EnvSpec, EnvError> {
    Err(EnvError::Feature { id, feature: Feature::Atari })
}
