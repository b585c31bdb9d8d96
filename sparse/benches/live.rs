//! The products of a layer of 512² whose units are in part zero in a whole batch, without them and with, on one
//! thread, in one run, taken in turn.
//!
//! `cargo bench -p sparring-sparse --bench live [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::layer::{Layer, Product};
use common::{Samples, seconds};
use sparring_sparse::Activation;

const SIZE: usize = 512;
const BATCHES: [usize; 4] = [32, 64, 128, 256];
const DENSITIES: [f64; 3] = [1.0, 0.5, 0.1];
const DEAD: [f64; 5] = [0.0, 0.1, 0.2, 0.4, 0.8];
const ROUNDS: usize = 15;

fn main() {
    let mut samples = Samples::new("kernel,batch,density,dead,without");
    println!("kernel       batch  density  dead    with us  without us   ratio (quartiles)");
    for batch in BATCHES {
        for density in DENSITIES {
            for dead in DEAD {
                let mut layer = Layer::new(SIZE, batch, density, dead, Activation::Relu);
                for product in Product::ALL {
                    let name = product.name();
                    let key = |without: bool| format!("{name},{batch},{density},{dead},{without}");
                    for _ in 0..ROUNDS {
                        samples.add(&key(false), seconds(|| layer.all(product)));
                        samples.add(&key(true), seconds(|| layer.live(product)));
                    }
                    let [with, without] = [false, true].map(|w| samples.median(&key(w)) * 1e6);
                    let ratio = samples.ratio(&key(false), &key(true));
                    println!(
                        "{name:<12} {batch:>5} {density:>8} {dead:>5} {with:>10.1} {without:>11.1} {ratio:>19}"
                    );
                }
            }
        }
    }
    samples.write();
}
