//! The kernels against `gemm` on one thread, in one run, interleaved: medians, spread and ratios.
//!
//! `cargo bench -p sparring-sparse --bench kernels [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use rand::RngExt;
use sparring_sparse::kernels::{self, Activation};
use sparring_sparse::{Seed, Topology, sample};

const BATCH: usize = 256;
const SIZES: [usize; 2] = [256, 1024];
const SPARSITIES: [f64; 3] = [0.90, 0.95, 0.99];
const ROUNDS: usize = 41;

struct Case {
    topology: Topology,
    values: Vec<f32>,
    bias: Vec<f32>,
    x: Vec<f32>,
    y: Vec<f32>,
    dx: Vec<f32>,
}

impl Case {
    fn new(size: usize, sparsity: f64) -> Self {
        let mut rng = Seed::new(1).rng();
        let nnz = size * size - (sparsity * (size * size) as f64) as usize;
        let positions = sample::distinct(size * size, nnz, &mut rng);
        let mut draw = |n| (0..n).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
        Self {
            topology: Topology::new(size, size, &positions).unwrap(),
            values: draw(nnz),
            bias: draw(size),
            x: draw(size * BATCH),
            y: draw(size * BATCH),
            dx: vec![0.0; size * BATCH],
        }
    }

    fn run(&mut self, kernel: usize) {
        let Self { topology, values, bias, x, y, dx } = self;
        match kernel {
            0 => kernels::forward(topology, values, bias, Activation::Identity, BATCH, x, dx),
            1 => kernels::input_grad(topology, values, BATCH, y, dx),
            _ => {
                // The gradient takes the place of the values, which no product here reads back.
                kernels::weight_grad(topology, BATCH, y, x, values);
            }
        }
        black_box(self.dx[0] + self.values[0]);
    }
}

/// Seconds of one call, over as many as take about a millisecond.
fn time(case: &mut Case, kernel: usize) -> f64 {
    let start = Instant::now();
    let mut calls = 0;
    while calls < 3 || start.elapsed().as_secs_f64() < 1e-3 {
        case.run(kernel);
        calls += 1;
    }
    start.elapsed().as_secs_f64() / f64::from(calls)
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let file = args.iter().position(|arg| arg == "--csv").and_then(|i| args.get(i + 1));
    let mut csv = file.map(|path| std::fs::File::create(path).unwrap());
    if let Some(csv) = &mut csv {
        writeln!(csv, "kernel,size,batch,sparsity,sample,seconds").unwrap();
    }
    println!(
        "{:<12} {:>5} {:>9} {:>10} {:>10} {:>7} {:>10}",
        "kernel", "size", "sparsity", "dense us", "sparse us", "ratio", "GFLOP/s"
    );
    for size in SIZES {
        let mut dense = Case::new(size, 0.0);
        for sparsity in SPARSITIES {
            let mut sparse = Case::new(size, sparsity);
            for (kernel, name) in ["forward", "input_grad", "weight_grad"].into_iter().enumerate() {
                let (mut a, mut b) = (Vec::new(), Vec::new());
                for round in 0..ROUNDS {
                    let pair = [time(&mut dense, kernel), time(&mut sparse, kernel)];
                    if let Some(csv) = &mut csv {
                        for (s, seconds) in [0.0, sparsity].iter().zip(pair) {
                            writeln!(csv, "{name},{size},{BATCH},{s},{round},{seconds}").unwrap();
                        }
                    }
                    a.push(pair[0]);
                    b.push(pair[1]);
                }
                let flops = 2.0 * sparse.topology.nnz() as f64 * BATCH as f64;
                let (a, b) = (median(&mut a), median(&mut b));
                println!(
                    "{name:<12} {size:>5} {sparsity:>9} {:>10.1} {:>10.1} {:>7.2} {:>10.1}",
                    a * 1e6,
                    b * 1e6,
                    a / b,
                    flops / b * 1e-9
                );
            }
        }
    }
}
