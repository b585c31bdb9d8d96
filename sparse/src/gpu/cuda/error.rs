//! What the driver refuses.

use cudarc::driver::DriverError;

use super::super::failed;
use crate::error::SparseError;

/// An error of the driver, while it did `what`.
pub(super) fn of_driver(what: &'static str) -> impl Fn(DriverError) -> SparseError {
    move |error| failed(what, error)
}
