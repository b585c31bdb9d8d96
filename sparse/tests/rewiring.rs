//! A thousand rewirings of a large layer take memory and work in proportion to its active weights.
//! One test alone, because it counts for the whole process.

#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sparring_sparse::config::Pattern;
use sparring_sparse::distribution::Share;
use sparring_sparse::methods::{Blocks, LayerView, set};
use sparring_sparse::seed::Rng;
use sparring_sparse::{Seed, Topology};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// Bytes ever asked for: no work on memory goes uncounted that was not already there.
static ASKED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        ASKED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of GlobalAlloc::alloc.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of GlobalAlloc::dealloc.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A layer under SET, with its values.
struct Layer {
    topology: Arc<Topology>,
    blocks: Blocks,
    values: Vec<f32>,
    rng: Rng,
}

impl Layer {
    fn new(side: usize, nnz: usize) -> Self {
        let mut rng = Seed::new(1).rng();
        let blocks = Blocks::new(Pattern::Unstructured, side, side);
        let positions = blocks.positions(blocks.random(nnz, &mut rng));
        let topology = Topology::new(side, side, &positions).unwrap();
        let values = (0..nnz).map(|k| ((k * 7919) % 10_007) as f32 / 5_003.5 - 1.0).collect();
        Self { topology: topology.into(), blocks, values, rng }
    }

    fn rewire(&mut self) {
        let Self { topology, blocks, values, rng } = self;
        let share = Share { sparsity: 1.0 - topology.density(), nnz: topology.nnz() };
        let layer = LayerView { topology, blocks, share, values, moments: [&[]; 2] };
        let update = set::rewire(layer, 0.1, rng).unwrap();
        // A grown weight gets a value, as its first step would give it one.
        let start: Vec<f32> = update.grown(update.topology().positions()).map(first).collect();
        let values = update.remap_from(&self.values, &start).collect();
        self.values = values;
        self.topology = update.topology().clone();
    }

    /// Bytes asked for in one rewiring, and the peak of live ones above what was there.
    fn count(&mut self) -> (usize, usize) {
        let (live, asked) = (LIVE.load(Ordering::Relaxed), ASKED.load(Ordering::Relaxed));
        PEAK.store(live, Ordering::Relaxed);
        self.rewire();
        (ASKED.load(Ordering::Relaxed) - asked, PEAK.load(Ordering::Relaxed) - live)
    }
}

fn first(position: u32) -> f32 {
    (position.wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0
}

#[test]
fn rewires_within_memory_and_work_of_the_active_weights() {
    // 1,000 times at 4096² and 99 %: nnz constant, memory does not grow.
    let nnz = 167_773;
    let mut layer = Layer::new(4096, nnz);
    layer.rewire();
    let live = LIVE.load(Ordering::Relaxed);
    PEAK.store(live, Ordering::Relaxed);
    let (start, mut peak) = (std::time::Instant::now(), 0);
    for round in 0..1000 {
        layer.rewire();
        assert_eq!((layer.topology.nnz(), layer.values.len()), (nnz, nnz));
        assert_eq!(LIVE.load(Ordering::Relaxed), live, "after {round} rewirings");
        if round == 0 {
            peak = PEAK.load(Ordering::Relaxed);
        }
    }
    println!("{:?} a rewiring of {nnz} of 4096² weights", start.elapsed() / 1000);
    let most = PEAK.load(Ordering::Relaxed);
    assert!(most - live < (peak - live) * 101 / 100, "{peak} after the first, {most} after all");

    // The same active weights in four and sixteen times as many positions: the same work, but for
    // the row and column pointers. Twice as many: twice the work.
    let count = |side, nnz| Layer::new(side, nnz).count();
    let (bytes, peak) = count(4096, nnz);
    assert!(peak < 20 * 4 * nnz, "{peak} bytes for {nnz} weights");
    for side in [2048, 8192, 16_384] {
        let (other, _) = count(side, nnz);
        let pointers = 3 * 4 * 2 * side.abs_diff(4096);
        assert!(other.abs_diff(bytes) < bytes / 20 + pointers, "{side}: {other} against {bytes}");
    }
    let (twice, _) = count(4096, 2 * nnz);
    let ratio = twice as f64 / bytes as f64;
    assert!((1.9..2.1).contains(&ratio), "{ratio}");
    for (side, nnz) in [(2048, nnz), (4096, nnz), (8192, nnz), (4096, 2 * nnz)] {
        let mut layer = Layer::new(side, nnz);
        let start = std::time::Instant::now();
        (0..20).for_each(|_| layer.rewire());
        println!("{:?} a rewiring of {nnz} of {side}² weights", start.elapsed() / 20);
    }
}
