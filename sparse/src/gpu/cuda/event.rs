//! Places in a stream of work.

use std::sync::{Arc, Mutex};

use cudarc::driver::{CudaStream, result, sys};

use super::super::{Asked, Mark};
use super::error::of_driver;
use crate::error::SparseError;

/// An event of CUDA.
#[derive(Debug)]
pub(super) struct Event(pub sys::CUevent);

// SAFETY: a handle; who has the device uses it.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

impl Event {
    pub fn new() -> Result<Self, SparseError> {
        let flags = sys::CUevent_flags::CU_EVENT_DISABLE_TIMING;
        Ok(Self(result::event::create(flags).map_err(of_driver("an event of cuda"))?))
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: made by `Cuda::open`. An error would come again.
        let _ = unsafe { result::event::destroy(self.0) };
    }
}

/// A place in the stream.
#[derive(Debug)]
pub(super) struct Place {
    pub event: Event,
    pub stream: Arc<CudaStream>,
    pub asked: Arc<Mutex<Asked>>,
}

impl Mark for Place {
    fn set(&self) -> Result<(), SparseError> {
        // SAFETY: handles of this value.
        unsafe { result::event::record(self.event.0, self.stream.cu_stream()) }
            .map_err(of_driver("a mark among work"))
    }

    fn wait(&self) -> Result<(), SparseError> {
        if let Ok(mut asked) = self.asked.lock() {
            asked.waits += 1;
        }
        // SAFETY: a handle of this value.
        unsafe { result::event::synchronize(self.event.0) }.map_err(of_driver("work of the device"))
    }
}
