//! TensorBoard, without a plugin: a view of what the CSV files record, and of what pictures tell better.
//!
//! | in | run | what |
//! |---|---|---|
//! | `<variant>/seed-<n>/` | the same | curves; weights, gradients and masks by layer; config and costs as text; a session of HParams |
//! | `<variant>/` | the variant | mean return and its interval over the finished seeds |
//! | the run's folder | `.` | the experiment of HParams, the layout of Custom Scalars, config, plan and table as text |
//!
//! All messages are those of [`tensorboard_proto`]. A writer that fails never stops a job.

mod events;
mod histogram;
mod hparams;
mod image;
mod job;
pub mod keys;
mod layout;
mod run;
mod text;
mod value;
mod variant;
mod writer;

pub use events::hide;
pub use hparams::end;
pub use job::JobBoard;
pub use run::{begin_run, end_run};
pub use variant::write_variant;
