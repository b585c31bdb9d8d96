//! The crate `gymnasium-rs` 0.1.1 (feature `gymnasium-rs`): its envs as ours, and ours as its.
//!
//! - `theirs::spec` makes an [`EnvSpec`] of any of its envs, which the engine then steps.
//! - `Ours` is an env of ours that implements its trait, so that its wrappers go around it.
//!
//! Its one env, a cart-pole, is the row `gymnasium-rs/CartPole-v1`. It is not CartPole-v1;
//! `tests/gymnasium_rs.rs` shows each difference:
//!
//! | what | CartPole-v1 | its |
//! |---|---|---|
//! | total mass | 1.1 kg | 1.0 kg, though the pole's 0.1 kg come on top |
//! | acceleration of the cart | less the pole's moment, 0.05 kg m | less half the pole's length, 0.5 m |
//! | reward of the last step | 1 | 0 |
//! | numbers | f64, observed as f32 | f32 |
//! | start | numpy's generator | `StdRng`, which is not portable |
//! | bound of the angle in its space | 24° | 12°, beyond which its own last observation lies |
//! | step limit | 500 | none; the row has the 500 of CartPole-v1 |
//!
//! Its wrappers borrow what they wrap and so cannot go to the engine's workers; its only one,
//! `TimeLimitWrapper`, is what the engine does with [`EnvSpec::max_episode_steps`].

#[cfg(feature = "gymnasium-rs")]
mod ours;
#[cfg(feature = "gymnasium-rs")]
pub mod theirs;

#[cfg(feature = "gymnasium-rs")]
pub use ours::Ours;

use crate::{EnvError, EnvRow, EnvSpec, Feature, Options};

const ID: &str = "gymnasium-rs/CartPole-v1";

/// The row of gymnasium-rs/CartPole-v1.
pub const ROW: EnvRow =
    EnvRow::new(ID, "the cart-pole of gymnasium-rs, which differs from CartPole-v1", spec)
        .needs(Feature::GymnasiumRs);

#[cfg(feature = "gymnasium-rs")]
fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    use ::gymnasium_rs::envs::cartpole::CartPole;

    let obs = crate::spec("CartPole-v1")?.obs;
    Ok(EnvSpec { obs, ..theirs::spec(ID, Some(500), CartPole::new)? })
}

#[cfg(not(feature = "gymnasium-rs"))]
fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    Err(EnvError::Feature { id: ID, feature: Feature::GymnasiumRs })
}
