//! A whole training step (forward, loss, backward, Adam) of an MLP 17-256-256-6 with batch 256 on one
//! thread, dense against 90 % sparse (ERK), and against the bare `gemm` calls of its own forward and
//! backward pass, in one run, taken in turn.
//!
//! `cargo bench -p sparring-sparse --bench step [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use std::hint::black_box;

use common::{Samples, Step, erk, mlp, seconds};
use sparring_sparse::Compute;
use sparring_sparse::kernels::dense::{Matrix, product};
use sparring_sparse::kernels::{Buffer, Lanes, Par};

const BATCH: usize = 256;
const WIDTHS: [usize; 4] = [17, 256, 256, 6];
const ROUNDS: usize = 41;

/// The bare products of the dense network's step, on the tiles that it uses; the input needs no
/// gradient.
struct Bare {
    w: Vec<f32>,
    x: Buffer,
    y: Buffer,
    to: Buffer,
}

impl Bare {
    fn new() -> Self {
        let (lanes, widest) = (Lanes::new(BATCH), 256);
        let mut x = lanes.zeros(widest);
        x.fill(0.1);
        Self { w: vec![0.1; widest * widest], y: x.clone(), to: lanes.zeros(widest), x }
    }

    fn run(&mut self) {
        let Self { w, x, y, to } = self;
        for (l, pair) in WIDTHS.windows(2).enumerate() {
            let (cols, rows) = (pair[0], pair[1]);
            for tile in Lanes::new(BATCH).tiles() {
                let n = tile.width;
                let (x, dy) = (tile.of(x, cols), tile.of(y, rows));
                let (x, dy) = (Matrix::new(x, cols, n), Matrix::new(dy, rows, n));
                let w = Matrix::new(&w[..rows * cols], rows, cols);
                product(w, x, tile.of_mut(to, rows), n, false, Par::Serial);
                product(dy, x.t(), &mut to[..rows * cols], cols, tile.first > 0, Par::Serial);
                if l > 0 {
                    product(w.t(), dy, tile.of_mut(to, cols), n, false, Par::Serial);
                }
            }
        }
        black_box(to);
    }
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let mut samples = Samples::new("step");
    let mut bare = Bare::new();
    let [mut dense, mut sparse] =
        [0.0, 0.9].map(|s| Step::new(&mlp(&WIDTHS), erk(&mlp(&WIDTHS), s), Compute::Sparse, BATCH));
    for _ in 0..ROUNDS {
        samples.add("dense", seconds(|| dense.run()));
        samples.add("sparse", seconds(|| sparse.run()));
        samples.add("gemm", seconds(|| bare.run()));
    }
    for (name, over, under) in [
        ("dense over sparse", "dense", "sparse"),
        ("dense over its bare gemm calls", "dense", "gemm"),
    ] {
        let [a, b] = [over, under].map(|key| samples.median(key) * 1e6);
        println!("{name}: {a:.1} us / {b:.1} us = {}", samples.ratio(over, under));
    }
    samples.write();
}
