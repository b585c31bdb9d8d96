//! The Nature CNN (84 × 84 × 4, 'same' padding; Mnih et al. 2015) forward and backward on one thread,
//! batch 32, dense against 90 % ERK, in one run, taken in turn.
//!
//! `cargo bench -p sparring-sparse --bench conv [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use common::{Samples, Step, erk, seconds};
use sparring_sparse::layers::{Conv2d, Padding};
use sparring_sparse::{Compute, Shape};

const BATCH: usize = 32;
const ROUNDS: usize = 15;

fn shapes() -> Vec<Shape> {
    let conv = |in_channels, out_channels, size, kernel, stride| {
        let (size, kernel, padding) = ([size; 2], [kernel; 2], Padding::Same);
        Shape::Conv2d(Conv2d { in_channels, out_channels, size, kernel, stride, padding })
    };
    vec![
        conv(4, 32, 84, 8, 4),
        conv(32, 64, 21, 4, 2),
        conv(64, 64, 11, 3, 1),
        Shape::Linear { inputs: 7744, outputs: 512 },
        Shape::Linear { inputs: 512, outputs: 6 },
    ]
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let [dense, sparse] =
        [0.0, 0.9].map(|s| Step::new(&shapes(), erk(&shapes(), s), Compute::Sparse, BATCH));
    let mut samples = Samples::new("nature_cnn");
    for _ in 0..ROUNDS {
        samples.add("dense", seconds(|| dense.gradient()));
        samples.add("sparse", seconds(|| sparse.gradient()));
    }
    let [a, b] = ["dense", "sparse"].map(|key| samples.median(key) * 1e3);
    println!("dense over sparse: {a:.2} ms / {b:.2} ms = {}", samples.ratio("dense", "sparse"));
    samples.write();
}
