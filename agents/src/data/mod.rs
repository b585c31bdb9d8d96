//! Episodes as data: what others have done, for agents that learn without a step of their own, and what is known of
//! it as a whole. Files are the harness's.

mod actions;
mod dataset;
mod episodes;
mod scales;
mod split;
mod statistics;
mod trajectory;
mod vocabulary;

pub use actions::ActionBuf;
pub use dataset::Dataset;
pub use episodes::{Episode, Episodes, Place};
pub use scales::{CLIP, Scales};
pub use split::Split;
pub use statistics::{Moments, Statistics, Summing};
pub use trajectory::{Flaw, Trajectory};
pub use vocabulary::Vocabulary;
