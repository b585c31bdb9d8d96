//! The same number of active weights in ever larger layers, on one thread, batch 256: the step of a
//! network 17-n-n-6 whose square layer keeps 65,536 weights and whose outer layers keep 5,888, and what
//! it takes for weights, structure, gradient and moments. Masked-dense training would take 256 times as
//! much at n = 4,096 as at 256.
//!
//! `cargo bench -p sparring-sparse --bench growth [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use std::collections::BTreeMap;

use common::{Samples, Step, mlp, seconds};
use sparring_sparse::{Compute, cpu};

const BATCH: usize = 256;
const WIDTHS: [usize; 3] = [256, 1024, 4096];
/// Active weights of each layer: all of them at a width of 256.
const ACTIVE: [usize; 3] = [17 * 256, 256 * 256, 256 * 6];
const ROUNDS: usize = 21;

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let mut samples = Samples::new("width,bytes");
    let mut steps: Vec<Step> = WIDTHS.iter().map(|n| step(*n)).collect();
    let sizes: Vec<usize> = steps.iter().map(bytes).collect();
    let key = |i: usize| format!("{},{}", WIDTHS[i], sizes[i]);
    for _ in 0..ROUNDS {
        for (i, step) in steps.iter_mut().enumerate() {
            samples.add(&key(i), seconds(|| step.run()));
        }
    }
    println!("width      step us   over the first (quartiles)   KiB   over the first");
    for (i, n) in WIDTHS.iter().enumerate() {
        println!(
            "{n:>5} {:>12.1}   {:>26} {:>7} {:>10.2}",
            samples.median(&key(i)) * 1e6,
            samples.ratio(&key(i), &key(0)),
            sizes[i] / 1024,
            sizes[i] as f64 / sizes[0] as f64,
        );
    }
    samples.write();
}

fn step(n: usize) -> Step {
    let shapes = mlp(&[17, n, n, 6]);
    let share = |(l, shape): (usize, &sparring_sparse::Shape)| {
        (l.to_string(), 1.0 - ACTIVE[l] as f64 / (shape.rows() * shape.cols()) as f64)
    };
    let layers: BTreeMap<String, f64> = shapes.iter().enumerate().map(share).collect();
    Step::new(&shapes, layers, Compute::Sparse, BATCH)
}

/// Weights, their gradient and Adam's two moments, and the index arrays.
fn bytes(step: &Step) -> usize {
    let network = step.trainer.network();
    let layers = network.layers().iter();
    let structure = layers
        .map(|layer| cpu::structure_bytes(layer.shape(), layer.algebra(), layer.topology().nnz()));
    4 * network.num_params() * size_of::<f32>() + structure.sum::<usize>()
}
