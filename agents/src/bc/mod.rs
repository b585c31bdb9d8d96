//! Behaviour cloning: supervised learning of the actions that a data set has (Pomerleau 1989), of a return that is asked
//! for where the policy is conditioned on it (RvS, Emmons et al. 2022, 2112.10751).
//!
//! `L = −mean log π(a | s, g)`, over steps that are drawn alike; `g` is the return-to-go, over the size of the data's
//! returns. Observations are `clip((x − mean) / deviation, ±10)` of the data. A Gaussian's actions are the environment's
//! bounds to `[−1, 1]`; an evaluation acts by its mean, and by the likeliest token of the others.
//!
//! Differs from RvS in:
//! 1. `g` is the return that is still to come in this episode, where theirs is its mean over the steps that are left;
//! 2. nothing is dropped out.

mod config;
mod head;
mod model;
mod row;

pub use config::BcConfig;
pub use head::Head;
pub use model::Cloner;
pub use row::ROW;
