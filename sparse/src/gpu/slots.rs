//! Features of a batch on a device, as they are stored.

use std::sync::Arc;

use super::{Buffer, Gpu, Precision};
use crate::error::SparseError;
use crate::kernels::{Border, Plane};

/// Numbers of slots on a device, `(slots, ld)`.
#[derive(Debug)]
pub struct Slots {
    halves: Buffer<u16>,
    precision: Precision,
}

impl Slots {
    /// None.
    ///
    /// # Errors
    /// Those of the device.
    pub fn none(gpu: &Arc<dyn Gpu>, precision: Precision) -> Result<Self, SparseError> {
        Self::room(gpu, 0, precision)
    }

    /// Room for `len` numbers on `gpu`, which means nothing until it is written.
    ///
    /// # Errors
    /// No memory left.
    pub fn room(gpu: &Arc<dyn Gpu>, len: usize, precision: Precision) -> Result<Self, SparseError> {
        let halves = Buffer::room(gpu, len * precision.bytes() / size_of::<u16>())?;
        Ok(Self { halves, precision })
    }

    /// Those of `plane` for `ld` samples. Nobody writes a border: it is zero from the beginning.
    ///
    /// # Errors
    /// No memory left.
    pub fn of_plane(
        gpu: &Arc<dyn Gpu>,
        plane: &Plane,
        ld: usize,
        precision: Precision,
    ) -> Result<Self, SparseError> {
        let len = plane.slots() * ld;
        if plane.border == Border::default() {
            return Self::room(gpu, len, precision);
        }
        let halves = Buffer::zeros(gpu, len * precision.bytes() / size_of::<u16>())?;
        Ok(Self { halves, precision })
    }

    /// Where number `index` is.
    pub fn at(&self, index: usize) -> u64 {
        self.halves.at(index * self.precision.bytes() / size_of::<u16>())
    }

    /// How they are stored.
    pub fn precision(&self) -> Precision {
        self.precision
    }
}
