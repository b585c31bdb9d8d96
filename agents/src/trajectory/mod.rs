//! Policies that continue episodes as sequences of tokens.
//!
//! | file | what |
//! |---|---|
//! | `vocabulary.rs` | actions as tokens |
//! | `scales.rs` | what observations and returns are scaled by |
//! | `layout.rs` | steps as rows of a transformer |
//! | `episodes.rs` | windows of episodes |
//! | `asked.rs` | rows, and the tokens that they are asked for |
//! | `decoder.rs` | the causal transformer and its loss |
//! | `acting.rs` | an episode under way, token by token |
//! | `denoiser.rs` | plans that are repaired until they stand |

mod acting;
mod asked;
mod decoder;
mod denoiser;
mod episodes;
mod layout;
mod scales;
mod vocabulary;

pub use acting::Under;
pub use decoder::{Decoder, Training};
pub use denoiser::{Denoiser, PlanLayout, Plans, Sampling};
pub use episodes::{Episodes, Windows};
pub use layout::{Layout, Token};
pub use scales::Scales;
pub use vocabulary::Vocabulary;
