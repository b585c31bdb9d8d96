//! Episodes as data: what others have done, for agents that learn without a step of their own, and what is known of
//! it as a whole. Files are the harness's.

mod actions;
mod split;
mod statistics;
mod trajectory;

pub use actions::ActionBuf;
pub use split::Split;
pub use statistics::{Moments, Statistics, Summing};
pub use trajectory::{Flaw, Trajectory};
