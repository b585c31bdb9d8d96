//! Samples as a host has them, on their way to the slots that a network reads.

use super::image::Images;
use super::kernels::{KERNELS, Rows, launch};
use super::{Gpu, Precision};
use crate::error::SparseError;
use crate::kernels::{Border, Plane};

/// What each number of a sample is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbers {
    /// A float, as it is.
    Floats,
    /// A byte, which is divided.
    Bytes {
        /// By what.
        divisor: f32,
    },
}

/// Rows of samples and where they go.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// `(batch, features)` on the device.
    pub rows: u64,
    /// What their numbers are.
    pub numbers: Numbers,
    /// The slots of `plane`.
    pub to: u64,
    /// Where features stand.
    pub plane: &'a Plane,
    /// How slots are stored.
    pub stored: Precision,
    /// Samples.
    pub batch: usize,
    /// Samples, rounded up to whole warps.
    pub ld: usize,
}

/// Lets all of `each` be read.
///
/// # Errors
/// Those of the device.
pub fn read(gpu: &dyn Gpu, each: &[Reading<'_>]) -> Result<(), SparseError> {
    let (mut rows, mut floats, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for one in each {
        let (batch, ld, stored) = (one.batch as u32, one.ld as u32, one.stored);
        let image = |divisor| Images {
            rows: one.rows,
            slots: one.to,
            batch,
            ld,
            plane: one.plane.into(),
            divisor,
            stored,
        };
        match one.numbers {
            Numbers::Bytes { divisor } => bytes.push(image(divisor)),
            Numbers::Floats if one.plane.border == Border::default() => rows.push(Rows {
                rows: one.rows,
                slots: one.to,
                batch,
                ld,
                width: one.plane.size() as u32,
                stored,
            }),
            Numbers::Floats => floats.push(image(1.0)),
        }
    }
    // SAFETY: the caller's rows, and slots of these planes.
    unsafe {
        launch(gpu, &KERNELS, "rows_in", &rows, Rows::shape)?;
        launch(gpu, &KERNELS, "floats_in", &floats, Images::shape)?;
        launch(gpu, &KERNELS, "bytes_in", &bytes, Images::shape)
    }
}
