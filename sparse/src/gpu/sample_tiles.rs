//! The gradient of a large sparse layer's weights, whose slots pass through shared memory, a chunk of them at a time.

use std::sync::Arc;

use super::kernels::{Argument, Sample};
use super::precision::both;
use super::tiles::Chunks;
use super::{Gpu, Launch, Name, Precision};
use crate::error::SparseError;
use crate::kernels::entries::Entries;

/// Of `sample_tiled` and `sample_wide`: [`Sample`] by chunks of the slots of `x`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct SampleTiled {
    pub all: Sample,
    /// `bound[row · chunks + c]` is the first entry of the row in chunk `c`.
    pub bound: u64,
    pub cols: u32,
    pub chunk: u32,
    pub chunks: u32,
    pub pad: u32,
}

// SAFETY: a struct of C whose fields of 8 bytes come first and whose size is a multiple of 8.
unsafe impl Argument for SampleTiled {}

/// Slots and samples from which on it pays, by `scripts/gpu/kernels.py` on an H200.
const FEWEST: [usize; 2] = [512, 256];

/// Kernels, and the samples that each takes at a time.
const KERNELS: [(Name, usize); 2] = [(both!("sample_tiled"), 256), (both!("sample_wide"), 512)];

/// Warps of a block, and blocks that fill a device with 132 multiprocessors.
const WARPS: u32 = 16;
const BLOCKS: u32 = 132;

/// How it is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SamplePlan {
    name: Name,
    precision: Precision,
    /// Samples at a time.
    samples: usize,
}

impl SamplePlan {
    /// The kernel.
    pub fn kernel(&self) -> &'static str {
        self.name.of(self.precision)
    }

    /// Blocks that share the rows, for each chunk.
    pub fn shape(&self, one: &SampleTiled) -> Launch {
        let Sample { rows, ld, .. } = one.all;
        let blocks = (BLOCKS / one.chunks).clamp(1, rows.div_ceil(WARPS).max(1));
        let bytes = ld.min(self.samples as u32) * self.precision.bytes() as u32;
        let shared = one.chunk * bytes;
        Launch { grid: [blocks, one.chunks, 1], block: [32, WARPS, 1], shared }
    }
}

/// The chunks of a layer's slots for each of [`KERNELS`].
#[derive(Debug)]
pub(super) struct SampleTiles {
    slots: usize,
    precision: Precision,
    by_kernel: Vec<Chunks>,
}

impl SampleTiles {
    /// Of the entries of rows over `slots` slots of `precision`.
    pub fn of(
        gpu: &Arc<dyn Gpu>,
        entries: Entries<'_>,
        slots: usize,
        precision: Precision,
    ) -> Result<Self, SparseError> {
        let chunks = |(_, samples): (Name, usize)| {
            let most = (gpu.shared_bytes() / (precision.bytes() * samples)).max(1);
            Chunks::of(gpu, entries, slots, slots.div_ceil(slots.div_ceil(most)))
        };
        let [least, _] = FEWEST;
        let kernels = KERNELS.into_iter().filter(|_| slots >= least);
        Ok(Self { slots, precision, by_kernel: kernels.map(chunks).collect::<Result<_, _>>()? })
    }

    /// The same memory with other entries, as many.
    pub fn write(&mut self, entries: Entries<'_>) -> Result<(), SparseError> {
        self.by_kernel.iter_mut().try_for_each(|chunks| chunks.write(entries, self.slots))
    }

    /// `all` by chunks, where that pays.
    pub fn plan(&self, all: Sample) -> Option<(SamplePlan, SampleTiled)> {
        let ([_, least], ld) = (FEWEST, all.ld as usize);
        let mut kernels = KERNELS.into_iter().zip(&self.by_kernel);
        let [first, _] = KERNELS.map(|(_, samples)| samples);
        let ((name, samples), chunks) = match ld {
            _ if ld < least => None,
            _ if ld <= first => kernels.next(),
            _ => kernels.next_back(),
        }?;
        let Chunks { chunk, bound } = chunks;
        let tiled = SampleTiled {
            all,
            bound: bound.at(0),
            cols: self.slots as u32,
            chunk: *chunk as u32,
            chunks: self.slots.div_ceil(*chunk) as u32,
            pad: 0,
        };
        Some((SamplePlan { name, precision: self.precision, samples }, tiled))
    }
}
