//! A warm step allocates nothing, with and without workers, on a machine however busy. It counts for the whole
//! process, and so it is one without a test runner, whose thread allocates when it pleases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Actor, engine, is_slow, specs};
use sparring_envs::OnFault;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of GlobalAlloc::alloc.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of GlobalAlloc::dealloc.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of GlobalAlloc::realloc.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Steps of which none may allocate; enough for episodes of every env to end (Freeway's take 2,501).
const STEPS: usize = 2_600;

fn main() {
    a_warm_step_allocates_nothing();
    println!("a warm step allocates nothing: ok");
}

fn a_warm_step_allocates_nothing() {
    // The steps of another crate's env are that crate's.
    for spec in specs().iter().filter(|spec| !spec.id.starts_with("gymnasium-rs/")) {
        let num_envs = if is_slow(spec) { 2 } else { 12 };
        for workers in [0, 2] {
            let mut envs = engine(spec, num_envs, workers, OnFault::Stop);
            let mut actor = Actor::new(0);
            let actions = actor.act(&spec.action, num_envs);
            for _ in 0..100 {
                envs.step(actions).unwrap();
            }
            let before = ALLOCATIONS.load(Ordering::Relaxed);
            let mut finished = 0;
            for _ in 0..STEPS {
                finished += envs.step(actions).unwrap().finished.len();
            }
            let allocated = ALLOCATIONS.load(Ordering::Relaxed) - before;
            assert_eq!(allocated, 0, "{} with {workers} workers", spec.id);
            // Left-going walkers of the chain only meet the time limit, but every env ends somehow.
            assert!(finished > 0, "{}: no episode ended", spec.id);
        }
    }
}
