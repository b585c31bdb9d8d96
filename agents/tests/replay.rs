//! A replay memory takes the bytes that it says, all at the start, and then nothing: neither storing nor
//! drawing allocates. One test alone, because it counts for the whole process.

#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use sparring_agents::replay::{Replay, ReplayConfig, Sample};
use sparring_envs::{Actions, Batch, Dtype, End, ObsBuf, spec};
use sparring_sparse::Seed;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
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

const BATCH: usize = 16;

#[test]
fn all_is_taken_at_the_start_and_nothing_after() {
    let floats = ReplayConfig::new(&spec("Pendulum-v1").unwrap(), 3, 500, 0.9);
    let frames = ReplayConfig {
        obs_dim: 4 * 21 * 21,
        frames: 4,
        ..ReplayConfig::new(&spec("Recall-v0").unwrap(), 3, 500, 0.9)
    };
    for config in [floats, frames] {
        for (n_step, prioritized) in [(1, false), (3, true)] {
            count(ReplayConfig { n_step, prioritized, ..config });
        }
    }
}

fn count(config: ReplayConfig) {
    let live = LIVE.load(Ordering::Relaxed);
    let mut replay = Replay::new(config);
    let taken = LIVE.load(Ordering::Relaxed) - live;
    assert_eq!(taken as u64, config.bytes(), "{config:?}");

    let n = config.num_envs;
    let envs: Vec<usize> = (0..n).collect();
    let seen = ObsBuf::zeros(config.dtype, n * config.obs_dim);
    let (reward, chosen, values) = (vec![1.0; n], vec![0; n], vec![0.0; n]);
    let actions = match config.dtype {
        Dtype::F32 => Actions::Continuous(&values),
        Dtype::U8 => Actions::Discrete(&chosen),
    };
    let (none, all) = (vec![None; n], vec![Some(End::Truncated); n]);
    let (mut sample, mut rng) = (Sample::default(), Seed::new(1).rng());
    let mut step = |t: usize| {
        let end = if t.is_multiple_of(7) { &all } else { &none };
        let void: &[usize] = if t.is_multiple_of(31) { &[1] } else { &[] };
        let (obs, next) = (seen.view(), seen.view());
        let batch = Batch { envs: &envs, obs, next, reward: &reward, end, void, finished: &[] };
        replay.store(&batch, actions).unwrap();
        if !replay.is_empty() {
            replay.sample(BATCH, &mut rng, &mut sample);
        }
    };
    // The first draw makes room for the batch; after it the memory fills and goes round.
    (1..10).for_each(&mut step);
    let before = (LIVE.load(Ordering::Relaxed), ALLOCATIONS.load(Ordering::Relaxed));
    (10..1000).for_each(&mut step);
    let after = (LIVE.load(Ordering::Relaxed), ALLOCATIONS.load(Ordering::Relaxed));
    assert_eq!(before, after, "{config:?}");
    assert_eq!(before.0 - live, taken + Sample::bytes(&config, BATCH) as usize + held(&config));
}

/// What the test itself holds by then.
fn held(config: &ReplayConfig) -> usize {
    let (n, end) = (config.num_envs, size_of::<Option<End>>());
    n * (config.obs_dim * config.dtype.size() + 8 + 4 + 4 + 2 * end + size_of::<usize>())
}
