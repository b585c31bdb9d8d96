//! The sparse products against `gemm` on one thread, in one run, taken in turn: medians, quartiles and
//! ratios.
//!
//! `cargo bench -p sparring-sparse --bench kernels [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::layer::{Layer, Product};
use common::{Samples, seconds};
use sparring_sparse::Activation;

const BATCH: usize = 256;
const SIZES: [usize; 3] = [256, 512, 1024];
const SPARSITIES: [f64; 3] = [0.90, 0.95, 0.99];
const ROUNDS: usize = 41;

fn main() {
    let mut samples = Samples::new("kernel,size,batch,sparsity");
    println!("kernel        size  sparsity   dense us  sparse us   ratio (quartiles)    GFLOP/s");
    let layer = |size, sparsity| Layer::new(size, BATCH, 1.0 - sparsity, 0.0, Activation::Identity);
    for size in SIZES {
        let mut dense = layer(size, 0.0);
        for sparsity in SPARSITIES {
            let mut sparse = layer(size, sparsity);
            for product in Product::ALL {
                let name = product.name();
                let key = |sparsity| format!("{name},{size},{BATCH},{sparsity}");
                for _ in 0..ROUNDS {
                    samples.add(&key(0.0), seconds(|| dense.all(product)));
                    samples.add(&key(sparsity), seconds(|| sparse.all(product)));
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
