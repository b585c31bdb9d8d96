//! Work that is asked for again and again: recorded once, then asked for as one piece.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Gpu, Graph};
use crate::error::SparseError;

/// Whether work is recorded at all: switched off where the worth of graphs is measured.
pub static RECORDS: AtomicBool = AtomicBool::new(true);

/// Work of one kind.
#[derive(Debug, Default)]
pub struct Repeated {
    graph: Option<Box<dyn Graph>>,
}

impl Repeated {
    /// Lets `gpu` do what `ask` asks for, which is the same each time until [`Self::forget`].
    ///
    /// # Errors
    /// Those of `ask` and of the device.
    pub fn run(
        &mut self,
        gpu: &dyn Gpu,
        ask: impl Fn() -> Result<(), SparseError>,
    ) -> Result<(), SparseError> {
        if !RECORDS.load(Ordering::Relaxed) {
            return ask();
        }
        let graph = match self.graph.take() {
            Some(graph) => graph,
            None => gpu.record(&mut || ask())?,
        };
        graph.replay()?;
        self.graph = Some(graph);
        Ok(())
    }

    /// The memory that it names is another now.
    pub fn forget(&mut self) {
        self.graph = None;
    }
}
