//! The statistics of "Deep RL at the Edge of the Statistical Precipice" (Agarwal et al. 2021), as the library
//! rliable 1.2.0 computes them: numbers in, estimates out.
//!
//! [`Scores`] are a method's, task by task and run by run. An [`Aggregate`] makes one number of them, and a
//! [`Bootstrap`] says how far that number may be off: it draws the runs of every task again, with replacement and
//! each task by itself, and takes the interval that holds 95 % of what comes. A resample only counts how often each
//! run was drawn, so that scores are sorted once and not once a resample.
//!
//! What cannot be estimated is none. So nothing is estimated of no scores at all, nor of scores among which one is
//! NaN or infinite ([`Scores::is_finite`]). Where one run is all there is of a task, a value has no interval, as one
//! run cannot show how runs differ (rliable gives an interval of width 0); nor has it one without resamples.

mod aggregate;
mod bootstrap;
mod contrast;
mod curve;
mod difference;
mod holm;
mod improvement;
mod interval;
mod pairs;
mod profile;
mod resample;
mod scores;
mod sign_flip;
mod sign_test;
mod slope;

pub use aggregate::Aggregate;
pub use bootstrap::Bootstrap;
pub use contrast::{Contrast, Member};
pub use curve::{Curve, Curves, Point};
pub use holm::holm;
pub use interval::{Estimate, Interval, percentile};
pub use pairs::{Pair, Pairs};
pub use resample::Resample;
pub use scores::Scores;
pub use sign_flip::sign_flip_p;
pub use sign_test::sign_test_p;
pub use slope::slope;
