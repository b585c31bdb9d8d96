//! The product of a sparse layer whose slots pass through shared memory, a chunk of them at a time.

use std::sync::Arc;

use super::kernels::{Argument, Gather};
use super::{Buffer, Gpu, Launch, Precision};
use crate::error::SparseError;
use crate::kernels::entries::Entries;

/// Of `gather_tiled_*` and `gather_wide_*`: [`Gather`] by chunks of the slots that it reads. No bit of it changes.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Tiled {
    pub all: Gather,
    /// `bound[row · chunks + c]` is the first entry of the row in chunk `c`.
    pub bound: u64,
    pub cols: u32,
    pub chunk: u32,
    pub chunks: u32,
    pub pad: u32,
}

// SAFETY: a struct of C whose fields of 8 bytes come first and whose size is a multiple of 8.
unsafe impl Argument for Tiled {}

/// How it is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub name: &'static str,
    /// Samples of a block.
    samples: u32,
    /// Their bytes.
    wide: u32,
    /// Warps of a block.
    warps: u32,
    /// Rows of a lane.
    each: u32,
    /// Rows of one pattern.
    height: u32,
}

impl Plan {
    const fn new(
        name: &'static str,
        precision: Precision,
        [samples, warps, each, height]: [u32; 4],
    ) -> Self {
        Self { name, samples, wide: samples * precision.bytes() as u32, warps, each, height }
    }
}

/// Of slots of `f32`, from the largest blocks to the smallest.
const PLANS: [Plan; 5] = [
    Plan::new("gather_wide_4", Precision::F32, [64, 16, 4, 1]),
    Plan::new("gather_wide_1", Precision::F32, [64, 16, 1, 1]),
    Plan::new("gather_tiled_1", Precision::F32, [32, 16, 1, 1]),
    Plan::new("gather_tiled_1", Precision::F32, [32, 8, 1, 1]),
    Plan::new("gather_tiled_1", Precision::F32, [32, 4, 1, 1]),
];

/// Of slots of `bf16`: 64 samples are a line of 128 bytes.
const PLANS_BF16: [Plan; 4] = [
    Plan::new("gather_wide_4_bf16", Precision::Bf16, [64, 16, 4, 1]),
    Plan::new("gather_wide_1_bf16", Precision::Bf16, [64, 16, 1, 1]),
    Plan::new("gather_wide_1_bf16", Precision::Bf16, [64, 8, 1, 1]),
    Plan::new("gather_wide_1_bf16", Precision::Bf16, [64, 4, 1, 1]),
];

/// Rows that [`BLOCKS`] take at a time.
const HEIGHT: usize = 4;

/// The same for rows of which each [`HEIGHT`] have one pattern: what is read of a slot serves all of them.
const BLOCKS: [Plan; 5] = [
    Plan::new("gather_blocks_wide_1", Precision::F32, [64, 16, 1, 4]),
    Plan::new("gather_blocks_wide_1", Precision::F32, [64, 8, 1, 4]),
    Plan::new("gather_blocks_1", Precision::F32, [32, 16, 1, 4]),
    Plan::new("gather_blocks_1", Precision::F32, [32, 8, 1, 4]),
    Plan::new("gather_blocks_1", Precision::F32, [32, 4, 1, 4]),
];
const BLOCKS_BF16: [Plan; 3] = [
    Plan::new("gather_blocks_wide_1_bf16", Precision::Bf16, [64, 16, 1, 4]),
    Plan::new("gather_blocks_wide_1_bf16", Precision::Bf16, [64, 8, 1, 4]),
    Plan::new("gather_blocks_wide_1_bf16", Precision::Bf16, [64, 4, 1, 4]),
];

/// Bytes of a line, of which a block has one or two of each slot.
const LINE: u32 = 128;

/// Blocks that keep a device busy, by `scripts/gpu/kernels.py` on an H100 with 132 multiprocessors.
const ENOUGH: u32 = 96;

/// Slots and samples from which on it pays, and slots from which on it does for [`BLOCKS`], by the same.
const FEWEST: [usize; 2] = [128, 128];
const FEWEST_OF_BLOCKS: usize = 2048;

/// Chunks in shared memory at a time, as `gather.cu` has them.
const BUFFERS: u32 = 2;

/// Bytes of shared memory that a warp takes beside, at most.
const OF_WARP: u32 = 1408;

impl Plan {
    /// Those of slots of `precision`, whose rows have one pattern [`HEIGHT`] at a time or not.
    fn all(precision: Precision, in_blocks: bool) -> &'static [Self] {
        match (precision, in_blocks) {
            (Precision::F32, false) => &PLANS,
            (Precision::F32, true) => &BLOCKS,
            (Precision::Bf16, false) => &PLANS_BF16,
            (Precision::Bf16, true) => &BLOCKS_BF16,
        }
    }

    /// The largest blocks of which `rows` and `ld` make enough, else the smallest.
    fn of(plans: &[Self], rows: u32, ld: u32) -> Option<Self> {
        let enough = |plan: &&Self| {
            let [across, down, _] = plan.grid(rows, ld);
            across * down >= ENOUGH
        };
        plans.iter().find(enough).or(plans.last()).copied()
    }

    fn grid(&self, rows: u32, ld: u32) -> [u32; 3] {
        let Self { samples, warps, each, height, .. } = self;
        [rows.div_ceil(4 * warps * each * height), ld.div_ceil(*samples), 1]
    }

    /// The shape for `one`.
    pub fn shape(self, one: &Tiled) -> Launch {
        let Self { wide, warps, .. } = self;
        let Gather { rows, ld, .. } = one.all;
        let shared = one.chunks.min(BUFFERS) * one.chunk * wide + warps * OF_WARP;
        Launch { grid: self.grid(rows, ld), block: [32, warps, 1], shared }
    }
}

/// The chunks of a layer's slots, for blocks of one [`LINE`] of each and of two.
#[derive(Debug)]
pub(super) struct Tiles {
    slots: usize,
    precision: Precision,
    /// Whether each [`HEIGHT`] rows have one pattern.
    in_blocks: bool,
    by_width: Vec<Chunks>,
}

/// Slots of a chunk, and [`bounds`] by them.
#[derive(Debug)]
pub(super) struct Chunks {
    pub chunk: usize,
    pub bound: Buffer<u32>,
}

impl Chunks {
    /// Of `chunk` slots, of `entries` over `slots`.
    pub fn of(
        gpu: &Arc<dyn Gpu>,
        entries: Entries<'_>,
        slots: usize,
        chunk: usize,
    ) -> Result<Self, SparseError> {
        Ok(Self { chunk, bound: Buffer::of(gpu, &bounds(entries, slots, chunk))? })
    }

    /// The same memory with other entries, as many.
    pub fn write(&mut self, entries: Entries<'_>, slots: usize) -> Result<(), SparseError> {
        self.bound.write(&bounds(entries, slots, self.chunk))
    }
}

impl Tiles {
    /// Of `entries` over `slots` slots of `precision`.
    pub fn of(
        gpu: &Arc<dyn Gpu>,
        entries: Entries<'_>,
        slots: usize,
        precision: Precision,
    ) -> Result<Self, SparseError> {
        let chunks = |wide| Chunks::of(gpu, entries, slots, chunk(slots, wide, gpu.shared_bytes()));
        let in_blocks = slots >= FEWEST_OF_BLOCKS && in_blocks(entries);
        let widest = Plan::all(precision, in_blocks).iter().map(|plan| plan.wide / LINE).max();
        let by_width = (1..=widest.unwrap_or(0) as usize).map(chunks).collect::<Result<_, _>>()?;
        Ok(Self { slots, precision, in_blocks, by_width })
    }

    /// Whether `entries` are computed alike: graphs that name the memory hold with them, too.
    pub fn takes(&self, entries: Entries<'_>) -> bool {
        !self.in_blocks || in_blocks(entries)
    }

    /// The same memory with other entries, as many, which it [takes](Self::takes).
    pub fn write(&mut self, entries: Entries<'_>) -> Result<(), SparseError> {
        self.by_width.iter_mut().try_for_each(|chunks| chunks.write(entries, self.slots))
    }

    /// `all` by chunks, where that pays.
    pub fn plan(&self, all: Gather) -> Option<(Plan, Tiled)> {
        let [slots, samples] = FEWEST;
        if self.slots < slots || (all.ld as usize) < samples {
            return None;
        }
        let plan = Plan::of(Plan::all(self.precision, self.in_blocks), all.rows, all.ld)?;
        Some((plan, self.tiled(plan, all)?))
    }

    fn tiled(&self, plan: Plan, all: Gather) -> Option<Tiled> {
        let Chunks { chunk, bound } = self.by_width.get((plan.wide / LINE) as usize - 1)?;
        Some(Tiled {
            all,
            bound: bound.at(0),
            cols: self.slots as u32,
            chunk: *chunk as u32,
            chunks: self.slots.div_ceil(*chunk) as u32,
            pad: 0,
        })
    }
}

/// Whether each [`HEIGHT`] rows have one pattern.
fn in_blocks(entries: Entries<'_>) -> bool {
    let (ptr, index) = (entries.ptr(), entries.index());
    let row = |row: usize| &index[ptr[row] as usize..ptr[row + 1] as usize];
    let rows = ptr.len() - 1;
    rows.is_multiple_of(HEIGHT) && (0..rows).all(|at| row(at) == row(at / HEIGHT * HEIGHT))
}

/// Slots of a chunk, for `wide` lines of each: equal chunks for which a block's shared memory has room, two at least
/// where there is much to wait for.
fn chunk(slots: usize, wide: usize, shared: usize) -> usize {
    let room = shared.saturating_sub(16 * OF_WARP as usize);
    let most = (room / (LINE as usize * wide * BUFFERS as usize)).max(8) / 8 * 8;
    let least = if slots > 256 { 2 } else { 1 };
    slots.div_ceil(slots.div_ceil(most).max(least)).next_multiple_of(8)
}

/// The first entry of every row in every chunk of slots, and the number of entries.
fn bounds(entries: Entries<'_>, slots: usize, chunk: usize) -> Vec<u32> {
    let (ptr, index) = (entries.ptr(), entries.index());
    let mut bounds = Vec::with_capacity((ptr.len() - 1) * slots.div_ceil(chunk) + 1);
    for row in ptr.windows(2) {
        let own = &index[row[0] as usize..row[1] as usize];
        let first = |c: usize| row[0] + own.partition_point(|slot| (*slot as usize) < c) as u32;
        bounds.extend((0..slots).step_by(chunk).map(first));
    }
    bounds.push(index.len() as u32);
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Topology;

    #[test]
    fn bounds_by_hand() {
        // Columns 0, 9, 20 in row 0, none in row 1, 8 in row 2.
        let topology = Topology::new(3, 24, &[0, 9, 20, 56]).unwrap();
        let entries = topology.csr().unwrap().by_row();
        assert_eq!(bounds(entries, 24, 8), [0, 1, 2, 3, 3, 3, 3, 3, 4, 4]);
        assert_eq!(bounds(entries, 24, 24), [0, 3, 3, 4]);
    }

    /// Every plan of both precisions, whether it would be picked or not, over chunks that end within the slots.
    #[cfg(feature = "emulate")]
    #[test]
    fn every_plan_gives_the_bits_of_gather() {
        use crate::gpu::emulator::Emulator;
        use crate::gpu::kernels::{KERNELS, launch};
        use rand::RngExt;

        let (rows, slots, ld) = (88, 150, 160);
        let mut rng = crate::seed::Seed::new(1).rng();
        let active = |at: &u32| (at / 600 * 7 + at % 150 * 5).is_multiple_of(9) && at / 600 != 2;
        let active: Vec<u32> = (0..rows * slots).filter(active).collect();
        let topology = Topology::new(rows as usize, slots as usize, &active).unwrap();
        let entries = topology.csr().unwrap().by_row();
        let mut draw = |n| (0..n).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>();
        let (value, from, y) = (draw(active.len() as u32), draw(slots * ld), draw(rows * ld));
        for (order, precision) in [(1, Precision::F32), (2, Precision::Bf16), (3, Precision::Bf16)]
        {
            let gpu: Arc<dyn Gpu> = Arc::new(Emulator::new(order));
            let stored = |of: &[f32]| {
                let bytes = of.iter().map(|x| x.to_le_bytes());
                let halves = |of: [u8; 4]| of.as_chunks::<2>().0.to_vec();
                let kept = bytes.flat_map(|of| halves(of).split_off(2 - precision.bytes() / 2));
                let halves: Vec<u16> = kept.map(u16::from_le_bytes).collect();
                Buffer::of(&gpu, &halves).unwrap()
            };
            let (from, y) = (stored(&from), stored(&y));
            let [ptr, index] =
                [entries.ptr(), entries.index()].map(|of| Buffer::of(&gpu, of).unwrap());
            let value = Buffer::of(&gpu, &value).unwrap();
            let to =
                Buffer::<u16>::room(&gpu, (rows * ld) as usize * precision.bytes() / 2).unwrap();
            let all = Gather {
                ptr: ptr.at(0),
                index: index.at(0),
                perm: 0,
                value: value.at(0),
                bias: 0,
                from: from.at(0),
                y: y.at(0),
                to: to.at(0),
                rows,
                ld,
                activation: 2,
                gives: precision,
            };
            let name = all.kernel().of(precision);
            // SAFETY: buffers of these sizes.
            unsafe { launch(&*gpu, &KERNELS, name, &[all], |one| one.shape(precision)).unwrap() };
            let expected = to.read().unwrap();
            for plan in Plan::all(precision, false).iter().chain(Plan::all(precision, true)) {
                let by_width =
                    [(); 2].map(|()| Chunks::of(&gpu, entries, slots as usize, 40).unwrap());
                let slots = slots as usize;
                let tiles = Tiles { slots, precision, in_blocks: true, by_width: by_width.into() };
                let tiled = [tiles.tiled(*plan, all).unwrap()];
                // SAFETY: as above.
                unsafe {
                    launch(&*gpu, &KERNELS, plan.name, &tiled, |one| plan.shape(one)).unwrap()
                };
                assert!(to.read().unwrap() == expected, "{plan:?}");
            }
        }
    }

    #[test]
    fn blocks_are_found() {
        let found = |rows, active: &[u32]| {
            let topology = Topology::new(rows, 8, active).unwrap();
            in_blocks(topology.csr().unwrap().by_row())
        };
        assert!(found(4, &[1, 9, 17, 25]));
        assert!(!found(4, &[1, 9, 17, 26]));
        assert!(!found(5, &[1, 9, 17, 25, 33]));
    }

    #[test]
    fn chunks_cover_all_slots_and_fit() {
        for slots in [1, 7, 128, 256, 257, 1024, 4096, 50_000] {
            for wide in [1, 2] {
                for shared in [163 * 1024, 227 * 1024] {
                    let chunk = chunk(slots, wide, shared);
                    let bytes = 2 * chunk * 128 * wide + 16 * OF_WARP as usize;
                    assert!(chunk.is_multiple_of(8) && bytes <= shared, "{slots} {wide}: {chunk}");
                }
            }
        }
    }
}
