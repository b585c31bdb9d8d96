//! Laws of scale, fitted to anybody's rows: what a network's parameters, steps, updates, batch and experts buy.
//!
//! Each law is a file and a row of [`LAWS`], which says what it takes and how it is fitted. Laws that are sums of powers
//! share `power_sum`; what is minimised stands in `objective` and `descent`, the intervals in `resamples`.

mod args;
pub(crate) mod batch;
pub(crate) mod chinchilla;
mod command;
mod data;
mod descent;
mod envelope;
mod estimate;
mod fit;
mod frame;
mod frontier;
pub(crate) mod intrinsic;
mod isoflop;
pub(crate) mod isotonic;
mod linear;
mod objective;
mod power;
mod power_sum;
mod registry;
pub(crate) mod resamples;
pub(crate) mod routing;
mod row;
pub(crate) mod shown;
mod simplex;
mod slopes;
pub(crate) mod sum;
pub(crate) mod threshold;
pub(crate) mod utd;
pub(crate) mod which_n;

pub use args::FitArgs;
pub use command::{Asked, find, fit as run, list};
pub use data::Data;
pub use fit::{Constant, Fit};
pub use registry::LAWS;
pub use row::{LawRow, Request};
