//! The Nature CNN (84 × 84 × 4, 'same' padding; Mnih et al. 2015) forward and backward on one thread,
//! batch 32, dense against 90 % ERK, in one run, taken in turn.
//!
//! `cargo bench -p sparring-sparse --bench conv [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use candle_core::{Device, Tensor};
use common::{Samples, network, seconds};
use sparring_sparse::kernels::conv::{Conv2d, Padding};
use sparring_sparse::{Compute, Network, Shape};

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

fn run(network: &Network, x: &Tensor) {
    let y = network.forward(x).unwrap();
    y.sqr().unwrap().mean_all().unwrap().backward().unwrap();
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { sparring_sparse::process::settle() };
    let x = Tensor::rand(0f32, 1.0, (BATCH, 84 * 84 * 4), &Device::Cpu).unwrap();
    let dense = network(&shapes(), 0.0, Compute::Sparse);
    let sparse = network(&shapes(), 0.9, Compute::Sparse);
    let mut samples = Samples::new("nature_cnn");
    for _ in 0..ROUNDS {
        samples.add("dense", seconds(|| run(&dense, &x)));
        samples.add("sparse", seconds(|| run(&sparse, &x)));
    }
    let [a, b] = ["dense", "sparse"].map(|key| samples.median(key) * 1e3);
    println!("dense over sparse: {a:.2} ms / {b:.2} ms = {}", samples.ratio("dense", "sparse"));
    samples.write();
}
