//! Work that a stream recorded.

use std::sync::{Arc, Mutex};

use cudarc::driver::CudaGraph;

use super::super::{Asked, Graph};
use super::error::of_driver;
use crate::error::SparseError;

/// A graph of CUDA.
pub(super) struct Recorded {
    pub graph: CudaGraph,
    pub each: Asked,
    pub asked: Arc<Mutex<Asked>>,
}

// SAFETY: one owner at a time asks for it, and the calls name the context that they are for.
unsafe impl Send for Recorded {}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a graph of {} kernels", self.each.launches)
    }
}

impl Graph for Recorded {
    fn replay(&self) -> Result<(), SparseError> {
        if let Ok(mut asked) = self.asked.lock() {
            asked.launches += self.each.launches;
            asked.uploads += self.each.uploads;
            asked.downloads += self.each.downloads;
        }
        self.graph.launch().map_err(of_driver("a graph of cuda"))
    }
}
