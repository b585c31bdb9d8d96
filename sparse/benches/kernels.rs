//! The sparse products against `gemm` on one thread, in one run, taken in turn: medians, quartiles and
//! ratios.
//!
//! `cargo bench -p sparring-sparse --bench kernels [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::hint::black_box;

use common::{Samples, seconds};
use rand::RngExt;
use sparring_sparse::kernels::{
    Below, Buffer, Lanes, Par, Pass, Reordered, Sides, Weights, linear,
};
use sparring_sparse::{Activation, Seed, Topology, sample};

const BATCH: usize = 256;
const SIZES: [usize; 3] = [256, 512, 1024];
const SPARSITIES: [f64; 3] = [0.90, 0.95, 0.99];
const KERNELS: [&str; 3] = ["forward", "input_grad", "weight_grad"];
const ROUNDS: usize = 41;

struct Case {
    topology: Topology,
    values: Vec<f32>,
    bias: Vec<f32>,
    lanes: Lanes,
    x: Buffer,
    y: Buffer,
    to: Buffer,
    scratch: Vec<f32>,
}

impl Case {
    fn new(size: usize, sparsity: f64) -> Self {
        let mut rng = Seed::new(1).rng();
        let nnz = size * size - (sparsity * (size * size) as f64) as usize;
        let positions = sample::distinct(size * size, nnz, &mut rng);
        let lanes = Lanes::new(BATCH);
        let mut slots = || {
            let mut slots = lanes.zeros(size);
            slots.iter_mut().for_each(|value| *value = rng.random_range(-1.0..1.0f32));
            slots
        };
        let (x, y) = (slots(), slots());
        Self {
            topology: Topology::new(size, size, &positions).unwrap(),
            values: (0..nnz).map(|_| rng.random_range(-1.0..1.0f32)).collect(),
            bias: vec![0.0; size],
            to: lanes.zeros(size),
            scratch: Vec::new(),
            lanes,
            x,
            y,
        }
    }

    fn run(&mut self, kernel: usize) {
        let Self { topology, values, bias, lanes, x, y, to, scratch } = self;
        let pass = Pass { lanes: *lanes, par: Par::Serial };
        let activation = Activation::Identity;
        match kernel {
            0 => {
                let weights = Weights { values, bias, activation };
                linear::forward(topology, weights, pass, x, to);
            }
            1 => {
                let weights = Reordered { values, scratch };
                linear::input_grad(topology, weights, Below { activation, y: x }, pass, y, to);
            }
            // The gradient takes the place of the values, which no product here reads back.
            _ => linear::weight_grad(topology, pass, Sides { dy: y, x }, values),
        }
        black_box((&self.to, &self.values));
    }
}

fn main() {
    let mut samples = Samples::new("kernel,size,batch,sparsity");
    println!("kernel        size  sparsity   dense us  sparse us   ratio (quartiles)    GFLOP/s");
    for size in SIZES {
        let mut dense = Case::new(size, 0.0);
        for sparsity in SPARSITIES {
            let mut sparse = Case::new(size, sparsity);
            for (kernel, name) in KERNELS.into_iter().enumerate() {
                let key = |sparsity| format!("{name},{size},{BATCH},{sparsity}");
                for _ in 0..ROUNDS {
                    samples.add(&key(0.0), seconds(|| dense.run(kernel)));
                    samples.add(&key(sparsity), seconds(|| sparse.run(kernel)));
                }
                let (a, b) = (samples.median(&key(0.0)), samples.median(&key(sparsity)));
                let ratio = samples.ratio(&key(0.0), &key(sparsity));
                let rate = 2.0 * (sparse.topology.nnz() * BATCH) as f64 / b * 1e-9;
                let (a, b) = (a * 1e6, b * 1e6);
                println!(
                    "{name:<12} {size:>5} {sparsity:>9} {a:>10.1} {b:>10.1} {ratio:>19} {rate:>10.1}"
                );
                samples.forget(&key(0.0));
            }
        }
    }
    samples.write();
}
