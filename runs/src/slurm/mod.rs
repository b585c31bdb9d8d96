//! A run on a Slurm cluster: an array job over what is still to be done.
//!
//! Slurm answers what is queued, runs or is gone; what is finished the run's folder says. A task trains one job
//! after the other, or as many as `--chunk` says, and is safe to be requeued at any moment: each life goes on from
//! the last checkpoint, and a copy that a cut-off node still runs stops writing when it meets a later life.

mod query;
mod script;
mod submit;
mod task;

pub use submit::{Submission, states, submit};
pub use task::task;
