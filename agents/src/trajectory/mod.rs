//! Policies that continue episodes as sequences of tokens.
//!
//! | file | what |
//! |---|---|
//! | `layout.rs` | steps as rows of a transformer |
//! | `windows.rs` | windows of episodes |
//! | `decoder.rs` | the causal transformer and its loss |
//! | `acting.rs` | an episode under way, token by token |
//! | `plans.rs` | plans of actions as rows of a transformer |
//! | `config.rs`, `row.rs` | what is chosen, and the row of the agent |
//! | `retro/` | a decoder that reads what others did in like situations |
//! | `denoiser.rs` | plans that are repaired until they stand |

mod acting;
mod config;
mod decoder;
mod denoiser;
mod layout;
mod plans;
pub mod retro;
mod row;
mod windows;

pub use acting::Under;
pub use config::{ModelName, TrajectoryConfig};
pub use decoder::{Decoder, Training};
pub use denoiser::{Denoiser, Sampling};
pub use layout::{Layout, Token, TokenRows};
pub use plans::{PlanLayout, Plans};
pub use row::ROW;
pub use windows::Windows;
