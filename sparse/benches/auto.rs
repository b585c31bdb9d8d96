//! What `compute: auto` chooses, against both forms: forward pass and both gradients of one hidden
//! layer of 256², 512² and 1,024², batch 256, on one thread, in one run, taken in turn.
//!
//! `cargo bench -p sparring-sparse --bench auto [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use common::{Samples, Step, mlp, seconds};
use sparring_sparse::{BreakEven, Compute};

const BATCH: usize = 256;
const SIZES: [usize; 3] = [256, 512, 1024];
const DENSITIES: [f64; 7] = [0.05, 0.10, 0.20, 0.35, 0.50, 0.75, 1.00];
const ROUNDS: usize = 11;

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let even = BreakEven::measure().unwrap();
    println!("break-even density: {even:?}");
    let forms =
        [("sparse", Compute::Sparse), ("dense", Compute::Dense), ("auto", Compute::Auto(even))];
    let mut samples = Samples::new("size,density,form");
    println!(" size  density   sparse us    dense us     auto us   auto over the better");
    for size in SIZES {
        for density in DENSITIES {
            // A first layer of one input, so that the square layer's input has a gradient, too.
            let shapes = mlp(&[1, size, size]);
            let sparsity = [("1".to_owned(), 1.0 - density)];
            let steps = forms
                .map(|(_, compute)| Step::new(&shapes, sparsity.clone().into(), compute, BATCH));
            let key = |form: &str| format!("{size},{density},{form}");
            for _ in 0..ROUNDS {
                for (step, (form, _)) in steps.iter().zip(forms) {
                    samples.add(&key(form), seconds(|| step.gradient()));
                }
            }
            let [sparse, dense, auto] = forms.map(|(form, _)| samples.median(&key(form)) * 1e6);
            let better = if sparse < dense { "sparse" } else { "dense" };
            let ratio = samples.ratio(&key("auto"), &key(better));
            println!("{size:>5} {density:>8} {sparse:>11.1} {dense:>11.1} {auto:>11.1}   {ratio}");
        }
    }
    samples.write();
}
