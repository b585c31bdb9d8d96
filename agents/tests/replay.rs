//! A replay memory and a rollout take the bytes that they say, all at the start, and then nothing: neither storing
//! nor drawing allocates. What the thread of the test allocates is counted: the one that waits for it takes memory
//! of its own when it first falls asleep, whenever that is.

#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sparring_agents::replay::{Replay, ReplayConfig, Sample};
use sparring_agents::rollout::{Rollout, Seen};
use sparring_envs::{Actions, Batch, Dtype, End, Obs, ObsBuf, Row, spec};
use sparring_sparse::Seed;

struct Counting;

thread_local! {
    /// Bytes that this thread has allocated and not freed.
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of GlobalAlloc::alloc.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // Some was allocated by the thread that started this one.
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
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
    let live = LIVE.get();
    let mut replay = Replay::new(config);
    let taken = LIVE.get() - live;
    assert_eq!(taken as u64, config.bytes(), "{config:?}");

    let n = config.num_envs;
    let envs: Vec<usize> = (0..n).collect();
    let seen = ObsBuf::zeros(config.dtype, n * config.obs_dim);
    let (reward, chosen, values) = (vec![1.0; n], vec![0; n], vec![0.0; n]);
    let actions = match config.dtype {
        Dtype::F32 => Actions::Continuous(&values),
        Dtype::U8 => Actions::Discrete(&chosen),
    };
    let (none, all) = (vec![Row::Step; n], vec![Row::End(End::Truncated); n]);
    let void: Vec<Row> = (0..n).map(|env| if env == 1 { Row::Void } else { Row::Step }).collect();
    let (mut sample, mut rng) = (Sample::default(), Seed::new(1).rng());
    let mut step = |t: usize| {
        let row = match t {
            t if t.is_multiple_of(31) => &void,
            t if t.is_multiple_of(7) => &all,
            _ => &none,
        };
        let (obs, next) = (seen.view(), seen.view());
        let batch = Batch { envs: &envs, obs, next, reward: &reward, row, finished: &[] };
        replay.store(&batch, actions).unwrap();
        if !replay.is_empty() {
            replay.sample(BATCH, &mut rng, &mut sample).unwrap();
        }
    };
    // The first draw makes room for the batch; after it the memory fills and goes round.
    (1..10).for_each(&mut step);
    let before = (LIVE.get(), ALLOCATIONS.get());
    (10..1000).for_each(&mut step);
    let after = (LIVE.get(), ALLOCATIONS.get());
    assert_eq!(before, after, "{config:?}");
    assert_eq!(before.0 - live, taken + Sample::bytes(&config, BATCH) as usize + held(&config));
}

/// Every eleventh row is cut off.
#[test]
fn a_rollout_takes_what_it_says() {
    let (steps, num_envs, obs_dim, act_dim) = (44, 2, 3, 2);
    let live = LIVE.get();
    let mut rollout = Rollout::new(steps, num_envs, obs_dim, act_dim);
    let taken = LIVE.get() - live;
    assert_eq!(taken as u64, Rollout::bytes(steps, num_envs, obs_dim, act_dim));
    let (obs, next) = ([0.0; 6], Obs::F32(&[0.5; 6]));
    let mut number = 0;
    for _ in 0..2 * steps {
        let row = [0, 1].map(|_| {
            number += 1;
            if number % 11 == 0 { Row::End(End::Truncated) } else { Row::Step }
        });
        let (envs, reward) = (&[0, 1], &[0.0; 2]);
        let batch = Batch { envs, obs: Obs::F32(&obs), next, reward, row: &row, finished: &[] };
        let seen = Seen { obs: &obs, action: &[0.0; 4], log_prob: &[0.0; 2], reward: &[0.0; 2] };
        if rollout.is_full() {
            rollout.clear();
        }
        rollout.push(seen, &batch, |next, kept| kept.extend(next.values()));
        assert_eq!(LIVE.get() - live, taken);
    }
    assert_eq!(rollout.keeps.len(), 9);
}

/// What the test itself holds by then.
fn held(config: &ReplayConfig) -> usize {
    let (n, row) = (config.num_envs, size_of::<Row>());
    n * (config.obs_dim * config.dtype.size() + 8 + 4 + 4 + 3 * row + size_of::<usize>())
}
