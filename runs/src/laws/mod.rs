//! Laws of scale, fitted to anybody's rows: what a network's parameters, steps, updates, batch and experts buy.
//!
//! Each law is a file and a row of [`LAWS`], which says what it takes and how it is fitted. Laws that are sums of powers
//! share `power_sum`; what is minimised stands in `objective` and `descent`, the intervals in `resamples`.

mod args;
mod batch;
mod chinchilla;
mod command;
mod data;
mod descent;
mod envelope;
mod estimate;
mod fit;
mod frame;
mod frontier;
mod intrinsic;
mod isoflop;
mod isotonic;
mod linear;
mod objective;
mod power;
mod power_sum;
mod registry;
mod resamples;
mod routing;
mod row;
mod shown;
mod simplex;
mod slopes;
mod sum;
mod threshold;
mod utd;
mod which_n;

pub use args::FitArgs;
pub use command::{fit as run, list};
pub use data::Data;
pub use fit::{Constant, Fit};
pub use registry::LAWS;
pub use row::{LawRow, Request};
