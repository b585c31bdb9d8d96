//! The exact index (`sparring_agents::retrieval`) beside the bare matrix product that it cannot be faster than: 16 nearest
//! of 100,000 keys of 64 numbers for 256 queries, one thread, in turn.
//!
//! `cargo bench -p sparring-agents --bench neighbours`

#![allow(missing_docs, clippy::unwrap_used)]

/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use std::hint::black_box;
use std::time::Instant;

use rand::RngExt;
use sparring_agents::retrieval::Index;
use sparring_sparse::Seed;
use sparring_sparse::kernels::Par;
use sparring_sparse::kernels::dense::{Matrix, product};

const KEYS: usize = 100_000;
const DIM: usize = 64;
const QUERIES: usize = 256;
const K: usize = 16;
/// Keys of a product, as the index has them.
const TILE: usize = 512;
const ROUNDS: usize = 31;

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let mut rng = Seed::new(1).rng();
    let mut draw = |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>();
    let (keys, queries) = (draw(KEYS * DIM), draw(QUERIES * DIM));
    let index = Index::new(DIM, keys.clone());
    let mut out = vec![0.0; QUERIES * TILE];
    let mut bare = || {
        for keys in keys.chunks(TILE * DIM) {
            let size = keys.len() / DIM;
            let (left, right) = (Matrix::new(&queries, QUERIES, DIM), Matrix::new(keys, size, DIM));
            product(left, right.t(), &mut out, size, false, Par::Serial);
            black_box(&mut out);
        }
    };
    let seconds = |work: &mut dyn FnMut()| {
        let begun = Instant::now();
        work();
        begun.elapsed().as_secs_f64()
    };
    let (mut product, mut search, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let one = seconds(&mut bare);
        let other = seconds(&mut || drop(black_box(index.nearest(&queries, K, |_, _| false))));
        product.push(one);
        search.push(other);
        ratios.push(other / one);
    }
    let median = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let quartiles = |all: &[f64]| [all[all.len() / 4], all[all.len() * 3 / 4]];
    let (product, search, ratio) = (median(&mut product), median(&mut search), median(&mut ratios));
    let [low, high] = quartiles(&ratios);
    println!(
        "bare products {:.2} ms, {K} nearest {:.2} ms: {ratio:.2} ({low:.2} to {high:.2})",
        product * 1e3,
        search * 1e3
    );
}
