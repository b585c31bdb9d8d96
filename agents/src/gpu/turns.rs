//! Gradient steps that a device was asked for before the host has read what the last ones gave.

use std::sync::Arc;

use sparring_sparse::SparseError;
use sparring_sparse::gpu::{Gpu, Mark};

/// Steps that may be under way at once: while the device is at one, the host prepares and asks for the next, so that
/// the device never waits for the host.
pub const DEPTH: usize = 2;

/// Which memory each step has.
#[derive(Debug)]
pub struct Turns {
    marks: [Box<dyn Mark>; DEPTH],
    next: usize,
    under_way: usize,
}

impl Turns {
    /// None is under way.
    ///
    /// # Errors
    /// Those of the device.
    pub fn new(gpu: &Arc<dyn Gpu>) -> Result<Self, SparseError> {
        Ok(Self { marks: [gpu.mark()?, gpu.mark()?], next: 0, under_way: 0 })
    }

    /// The turn of the next step; its memory is free where less than [`DEPTH`] are under way.
    pub fn next(&self) -> usize {
        self.next
    }

    /// Steps whose results nobody has read.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// All of the next step was asked for.
    ///
    /// # Errors
    /// Those of the device.
    pub fn asked(&mut self) -> Result<(), SparseError> {
        self.marks[self.next].set()?;
        self.next = (self.next + 1) % DEPTH;
        self.under_way += 1;
        Ok(())
    }

    /// Waits for the oldest step under way: its turn, whose results are to be read; nothing where none is.
    ///
    /// # Errors
    /// Those of the work.
    pub fn finish(&mut self) -> Result<Option<usize>, SparseError> {
        if self.under_way == 0 {
            return Ok(None);
        }
        let oldest = (self.next + DEPTH - self.under_way) % DEPTH;
        self.under_way -= 1;
        self.marks[oldest].wait()?;
        Ok(Some(oldest))
    }
}
