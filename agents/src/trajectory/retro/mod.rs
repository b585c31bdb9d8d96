//! A decoder that reads what others did in like situations (after RETRO, Borgeaud et al. 2022, 2112.04426).
//!
//! | file | what |
//! |---|---|
//! | `database.rs` | chunks of episodes, their keys, and the nearest of a query |
//! | `rows.rs` | sequences with the rows of their neighbours behind them |
//! | `model.rs` | the transformer over both, and how it acts |
//! | `retrofit.rs` | a trained decoder as its beginning |
//!
//! A sequence is cut into chunks of `m` steps. The `k` nearest chunks of a chunk, each with the `m` steps that followed
//! it, stand behind the sequence, and the chunk after it reads them ([`Sees::Retrieved`]): the first chunk reads none. A
//! retrieved step is one row: return-to-go, observation and action at once.
//!
//! `key = P · mean over the chunk of clip((s − mean)/deviation, ±10)`, with a `P` that is drawn once for all and never
//! learnt, or `P = I` where an observation has no more numbers than a key. Of a query in training no chunk of its own
//! episode is a neighbour.
//!
//! Differs from RETRO in:
//! 1. one attention reads the sequence and its neighbours, where theirs has an encoder of neighbours and a
//!    cross-attention of its own in every third block; so a trained decoder can be its beginning, and is no part of it that
//!    could be kept as it is;
//! 2. keys are projections of observations, where theirs are outputs of BERT.
//!
//! [`Sees::Retrieved`]: sparring_sparse::attention::Sees::Retrieved

mod database;
mod model;
mod retrofit;
mod rows;

pub use database::{Chunks, Database};
pub use model::Retro;
pub use rows::RetroLayout;
