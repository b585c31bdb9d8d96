//! What the emulator is for: faults that are planted in kernels are found.
#![cfg(feature = "emulate")]

use std::process::Command;
use std::sync::Arc;

use sparring_sparse::gpu::emulator::Emulator;
use sparring_sparse::gpu::kernels::{Argument, KERNELS, launch};
use sparring_sparse::gpu::{Buffer, Gpu, Launch};

#[derive(Clone, Copy)]
#[repr(C)]
struct Fault {
    from: u64,
    to: u64,
    n: u32,
    pad: u32,
}

// SAFETY: as `Fault` in `kernels/faults.cu`.
unsafe impl Argument for Fault {}

/// What `name` makes of 64 numbers.
fn run(name: &'static str, order: u64, threads: u32) -> Vec<f32> {
    let gpu: Arc<dyn Gpu> = Arc::new(Emulator::new(order));
    let from: Vec<f32> = (0..64).map(|k| k as f32).collect();
    let (from, to) = (Buffer::of(&gpu, &from).unwrap(), Buffer::<f32>::room(&gpu, 64).unwrap());
    let fault = Fault { from: from.at(0), to: to.at(0), n: threads, pad: 0 };
    let shape = |_: &Fault| Launch { grid: [1; 3], block: [threads, 1, 1], shared: 0 };
    // SAFETY: none, which is what is tested; what a fault ends is a process of its own.
    unsafe { launch(&*gpu, &KERNELS, name, &[fault], shape).unwrap() };
    to.read().unwrap()
}

#[test]
fn a_missing_barrier_changes_results_with_the_order_of_threads() {
    let bits = |order| run("fault_race", order, 64).iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let first = bits(1);
    assert!((2..20).any(|order| bits(order) != first));
}

#[test]
fn what_was_not_written_is_no_number() {
    let found = run("fault_unwritten", 1, 64);
    assert!(found[63].is_nan() && found[..63].iter().all(|x| x.is_finite()));
}

const FAULT: &str = "SPARRING_TEST_FAULT";

/// Run again by the tests below, in a process that it ends.
#[test]
fn a_fault_in_a_process_of_its_own() {
    match std::env::var(FAULT).as_deref() {
        Ok("bounds") => drop(run("fault_bounds", 1, 64)),
        Ok("lane") => drop(run("fault_lane", 1, 32)),
        Ok(_) | Err(_) => {}
    }
}

/// How that process ends, and what it says.
fn ends(fault: &str) -> (bool, String) {
    let test = ["--exact", "emulator::a_fault_in_a_process_of_its_own", "--nocapture"];
    let run = Command::new(std::env::current_exe().unwrap()).args(test).env(FAULT, fault).output();
    let run = run.unwrap();
    (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
}

#[test]
fn a_read_out_of_bounds_ends_the_process() {
    assert_eq!((ends("none").0, ends("bounds").0), (true, false));
}

#[test]
fn a_lane_that_is_missing_is_named() {
    let (well, said) = ends("lane");
    assert!(!well && said.contains("missing from a barrier or a warp's collective"), "{said}");
}
